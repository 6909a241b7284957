"""Gathers everything that is wrong in a policy, said in the words of those who write one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from gate.errors import Fault, PolicyFault
from gate.policy.secrets import REDACTED, looks_like_secret

if TYPE_CHECKING:
    from collections.abc import Collection

    from gate.policy.reading import Document, Place

_LONGEST_SHOWN = 40


class Faults:
    """The faults of one document, each found back to its line."""

    def __init__(self, document: Document) -> None:
        """Start with none but those of reading it."""
        self.document = document
        self.places: set[Place] = set()
        self._found: dict[Fault, None] = {}
        for place, line, message, hint in document.faults:
            self.add(place, message, hint, line=line)

    def __len__(self) -> int:
        """How many there are so far."""
        return len(self._found)

    def add(self, place: Place, message: str, hint: str = "", *, line: int | None = None) -> None:
        """Note what is wrong at a place; the same fault twice counts once."""
        if looks_like_secret(message + hint):
            message, hint = REDACTED, ""
        override = self.document.overridden.get(place)
        if override:
            fault = Fault(override, 0, "", message, hint)
        else:
            where = self.document.line(place) if line is None else line
            fault = Fault(self.document.path, where, dotted(place), message, hint)
        self._found[fault] = None
        self.places.add(place)

    def unknown_key(self, place: Place, known: Collection[str]) -> None:
        """Note a key that nobody reads."""
        self.add(place, "unknown key", did_you_mean(str(place[-1]), known) or f"known: {', '.join(known) or 'none'}")

    def unknown_type(self, place: Place, written: str, known: Collection[str]) -> None:
        """Note a source, rule, scorer or action that does not exist."""
        message = f"unknown type {shown(written)}; known: {', '.join(known) or 'none yet'}"
        self.add(place, message, did_you_mean(written, known))

    def raise_any(self) -> None:
        """Raise all of them at once, in file order.

        Raises:
            PolicyFault: there is at least one.
        """
        if self._found:
            raise PolicyFault(tuple(sorted(self._found, key=lambda fault: fault.line)))


def did_you_mean(written: str, known: Collection[str]) -> str:
    """Return ``did you mean NAME?`` for the nearest known name, or nothing."""
    nearest = difflib.get_close_matches(written.lower(), known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else ""


def shown(value: object) -> str:
    """Quote a value for a message: short, printable, and never a secret."""
    text = str(value)
    if looks_like_secret(text):
        return REDACTED
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


def dotted(place: Place) -> str:
    """``("rules", 0, "alpha")`` as ``rules.0.alpha``; a strange key is quoted."""
    return ".".join(str(key) if _plain(str(key)) else shown(key) for key in place)


def _plain(key: str) -> bool:
    return bool(key) and key.isprintable() and len(key) <= _LONGEST_SHOWN and not looks_like_secret(key)
