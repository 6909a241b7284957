"""What comes back: JSON or not, the next page, and what must not be shown."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from requests.structures import CaseInsensitiveDict
from requests.utils import parse_header_links

from gate.errors import SourceDown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

REDACTED = "[redacted]"


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Take every secret out of a text for people."""
    for secret in filter(None, secrets):
        text = text.replace(secret, REDACTED)
    return text


def disguises(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the secrets and how else they may come back: in a URL, in JSON, in base64; longest first."""
    found = {
        form
        for secret in filter(None, secrets)
        for form in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret)[1:-1].replace("/", "\\/"),
            b64encode(secret.encode()).decode(),
        )
    }
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came whole, and that the source has use for."""

    who: str
    """Who answered, for messages."""
    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)
    """Names in any case."""
    unchanged: bool = False
    """Whether it is what came before: the server said that nothing changed."""

    def json(self) -> Any:  # noqa: ANN401  # any JSON
        """Return the JSON value in it.

        Raises:
            SourceDown: it is something else: nothing, HTML of a proxy, half of an object.
        """
        try:
            # bytes: json finds out by itself which UTF it is
            return json.loads(self.content)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").split(";")[0] or "no content type"
            what = f"{len(self.content)} bytes of {kind}" if self.content else "nothing"
            message = f"{self.who} answered {self.status} with {what} instead of JSON"
            hint = "a proxy or a login page may stand in between; the next look tries again"
            raise SourceDown(message, hint=hint) from None

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object in it.

        Raises:
            SourceDown: it holds anything else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise self._odd(value)
        return value

    def json_list(self, *names: str) -> list[Any]:
        """Return the JSON list in it; with names, the one that they lead to through objects.

        Raises:
            SourceDown: there is none.
        """
        value = self.json()
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, list):
            raise self._odd(value, ".".join(names))
        return value

    def link(self, relation: str) -> str | None:
        """Return the address that the ``Link`` header gives for a relation such as ``next`` (RFC 8288)."""
        links = parse_header_links(self.headers.get("link", ""))
        return next((link["url"] for link in links if relation in link.get("rel", "").lower().split()), None)

    def _odd(self, value: object, place: str = "") -> SourceDown:
        kinds = {dict: "object", type(None): "nothing"}
        kind = kinds.get(type(value), type(value).__name__)
        where = f" at {place}" if place else ""
        message = f"{self.who} answered {self.status} with JSON of an unknown shape ({kind}{where})"
        return SourceDown(message, hint="see whether its API has changed; the next look tries again")


def json_object(response: requests.Response, who: str) -> dict[str, Any]:
    """Return the JSON object in a reply of ``requests``.

    Raises:
        SourceDown: it is something else: nothing, HTML of a proxy, half of an object, a list.
    """
    return Reply(who, response.status_code, response.content, response.headers).json_object()
