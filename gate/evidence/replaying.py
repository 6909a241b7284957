"""Deciding again from an evidence pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.canonical import dumps
from gate.errors import EvidenceFault, GateError
from gate.evidence.contents import FILES, MANIFEST
from gate.evidence.reading import changed_files, parse_pack, purges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gate.evidence.contents import PackContents, Purge
    from gate.model import Verdict


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a pack that is not as it was written."""

    file: str
    """Name within the pack; empty where no one file is to blame."""
    what: str

    def __str__(self) -> str:
        """``mentions.jsonl: was changed``."""
        return f"{self.file}: {self.what}" if self.file else self.what


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What came of deciding again."""

    same: bool
    """Whether the pack is whole and the verdict came out the same to the byte."""
    problems: tuple[Problem, ...]
    """Everything that is not as it was written; empty when ``same``."""
    recorded: bytes
    """``verdict.json`` of the pack; empty where it is missing."""
    decided: bytes
    """The verdict that came out, canonical JSON; empty where nothing could be decided."""
    verdict: Verdict | None
    """The same as ``decided``."""
    purged: tuple[Purge, ...] = ()
    """When mentions were forgotten since, so that nobody can show any more that they are as first recorded."""


def replay(folder: Path, decide_again: Callable[[PackContents], Verdict]) -> ReplayResult:
    """Check a pack, decide again from its policy and mentions, and compare.

    A changed pack is decided again as well where it can still be read: it helps to know whether the change mattered.

    Args:
        folder: the pack.
        decide_again: builds the verdict from the policy's text and the mentions, in the order they were folded.

    Raises:
        EvidenceFault: the folder is not an evidence pack at all.
    """
    problems = [Problem(name, what) for name, what in changed_files(folder).items()]
    path = folder / "verdict.json"
    recorded = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    verdict = None
    if not any(problem.what != "was changed" and problem.file in FILES for problem in problems):
        try:
            verdict = decide_again(parse_pack(folder))
        except EvidenceFault as error:
            problems.append(Problem("", error.message))
        except GateError as error:
            problems.append(Problem("", f"it cannot be decided again: {error.message}"))
    decided = dumps(verdict) if verdict else b""
    if verdict and decided != recorded:
        problems.append(Problem("verdict.json", "is not what the mentions and the policy give"))
    forgotten = () if any(problem.file == MANIFEST for problem in problems) else purges(folder)
    return ReplayResult(not problems, tuple(problems), recorded, decided, verdict, forgotten)
