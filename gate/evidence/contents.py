"""What an evidence pack holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gate.model import Coverage, Verdict  # noqa: TC001 - from_plain resolves LookLine's annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.model import Dropped, Release, Scored

FORMAT = 1
MANIFEST = "manifest.json"
FILES = (
    "policy.yml",
    "policy.json",
    "versions.json",
    "release.json",
    "looks.jsonl",
    "mentions.jsonl",
    "verdict.json",
)


class Heard(Protocol):
    """What was heard from before the deploy, whoever holds it."""

    @property
    def kept(self) -> tuple[Scored, ...]:
        """In the order they were folded."""

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """With their reasons."""

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """How well each source was heard."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings for people."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was heard from before the deploy."""

    kept: tuple[Scored, ...] = ()
    """In the order they were folded."""
    dropped: tuple[Dropped, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purge:
    """That mentions of a pack were forgotten; its manifest holds one of these for each time."""

    at: datetime
    why: str
    """One clause; nothing that leads to a person."""
    mentions: int
    """How many."""
    sha256: str
    """Of ``mentions.jsonl`` as it was before."""
    manifest: str
    """SHA-256 of the manifest as it was before, for whoever kept it."""


@dataclass(frozen=True, slots=True)
class LookLine:
    """One line of ``looks.jsonl``."""

    number: int
    """0 is the baseline."""
    at: datetime | None
    """The time the look stands for; None for the baseline."""
    next_at: datetime | None
    closed: bool
    """Whether the window was over at this look."""
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class PackLook:
    """One look, as far as deciding again needs it."""

    number: int
    at: datetime
    closed: bool
    coverage: tuple[Coverage, ...]
    kept: tuple[Scored, ...]
    """In the order they were folded."""
    dropped: tuple[Dropped, ...]
    verdict: Verdict
    """What was concluded at the time."""


@dataclass(frozen=True, slots=True)
class PackContents:
    """A whole pack, read and checked."""

    policy_text: str
    policy_json: str
    """The policy as it took effect, options of the command line included."""
    versions: Mapping[str, str]
    release: Release
    baseline: Baseline
    looks: tuple[PackLook, ...]
    verdict: Verdict
