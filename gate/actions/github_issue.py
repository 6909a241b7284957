"""Action `github-issue`: opens an issue with the evidence, or adds it to the one of the same incident that is still open.

Issues are found again by their label, which only people with triage rights can set, and by a mark in their text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import joined
from gate.model import Intent
from gate.outgoing import github, places
from gate.ports import Secret
from gate.report import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.model import Occasion
    from gate.ports import ActionContext

LONGEST_TITLE = 250
MOST_PAGES = 5
"""Of a hundred issues or comments each."""
_LABEL = re.compile(r"[^,\n]{1,50}")
_HINTS = {
    410: "the repository has issues switched off",
    422: "GitHub does not take the issue; check labels and assignees",
}


@dataclass(frozen=True, slots=True)
class Options(github.Target):
    """Which issue, and what it says."""

    title: str = "{release}: {outcome}, {decision}"
    """Of a new issue; facts of the run in braces."""
    incident: str = "{release} {environment}"
    """What belongs together: runs for which this reads the same share an issue as long as it is open."""
    labels: tuple[str, ...] = ("sentiment-gate",)
    """Labels of a new issue; by the first one it is found again."""
    assignees: tuple[str, ...] = ()
    """Login names of those whom a new issue is assigned to, and who are told by GitHub."""
    quote: bool = False
    """Whether the issue quotes what users write, where the policy keeps text. GitHub keeps it until somebody deletes it."""
    token: Secret = Secret("${GITHUB_TOKEN}")
    """Token with `issues: write`, as a reference."""

    def problems(self) -> list[str]:
        """Say what could not be found again."""
        wrong = github.Target.problems(self)
        if not self.labels or not all(map(_LABEL.fullmatch, self.labels)):
            wrong.append("labels must be at least one, each with 1 to 50 characters and no comma")
        if not self.title.strip() or not self.incident.strip():
            wrong.append("title and incident must not be empty")
        wrong += [places.problem([self.title], option="title"), places.problem([self.incident], option="incident")]
        return wrong


class Action(github.OnGitHub):
    """Opens it, or adds to it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        super().__init__(options, context, "issues: write", _HINTS)
        self._options = options

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the issue that would be opened; where one of the same incident is open, its text becomes a comment there.

        Raises:
            ActionRefused: nobody says which repository.
        """
        return [self._opening(occasion)]

    def run(self, occasion: Occasion) -> str:
        """Look whether the incident has an open issue, and comment on that, or open one.

        Raises:
            GateError: GitHub says no, or did not answer.
        """
        self._client.start(self._within)
        opened = self._open_issue(occasion)
        if opened is None:
            intent = self._opening(occasion)
            made = self._client.post(intent.where, json=intent.body).json_object()
            return f"issue opened: {self._named(made)}{self._unlabelled(made)}"
        if occasion.again and self._said_already(opened, occasion):
            return f"issue told already, by an attempt whose answer was lost: {self._named(opened)}"
        where = f"{self._base(occasion)}/issues/{_number(opened)}/comments"
        self._client.post(where, json={"body": self._text(occasion)}).json_object()
        return f"issue told: {self._named(opened)}"

    def _opening(self, occasion: Occasion) -> Intent:
        options = self._options
        body: dict[str, object] = {
            "title": places.nameless(places.filled(options.title, occasion))[:LONGEST_TITLE],
            "body": self._text(occasion),
            "labels": list(options.labels),
        }
        if options.assignees:
            body["assignees"] = list(options.assignees)
        return Intent("POST", f"{self._base(occasion)}/issues", body)

    def _text(self, occasion: Occasion) -> str:
        report = occasion.quoting if self._options.quote else occasion.markdown
        # The mark is a comment that nobody sees: all of it is ours, or a hash.
        lines = [report.rstrip("\n"), ""]
        lines += [f"[The run](<{address}>)", ""] if (address := safe.link(occasion.url)) else []
        lines += [f"<!-- sentiment-gate {self._incident(occasion)} {occasion.key} -->"]
        return "\n".join(lines) + "\n"

    def _incident(self, occasion: Occasion) -> str:
        said = places.filled(self._options.incident, occasion)
        return f"incident-{sha256(said.encode(errors='surrogatepass')).hexdigest()[:16]}"

    def _open_issue(self, occasion: Occasion) -> dict[str, Any] | None:
        mark = f"<!-- sentiment-gate {self._incident(occasion)} "
        for each in self._listed(occasion):
            if mark in str(each.get("body")) and "pull_request" not in each:
                return each
        return None

    def _listed(self, occasion: Occasion) -> Iterator[dict[str, Any]]:
        """Yield the open issues of the label, newest first."""
        query = {"state": "open", "labels": self._options.labels[0], "per_page": 100}
        return self._all(f"{self._base(occasion)}/issues", query)

    def _said_already(self, issue: dict[str, Any], occasion: Occasion) -> bool:
        comments = self._all(f"{self._base(occasion)}/issues/{_number(issue)}/comments", {"per_page": 100})
        return any(places.holds(each.get("body"), occasion.key) for each in (issue, *comments))

    def _all(self, address: str, query: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page by page."""
        following: str | None = joined(address, "", query)
        for _ in range(MOST_PAGES):
            if following is None:
                return
            reply = self._client.get(following)
            yield from (each for each in reply.json_list() if isinstance(each, dict))
            following = reply.link("next")

    def _named(self, issue: dict[str, Any]) -> str:
        return places.line(str(issue.get("html_url") or f"number {_number(issue)}"))

    def _unlabelled(self, made: dict[str, Any]) -> str:
        labels = {each.get("name") for each in made.get("labels") or () if isinstance(each, dict)}
        if self._options.labels[0] in labels:
            return ""
        # GitHub drops labels without a word where the token may not set them.
        return f", but without the label {self._options.labels[0]}, so that it cannot be found again"


def _number(issue: dict[str, Any]) -> int:
    number = issue.get("number")
    if not isinstance(number, int):
        message = "GitHub tells of an issue without a number"
        raise SourceDown(message, hint="see whether its API has changed")
    return number
