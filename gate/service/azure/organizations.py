"""Whose checks are answered: the organizations of the settings, in any spelling that means the same. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

PORTS = {"https": 443, "http": 80}


class Malformed(ValueError):
    """A header is missing, or is none; ``hint`` is the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Take both, for people."""
        super().__init__(message)
        self.hint = hint


class Foreign(ValueError):
    """The answer would go to somebody else."""


def organization_of(address: str, organizations: Sequence[str]) -> str:
    """Return which of the organizations an address is, as the settings have it.

    Raises:
        Malformed: there is no address.
        Foreign: it is none of them.
    """
    if not address:
        message = "the header PlanUrl is missing"
        raise Malformed(message, 'write "PlanUrl": "$(system.CollectionUri)"')
    place = _place(address)
    for each in organizations:
        if place is not None and place == _place(each):
            return each
    message = f"PlanUrl is none of azure.organizations: {address[:200]!r}"
    raise Foreign(message)


def _place(address: str) -> tuple[str, str, int | None, str] | None:
    """Return what makes two addresses the same; None for what is none."""
    try:
        url = urlsplit(address)
        port = url.port or PORTS.get(url.scheme)
    except ValueError:
        return None
    if not url.hostname or url.username is not None or url.query or url.fragment or not address.isprintable():
        return None
    return url.scheme, url.hostname, port, unquote(url.path).strip("/").casefold()
