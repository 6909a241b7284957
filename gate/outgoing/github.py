"""How actions speak to GitHub's REST API: on github.com, on GHE.com, or on a server of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import ActionRefused
from gate.http import Client, Key, Retry, address_problem
from gate.outgoing.checking import Checked
from gate.outgoing.places import label
from gate.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.model import Occasion
    from gate.ports import ActionContext

API = "https://api.github.com"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Target(Checked):
    """The options that every action on GitHub has beside its own."""

    repository: str = ""
    """`owner/name`; the run's label `repository` if empty."""
    token: Secret = Secret("${GITHUB_TOKEN}")
    """Token, as a reference; each action says what it must be allowed to do."""
    base_url: str = API
    """Address of the API; https://HOST/api/v3 for GitHub Enterprise Server."""

    def problems(self) -> list[str]:
        """Say what is wrong with these."""
        written = not self.repository or REPOSITORY.fullmatch(self.repository)
        return [
            address_problem(self.base_url, option="base_url"),
            "" if written else "repository must be written owner/name",
        ]


class OnGitHub:
    """An action on a repository at GitHub: its options are a ``Target``, and more."""

    def __init__(self, options: Target, context: ActionContext, needs: str, hints: Mapping[int, str]) -> None:
        """Prepare; nothing is asked yet.

        Args:
            options: the action's.
            context: the action's own.
            needs: the permission that the token must have, for hints, e.g. ``actions: write``.
            hints: what to do about a status, where the action knows better.
        """
        self._target = options
        self._within = context.within
        self._client = _client(options, context, needs, hints)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _repository(self, occasion: Occasion) -> str:
        """Return the repository to act on: as the policy names it, or as the run is labelled.

        Raises:
            ActionRefused: neither is so.
        """
        name = self._target.repository or label(occasion, "repository")
        if REPOSITORY.fullmatch(name):
            return name
        message = "no repository to act on: the policy names none, and the run has no label repository that is one"
        raise ActionRefused(
            message, hint="write repository: owner/name, or start the run with --label repository=owner/name"
        )

    def _base(self, occasion: Occasion) -> str:
        """Return the repository's address in the API.

        Raises:
            ActionRefused: nobody says which repository.
        """
        return f"{self._target.base_url.rstrip('/')}/repos/{self._repository(occasion)}"


def is_cloud(base_url: str) -> bool:
    """Say whether it is GitHub's own: a server of one's own may be years behind."""
    host = urlsplit(base_url).hostname or ""
    return host == "api.github.com" or host.endswith(".ghe.com")


def _client(options: Target, context: ActionContext, needs: str, hints: Mapping[int, str]) -> Client:
    name = options.token[2:-1]
    said = {
        401: f"put a valid token into {name}: it may be revoked, expired or mistyped",
        403: f"give the token in {name} the permission {needs} on this repository",
        404: f"check the names; a token in {name} without {needs} on a private repository gets the same answer",
        301: "the repository was renamed or moved: write its new name",
        307: "the repository was renamed or moved: write its new name",
        **hints,
    }
    key = Key("token", options.token)
    # Whoever runs actions tries again, less and less often: trying here as well would only hold it up.
    return Client(options.base_url, context, who="GitHub", key=key, headers=HEADERS, hints=said, retry=Retry(0))
