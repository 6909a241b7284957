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

    from gate.policy import Baseline


@dataclass(slots=True)
class History:
    """From when to when the recorded mentions reach, and how many there are."""

    stream: str = ""
    first: datetime | None = None
    last: datetime | None = None
    mentions: int = 0
    streams: set[str] = field(default_factory=set)
    """Names of all streams in the files, also of those that are left out."""
    until: datetime | None = None
    """Now; None where nobody knows. One misdated mention would stretch the history over years without any."""
    ahead: int = 0
    """Mentions dated after that, which are left out."""

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
        if self.until and at > self.until:
            self.ahead += 1
            return
        self.mentions += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last or at, at)


def pretend(  # noqa: PLR0913 - all but the first by name
    history: History,
    *,
    baseline: Baseline,
    window: timedelta,
    most: int,
    name: str = "",
    releases: Sequence[Release] = (),
    control_stream: str = "",
) -> list[Case]:
    """Return pretended deploys, a window's length apart so that no two windows overlap.

    Args:
        history: that was run through.
        baseline: with what each is compared; where that is what was recorded just before it, so much history must lie there.
        window: how much must lie after it.
        most: about so many are taken, evenly spread, where the history allows more.
        name: of the release, for sources that look for it.
        releases: real ones; no window overlaps theirs.
        control_stream: what each is judged against, if anything.
    """
    if history.first is None or history.last is None:
        return []
    real = sorted((each.deployed_at, each.window_to) for each in releases)
    deploys, at = [], _earliest(history.first, baseline)
    while at + window <= history.last:
        # The latest end of all that overlap: releases may overlap each other.
        blocked = max((end for start, end in real if start < at + window and at < end), default=None)
        if blocked is None:
            deploys.append(at)
        at = blocked or at + window
    if len(deploys) > most:
        deploys = [deploys[k * len(deploys) // most] for k in range(most)]
    return [
        Case(at.isoformat(), Release(name, at, *baseline.span(at), at + window, history.stream), control_stream)
        for at in deploys
    ]


def _earliest(first: datetime, baseline: Baseline) -> datetime:
    if baseline.release is not None:
        return max(first, baseline.release + baseline.length)
    return first + before(baseline)


def before(baseline: Baseline) -> timedelta:
    """Return how much history must lie just before a deploy."""
    return timedelta(0) if baseline.file or baseline.release else baseline.length


def too_short(
    history: History, *, baseline: Baseline, window: timedelta, said: Callable[[timedelta], str]
) -> UsageFault:
    """Return the fault for a history without a single window, with how much is needed.

    Args:
        history: that was run through.
        baseline: the policy's.
        window: the policy's.
        said: writes a duration for people.
    """
    ahead = before(baseline)
    needed = ahead + window
    what = f"stream {history.stream!r}" if history.stream else "the history"
    need = f"one window needs {said(needed)}"
    if ahead:
        need += f": {said(ahead)} before the pretended deploy and {said(window)} after it"
    if history.first is None or history.last is None:
        return stream_without_mention(history, history.stream, otherwise=need)
    span = history.last - history.first
    if baseline.release is not None and _earliest(history.first, baseline) + window > history.last:
        message = f"{what} ends at {history.last.isoformat()}, before a window that begins after baseline.release and its length"
        return UsageFault(message, hint=f"add later history; {need}")
    if span >= needed:
        message = f"{what} of {said(span)} holds no window outside the real releases"
        return UsageFault(message, hint=f"add history without releases; {need}")
    message = f"{what} reaches over {said(span)}; {need}"
    shorter = "baseline.length" if ahead else "window.length"
    return UsageFault(message, hint=f"add {said(needed - span)} of history, or write a shorter {shorter}")


def stream_without_mention(history: History, stream: str, *, otherwise: str = "") -> UsageFault:
    """Return the fault for a stream without a mention; it names some streams that there are, or else the next step."""
    known = ", ".join(sorted(history.streams - {""})[:5])
    hint = f"there are the streams {known}" if stream and known else otherwise or "no line of the files names a stream"
    return UsageFault(f"no mention in stream {stream!r}" if stream else "no mention in the history", hint=hint)
