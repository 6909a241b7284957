"""What users write about GitHub in a policy, and what they should know of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gate.http import address_problem
from gate.ports import About, Secret

ABOUT = About(
    channel="GitHub: issues, comments and discussions of named repositories, or issues found by a search",
    auth="none for public repositories; a token with read access to issues (and discussions) for all else",
    cost="free; 1 request for each 100 issues or comments; with a token, one that finds nothing new is not counted",
    delay="none for repositories; the search takes about a minute",
    limits="5,000 requests an hour with a token, 60 without; searches 30 and 10 a minute",
    stored="what the policy keeps of any mention",
    terms="GitHub's Acceptable Use Policies: no spam, no selling of personal data",
)
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Options:
    """Some repositories, or one search."""

    repositories: tuple[str, ...] = ()
    """Names as `owner/name`; with `query`, where to search."""
    query: str = ""
    """Search issues for this, in `repositories` or, without them, everywhere; in place of reading all that is new."""
    issues: bool = True
    """Hear new issues."""
    comments: bool = True
    """Hear comments on issues; not on pull requests. A search finds issues only."""
    discussions: bool = False
    """Hear discussions and comments on them; needs `token`."""
    staff: bool = False
    """Hear also owners, members and collaborators of the repository."""
    token: Secret | None = None
    """Token, as a reference: `${GITHUB_TOKEN}`; in GitHub Actions `permissions: {issues: read}` gives it what it needs."""
    max_pages: int = 20
    """Pages read in one poll, all repositories together; what is left is read by the next poll."""
    base_url: str = "https://api.github.com"
    """Address of the API; https://HOST/api/v3 for GitHub Enterprise Server."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: nothing to hear, names that are none, or what needs a token has none.
        """
        if problem := address_problem(self.base_url, option="base_url"):
            raise ValueError(problem)
        if problem := self._problem():
            raise ValueError(problem)

    def _problem(self) -> str:
        odd = [name for name in self.repositories if not _REPOSITORY.fullmatch(name)]
        if odd:
            return f"repositories must be written owner/name, unlike {odd[0]!r}"
        if not (self.repositories or self.query):
            return "repositories or query must say where to listen"
        if self.query and (self.discussions or not self.issues):
            return "query searches issues only: leave issues on and discussions off, or give no query"
        if not (self.issues or self.comments or self.discussions):
            return "issues, comments and discussions are all off: nothing is left to hear"
        if self.discussions and self.token is None:
            return "discussions need a token: GitHub shows them by GraphQL only, and that to nobody without one"
        return "" if self.max_pages > 0 else "max_pages must be at least 1"
