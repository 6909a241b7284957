"""The live view: one panel that redraws itself while somebody watches. The only file that imports rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gate.cli.progress import before
from gate.cli.terminal import Unheard
from gate.decide.words import mentions, percent
from gate.report import content, costs, safe
from gate.report.glyphs import fit, glyphs
from gate.report.sparkline import bar, odds_part, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from rich.console import RenderableType

    from gate.model import Coverage, Look, Release, Tally
    from gate.policy import Policy
    from gate.ports import Clock
    from gate.remembering import Baseline

REDRAWS = 4
"""A second; the countdown needs one, a resized window should not wait."""
LAST_MENTIONS = 3
MOST_MOODS = 200
LONGEST_BAR = 40
LOOKING = "looking"
WORDS = 35
"""Columns that the words right of a bar may take."""


class LiveView:
    """Everything at a glance; gone when the verdict is there, so that the report stands alone."""

    def __init__(self, stream: TextIO, clock: Clock, *, redraw: bool = True) -> None:
        """Draw on a terminal.

        Args:
            stream: the terminal.
            clock: for the countdowns.
            redraw: whether to redraw by itself; otherwise only when something is told.
        """
        # NO_COLOR and the size of the window are rich's business.
        # A terminal that was closed must not end the watch, nor the thread that redraws.
        self._console = Console(file=cast("TextIO", Unheard(stream)), highlight=False, markup=False, emoji=False)
        self._clock = clock
        self._redraw = redraw
        self._encoding = self._console.encoding
        self._signs = glyphs(self._encoding)
        self._release: Release | None = None
        self._doing = "starting"
        self._next_at: datetime | None = None
        self._look: Look | None = None
        self._baseline: tuple[int, float | None, float | None] = (0, None, None)
        self._moods: tuple[float | None, ...] = ()
        self._coverage: Sequence[Coverage] = ()
        self._before: Sequence[Coverage] = ()
        self._budgets = ""
        self._last: tuple[str, ...] = ()
        # Standard output stays what it is: a report or JSON may be on its way to a file.
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            auto_refresh=redraw,
            refresh_per_second=REDRAWS,
            transient=True,
            redirect_stdout=False,
        )

    def started(self, run_id: str, policy: Policy, release: Release) -> None:  # noqa: ARG002 - the report names the run
        """Draw the panel, with nothing in it yet."""
        self._budgets = costs.budgets((spec.name, spec.budget) for spec in policy.sources)
        self._release = release
        self._next_at = release.deployed_at + policy.window.settle
        self._doing = "reading what was written before the deploy"
        self._live.start()

    def waits(self, why: str) -> None:
        """Show it until something else happens."""
        self._doing = why
        self._refresh()

    def heard_baseline(self, baseline: Baseline) -> None:
        """Show what there is to compare with."""
        self._baseline = (len(baseline.kept), *before(baseline.kept))
        self._coverage = self._before = baseline.coverage
        self._doing = LOOKING
        self._refresh()

    def looked(self, look: Look) -> None:
        """Show the look."""
        self._look = look
        self._coverage = look.verdict.coverage
        # Whole tuples, as another thread may be drawing the old ones.
        self._moods = (*self._moods, look.verdict.tally.mood_after)[-MOST_MOODS:]
        texts = [scored.text for scored in look.kept if scored.text is not None]
        self._last = (*self._last, *texts)[-LAST_MENTIONS:]
        self._next_at = look.next_at
        self._refresh()

    def close(self) -> None:
        """Clear the panel and give the cursor back."""
        self._live.stop()

    def _refresh(self) -> None:
        # Looks over recorded mentions come by the hundred a second; the redrawing thread shows what there is time for.
        if not self._redraw and self._live.is_started:
            self._live.refresh()

    def _draw(self) -> Panel:
        title = f"Sentiment gate: {self._release.name}" if self._release else "Sentiment gate"
        rows = Table.grid(padding=(0, 1), expand=False)
        rows.add_column(no_wrap=True, style="dim")
        rows.add_column(no_wrap=True)
        for name, row in self._rows():
            rows.add_row(name, row)
        parts: list[RenderableType] = [rows, *self._sources(), *self._quotes()]
        return Panel(Group(*parts), title=self._text(title, "bold"), title_align="left", border_style="dim")

    def _rows(self) -> Iterator[tuple[str, Text]]:
        tally = self._look.verdict.tally if self._look else None
        count, share, mood = self._baseline
        yield "before", self._share(share, mood, count, "")
        yield "since", self._share_since(tally)
        odds = self._look.verdict.odds if self._look else None
        if self._look and odds is not None:
            needed = content.halt_line(self._look.verdict)
            part = odds_part(odds, needed) if needed else 0.0
            bound = f", halts at {content.odds(needed)}" if needed else ""
            yield "odds", self._bar(part, f"{content.odds(odds)}{bound}", "red" if part >= 1 else "yellow")
        if self._moods:
            yield "mood", self._text(sparkline(self._moods[-self._room(10) :], -1, 1, self._signs), "cyan")
        if tally:
            people = f"{content.count(tally.authors, 'author')} from {content.count(tally.sources, 'source')}"
            yield "heard", self._text(f"{mentions(tally.mentions_post)} by {people}")
        after = () if self._coverage is self._before else self._coverage
        if cost := costs.spent(costs.total(self._before, after)):
            yield "cost", self._text(f"{cost}{self._budgets}")
        yield "now", self._text("; ".join(self._times()))

    def _share_since(self, tally: Tally | None) -> Text:
        if tally is None:
            return self._text("no look yet")
        worse = (tally.share_after or 0) > (tally.share_before or 0)
        return self._share(tally.share_after, tally.mood_after, tally.mentions_post, "red" if worse else "green")

    def _share(self, share: float | None, mood: float | None, count: int, style: str) -> Text:
        if share is None or mood is None:
            return self._text("no mention yet")
        return self._bar(share, f"{percent(share)} of {count:,} negative, mood {mood:+.2f}", style)

    def _bar(self, part: float, words: str, style: str) -> Text:
        width = max(min(self._room(10 + WORDS), LONGEST_BAR), 0)
        return Text.assemble((bar(part, width, self._signs), style), f" {self._words(words)}")

    def _times(self) -> Iterator[str]:
        now = self._clock.now()
        if self._doing == LOOKING and self._next_at and self._next_at > now:
            number = self._look.number + 1 if self._look else 1
            yield f"look {number} in {countdown(self._next_at - now)}"
        else:
            yield self._doing
        if self._release:
            yield f"window closes in {countdown(self._release.window_to - now)}"

    def _sources(self) -> Iterator[Text]:
        for each in self._coverage:
            mark, style = (self._signs.good, "green") if each.complete else (self._signs.bad, "red")
            words = f"{each.source}: {safe.one_line(content.state(each), self._room(20) * 2)}; {content.account(each)}"
            yield Text.assemble((mark, style), f" {self._words(words)}")

    def _quotes(self) -> Iterator[Text]:
        for text in self._last:
            yield self._text(f"“{safe.one_line(text, self._room(2))}”", "italic")

    def _room(self, taken: int) -> int:
        """Columns inside the panel's border and padding, less those taken."""
        return max(self._console.width - 4 - taken, 1)

    def _text(self, words: str, style: str = "") -> Text:
        return Text(self._words(words), style=style, no_wrap=True, overflow="ellipsis")

    def _words(self, words: str) -> str:
        return fit(safe.terminal(words), self._encoding)


def countdown(left: timedelta) -> str:
    """Return ``0:42``, ``28:00`` or ``1:02:03``; zero once the time is over.

    >>> from datetime import timedelta
    >>> countdown(timedelta(seconds=42)), countdown(timedelta(seconds=3723)), countdown(timedelta(seconds=-1))
    ('0:42', '1:02:03', '0:00')
    """
    minutes, seconds = divmod(max(int(left.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
