"""How actions speak to GitHub's REST API: on github.com, on GHE.com, or on a server of one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import ActionRefused
from gate.http import Client, Key, Retry, address_problem
from gate.outgoing.places import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.model import Occasion
    from gate.ports import ActionContext, Secret

API = "https://api.github.com"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


def client(base_url: str, context: ActionContext, token: Secret, needs: str, hints: Mapping[int, str]) -> Client:
    """Return what asks GitHub.

    Args:
        base_url: of its REST API.
        context: the action's own.
        token: reference of the token.
        needs: the permission that the token must have, for hints, e.g. ``actions: write``.
        hints: what to do about other statuses.
    """
    name = token[2:-1]
    said = {
        401: f"put a valid token into {name}: it may be revoked, expired or mistyped",
        403: f"give the token in {name} the permission {needs} on this repository",
        404: f"check the names; a token in {name} without {needs} on a private repository gets the same answer",
        301: "the repository was renamed or moved: write its new name",
        307: "the repository was renamed or moved: write its new name",
        **hints,
    }
    # Whoever runs actions tries again, less and less often: trying here as well would only hold it up.
    return Client(base_url, context, who="GitHub", key=Key("token", token), headers=HEADERS, hints=said, retry=Retry(0))


def problems(base_url: str, repository: str) -> list[str]:
    """Say what is wrong with options that every action on GitHub has."""
    found = [address_problem(base_url, option="base_url")]
    if repository and not REPOSITORY.fullmatch(repository):
        found.append("repository must be written owner/name")
    return [each for each in found if each]


def repository(given: str, occasion: Occasion) -> str:
    """Return the repository to act on: as the policy names it, or as the run is labelled.

    Raises:
        ActionRefused: neither is so.
    """
    name = given or label(occasion, "repository")
    if REPOSITORY.fullmatch(name):
        return name
    message = "no repository to act on: the policy names none, and the run has no label repository that is one"
    raise ActionRefused(
        message, hint="write repository: owner/name, or start the run with --label repository=owner/name"
    )


def is_cloud(base_url: str) -> bool:
    """Say whether it is GitHub's own: a server of one's own may be years behind."""
    host = urlsplit(base_url).hostname or ""
    return host == "api.github.com" or host.endswith(".ghe.com")
