"""What is shown while the gate watches: which view fits where we are, and the plain one.

Progress goes to standard error, so that standard output holds the verdict alone (``--json`` stays JSON).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.cli.terminal import Unheard
from gate.report import content, costs, safe
from gate.report.story import LONGEST, Sources, baseline_sentence, look_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import TextIO

    from gate.foreground import View
    from gate.model import Look, Release, Scored
    from gate.policy import Policy
    from gate.ports import Clock
    from gate.remembering import Baseline

QUIET = timedelta(minutes=5)
"""Longest silence of the plain view while the gate looks: a log that stands still seems stuck."""
LINES_OF_THE_PAST = 20
"""About so many looks are said of a window that lies in the past: nobody waits for them one by one."""


def choose(
    clock: Clock, *, plain: bool = False, stream: TextIO | None = None, environ: Mapping[str, str] | None = None
) -> View:
    """Return the live view where somebody can watch it, else the plain one.

    Args:
        clock: for timestamps and countdowns.
        plain: the user asked for it.
        stream: where to; standard error if not given.
        environ: the process's environment if not given; ``CI``, ``TF_BUILD`` and ``TERM`` are read.
    """
    stream = sys.stderr if stream is None else stream  # None still, where standard error is closed.
    environ = os.environ if environ is None else environ
    if plain or in_ci(environ) or environ.get("TERM", "") == "dumb":
        return PlainView(stream, clock)
    if stream is None or not Unheard(stream).isatty():
        return PlainView(stream, clock)
    # rich takes a while to import, and a pipeline never needs it.
    from gate.cli.live import LiveView

    return LiveView(stream, clock)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI runner started us. Azure Pipelines sets no ``CI``."""
    return environ.get("CI", "").lower() not in {"", "0", "false"} or bool(environ.get("TF_BUILD"))


class PlainView:
    """Timestamped lines: one for each look that brought something new, and one every five minutes.

    Of a window that lies in the past about twenty looks are said, and every change of a source.
    """

    def __init__(self, stream: TextIO | None, clock: Clock) -> None:
        """Write to ``stream``, a line at a time; where nobody hears it, go on in silence."""
        self._stream = Unheard(stream)
        self._clock = clock
        self._step = QUIET
        self._said_at: datetime | None = None
        self._sources = Sources()

    def started(self, run_id: str, policy: Policy, release: Release) -> None:
        """Say what is watched and until when."""
        self._step = (release.window_to - release.deployed_at) / LINES_OF_THE_PAST
        named = f" {release.name}" if release.name else ""
        self._say(f"run {run_id}: watching{named}, deployed {content.moment(release.deployed_at)}")
        names = ", ".join(source.name for source in policy.sources)
        self._say(f"until {content.moment(release.window_to)}; sources {names}")

    def waits(self, why: str) -> None:
        """Say it each time: nothing else happens."""
        self._say(why)

    def heard_baseline(self, baseline: Baseline) -> None:
        """Say what there is to compare with."""
        self._sources.paid(baseline.coverage)
        cost = costs.spent(self._sources.spent(()))
        said = baseline_sentence(len(baseline.kept), reasons(baseline), *before(baseline.kept))
        self._say(f"{said}; {cost}" if cost else said)
        self._notes(baseline.notes)

    def looked(self, look: Look) -> None:
        """Say the look, unless it brought nothing, or lies in the past, and something was said lately."""
        news = self._sources.news(look.verdict.coverage)
        for sentence in news:
            self._say(sentence)
        # Looks over recorded mentions stand for another time than now.
        behind = abs(self._clock.now() - look.at) > timedelta(minutes=1)
        brought = not behind and (look.kept or look.dropped)
        pause = self._step if behind else QUIET
        due = self._said_at is None or look.at - self._said_at >= pause
        if not (due or brought or look.notes or news or look.verdict.outcome.final):
            return
        self._said_at = look.at
        spent = self._sources.spent(look.verdict.coverage)
        sentence = look_sentence(look.number, len(look.kept), reasons(look), look.verdict, look.next_at, spent)
        self._say(f"at {content.moment(look.at)}: {sentence}" if behind else sentence)
        self._notes(look.notes)

    def close(self) -> None:
        """Nothing: every line was flushed."""

    def _notes(self, notes: Sequence[str]) -> None:
        for note in notes:
            self._say(f"note: {note}")

    def _say(self, text: str) -> None:
        # Runners show a line when it is flushed; unflushed, an hour's watching appears at its end.
        self._stream.write(f"{self._clock.now():%H:%M:%S}  {safe.one_line(text, LONGEST)}\n")
        self._stream.flush()


def reasons(heard: Baseline | Look) -> Counter[str]:
    """Count the new mentions that do not count, by reason."""
    return Counter(dropped.reason.value for dropped in heard.dropped)


def before(kept: Sequence[Scored]) -> tuple[float | None, float | None]:
    """Return the negative share and the mean mood, None without mentions."""
    kept = [scored for scored in kept if not scored.control]
    if not kept:
        return None, None
    negative = sum(scored.negative > 0.5 for scored in kept)  # noqa: PLR2004 - the even chance
    return negative / len(kept), sum(scored.score for scored in kept) / len(kept)
