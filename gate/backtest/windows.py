"""Where in a history a deploy can be pretended: times at which nothing was deployed, each with its baseline and window."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gate.backtest.cases import Case
from gate.backtest.sharding import EVERY, read_lines
from gate.errors import UsageFault
from gate.model import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(slots=True)
class History:
    """From when to when the recorded mentions reach, and how many there are."""

    stream: str = ""
    first: datetime | None = None
    last: datetime | None = None
    mentions: int = 0
    streams: set[str] = field(default_factory=set)
    """Names of all streams in the files, also of those that are left out."""

    def add(self, path: Path, progress: Callable[[int], None]) -> None:
        """Run through one file. Lines that are no mention are passed over here: who reads them for good says so.

        Raises:
            UsageFault: the file cannot be read.
        """
        with read_lines(path) as (raw, lines):
            for number, line in enumerate(lines, start=1):
                self._see(line)
                if number % EVERY == 0:
                    progress(raw.tell())
            progress(raw.tell())

    def _see(self, line: bytes) -> None:
        try:
            fields = json.loads(line)
            at = datetime.fromisoformat(fields["created_at"])
            stream = str(fields.get("stream") or "")
            if at.tzinfo is None:
                return
            at = at.astimezone(UTC)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return
        self.streams.add(stream)
        if self.stream and stream != self.stream:
            return
        self.mentions += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last or at, at)


def pretend(
    history: History,
    *,
    baseline: timedelta,
    window: timedelta,
    most: int,
    name: str = "",
    releases: Sequence[Release] = (),
) -> list[Case]:
    """Return pretended deploys, a window's length apart so that no two windows overlap.

    Args:
        history: that was run through.
        baseline: how much of it must lie before a deploy.
        window: how much must lie after it.
        most: about so many are taken, evenly spread, where the history allows more.
        name: of the release, for sources that look for it.
        releases: real ones; no window overlaps theirs.
    """
    if history.first is None or history.last is None:
        return []
    real = sorted((each.deployed_at, each.window_to) for each in releases)
    deploys, at = [], history.first + baseline
    while at + window <= history.last:
        # The latest end of all that overlap: releases may overlap each other.
        blocked = max((end for start, end in real if start < at + window and at < end), default=None)
        if blocked is None:
            deploys.append(at)
        at = blocked or at + window
    if len(deploys) > most:
        deploys = [deploys[k * len(deploys) // most] for k in range(most)]
    return [Case(at.isoformat(), Release(name, at, at - baseline, at, at + window, history.stream)) for at in deploys]


def too_short(
    history: History, *, baseline: timedelta, window: timedelta, said: Callable[[timedelta], str]
) -> UsageFault:
    """Return the fault for a history without a single window, with how much is needed.

    Args:
        history: that was run through.
        baseline: the policy's.
        window: the policy's.
        said: writes a duration for people.
    """
    needed = baseline + window
    what = f"stream {history.stream!r}" if history.stream else "the history"
    need = f"one window needs {said(needed)}: {said(baseline)} before the pretended deploy and {said(window)} after it"
    if history.first is None or history.last is None:
        known = ", ".join(sorted(history.streams - {""})[:5])
        hint = f"there are the streams {known}" if history.stream and known else need
        return UsageFault(f"no mention in {what}", hint=hint)
    span = history.last - history.first
    if span >= needed:
        message = f"{what} of {said(span)} holds no window outside the real releases"
        return UsageFault(message, hint=f"add history without releases; {need}")
    message = f"{what} reaches over {said(span)}; {need}"
    return UsageFault(message, hint=f"add {said(needed - span)} of history, or write a shorter baseline.length")
