"""What actions are done about, and what they would send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gate.model.mentions import NOTHING
from gate.model.verdicts import Release, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _no_picture() -> bytes:
    return b""


def _no_evidence(_folder: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Occasion:
    """How a run ended, or how a person changed that."""

    run: str
    """Id of the run."""
    key: str
    """Of this one action on this occasion: begins with the run's id. However often it is tried, the same; no other's."""
    moment: str
    """For which the policy asks for the action: ``pass``, ``fail``, ``inconclusive`` or ``error``."""
    verdict: Verdict
    release: Release
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Of the run: ``repository``, ``environment``, ``commit`` …, as far as they are known."""
    url: str = ""
    """Page of the run; empty where it has none."""
    markdown: str = ""
    """The report in GitHub-flavoured Markdown, harmless whatever is in it, and without what users write."""
    quoting: str = ""
    """The same with what users write, where the policy keeps it."""
    picture: Callable[[], bytes] = _no_picture
    """Draws the charts as a PNG; empty where there are none. Raises GateError."""
    evidence: Callable[[str], None] = _no_evidence
    """Writes the evidence pack into a new folder. Raises GateError."""
    again: bool = False
    """Whether it was tried before, and nobody knows what came of that: look for ``key`` where it is to be done."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One message that an action would send. Holds no secret: those travel in headers."""

    method: str
    """``POST``, or what else is done."""
    where: str
    """Address."""
    body: object
    """In JSON's own types."""
