"""What is shown while the gate watches, on a terminal and without one."""

from __future__ import annotations

import doctest
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from gate.cli import live
from gate.cli.live import LiveView
from gate.cli.progress import PlainView, choose, in_ci
from gate.model import Dropped, DropReason, Look, Outcome, Period, Scored
from gate.policy import load_text
from gate.remembering import Baseline
from tests.hostile import HOSTILE
from tests.report.verdicts import FAIL, NOTHING
from tests.support import DEPLOY, ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.model import Coverage

POLICY = load_text(
    """
version: 1
release: "#brimly"
sources: [{type: file, path: mentions.jsonl}, {type: file, path: others.jsonl, required: false}]
window: {settle: 5m, length: 45m, every: 60s}
on: {inconclusive: hold, error: hold}
"""
)
WAITING = replace(FAIL, outcome=Outcome.WAITING, odds=10.0, coverage=(FAIL.coverage[0],))
BASELINE = Baseline(
    kept=tuple(scored(number, 0.9 if number < 2 else 0.1, Period.BASELINE) for number in range(8)),
    dropped=(Dropped("m9", "x", DEPLOY, Period.BASELINE, DropReason.REPOST),),
    coverage=FAIL.coverage,
    notes=("x: two times stood without a zone",),
)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        """Keep what is written."""
        self.kept = io.BytesIO()
        super().__init__(self.kept, encoding=encoding, newline="\n")

    def isatty(self) -> bool:
        """Yes."""
        return True

    def take(self) -> str:
        """Return what was written since the last time."""
        self.flush()
        written = self.kept.getvalue().decode(self.encoding)
        self.kept.seek(0)
        self.kept.truncate()
        return written


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say what kind of terminal it is, whatever the tests run in; return a way to resize it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TF_BUILD", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return lambda columns: monkeypatch.setenv("COLUMNS", str(columns))


def look(number: int, *texts: str, quiet: bool = False, coverage: tuple[Coverage, ...] | None = None) -> Look:
    """Build the look of a minute, with or without anything new."""
    at = DEPLOY + timedelta(minutes=number)
    kept: list[Scored] = [scored(n, 0.9, text=text) for n, text in enumerate(texts)]
    if not kept and not quiet:
        kept = [scored(0, 0.9)]
    verdict = replace(WAITING, decided_at=at, coverage=WAITING.coverage if coverage is None else coverage)
    return Look(number, at, tuple(kept), (), verdict, at + timedelta(minutes=1))


def drawn(view: LiveView, stream: Terminal, last: Look | None = None) -> str:
    """Show a run so far and return the panel as it stands on the screen."""
    view.started("run", POLICY, release())
    view.heard_baseline(BASELINE)
    if last:
        stream.take()
        view.looked(last)
    view.close()
    frames = re.split(r"(?=╭|\+-)", CONTROL.sub("", stream.take()))
    return frames[-2 if len(frames) > 2 else -1]


def test_everything_at_a_glance() -> None:
    """The panel has shares with bars, odds against the halt line, mood, mentions, time left, next look, sources."""
    stream, clock = Terminal(), ManualClock(DEPLOY + timedelta(minutes=16, seconds=18))
    panel = drawn(LiveView(stream, clock, redraw=False), stream, look(16, "it crashes at login"))
    for part in (
        "Sentiment gate: #brimly",
        "25 % of 8 negative, mood",
        "58 % of 43 negative, mood -0.42",
        "1 in 10",
        "mood",
        "43 mentions by 38 authors from 2 sources",
        "240 reads, US$ 1.20",
        "look 17 in 0:42; window closes in 28:42",
        "✓ x: complete; 52 fetched = 43 kept + 9 dropped",
        "“it crashes at login”",
    ):
        assert part in panel


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_panel_fits_the_window(terminal: Callable[[int], None], columns: int, encoding: str) -> None:
    """At any width every line of the panel is exactly as wide, and the numbers are whole."""
    terminal(columns)
    stream = Terminal(encoding)
    last = look(16, "发布以后不能登录" * 40, coverage=FAIL.coverage)
    panel = drawn(LiveView(stream, ManualClock(), redraw=False), stream, last)
    assert "58 % of 43 negative, mood -0.42" in panel
    assert "connection refused" in " ".join(panel.replace("│", " ").replace("|", " ").split())
    assert {cell_len(line) for line in panel.strip().splitlines()} == {columns}


@pytest.mark.parametrize("redraw", [False, True])
def test_the_panel_leaves_nothing_behind(redraw: bool) -> None:  # noqa: FBT001
    """When the view closes, the panel is erased and the cursor is back, however often it is closed."""
    stream = Terminal()
    view = LiveView(stream, ManualClock(), redraw=redraw)
    view.started("run", POLICY, release())
    panel = stream.take()
    view.close()
    view.close()
    erased = stream.take()
    assert "\x1b[?25l" in panel
    assert "\x1b[?25h" in erased
    assert erased.count("\x1b[2K") >= CONTROL.sub("", panel).count("│") // 2 + 2


def test_a_view_that_never_started_can_be_closed() -> None:
    """A run that fails before it begins closes its view all the same."""
    stream = Terminal()
    LiveView(stream, ManualClock()).close()
    assert stream.take() == ""


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the panel moves the cursor but sets no colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    view = LiveView(stream, ManualClock(), redraw=False)
    view.started("run", POLICY, release())
    view.looked(look(1))
    view.close()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", stream.take())


def test_silence_is_said_in_the_panel() -> None:
    """Without mentions the panel says so instead of drawing zeros."""
    stream = Terminal()
    quiet = look(1, quiet=True)
    quiet = replace(quiet, verdict=replace(quiet.verdict, tally=NOTHING, odds=None))
    panel = drawn(LiveView(stream, ManualClock(), redraw=False), stream, quiet)
    assert "since  no mention yet" in panel
    assert "odds" not in panel


def test_hostile_text_does_nothing_in_the_panel() -> None:
    """A mention or a server's message cannot break out of its line of the panel."""
    stream = Terminal()
    view = LiveView(stream, ManualClock(), redraw=False)
    view.started("run", POLICY, release())
    for _, hostile in HOSTILE:
        stream.take()
        view.looked(look(1, hostile, coverage=(replace(FAIL.coverage[1], reason=hostile),)))
        panel = CONTROL.sub("", stream.take())
        assert panel.replace("\n", "").isprintable()
        assert {cell_len(line) for line in panel.strip().splitlines()} == {80}
        assert len(panel.splitlines()) < 20
        assert "0 fetched = 0 kept + 0 dropped" in " ".join(panel.replace("│", " ").split())
    view.close()


def test_rich_markup_is_text() -> None:
    """Square brackets in a mention are shown, not obeyed."""
    stream = Terminal()
    text = "[bold]x[/bold] [link=http://evil.example]y[/link] :smile:"
    assert f"“{text}”" in drawn(LiveView(stream, ManualClock(), redraw=False), stream, look(1, text))


def test_plain_lines() -> None:
    """Without a terminal: timestamped lines for start, baseline, notes and each look that brought something."""
    stream, clock = io.StringIO(), ManualClock()
    view = PlainView(stream, clock)
    view.started("261121-140000-x7k2qa", POLICY, release())
    view.heard_baseline(BASELINE)
    clock.time += timedelta(minutes=1)
    view.looked(look(1))
    view.close()
    assert stream.getvalue().splitlines() == [
        "14:00:00  run 261121-140000-x7k2qa: watching #brimly, deployed 2026-03-10 14:00:00 UTC",
        "14:00:00  until 2026-03-10 14:45:00 UTC; sources file, file-2",
        "14:00:00  baseline: 9 mentions (8 kept, 1 dropped: 1 repost); 25 % negative, mood +0.40; 120 reads, US$ 0.60",
        "14:00:00  note: x: two times stood without a zone",
        (
            "14:01:00  look 1: 1 new (1 kept); 58 % of 43 negative (before 21 % of 180); odds 1 in 10; "
            "240 reads, US$ 1.20 so far; waiting; next look 14:02:00"
        ),
    ]


def test_quiet_looks_are_said_every_five_minutes() -> None:
    """A log neither fills with looks that saw nothing nor stands still."""
    stream, clock = io.StringIO(), ManualClock()
    view = PlainView(stream, clock)
    for number in range(1, 13):
        clock.time = DEPLOY + timedelta(minutes=number)
        view.looked(look(number, quiet=number != 3))
    assert re.findall(r"  look (\d+): ", stream.getvalue()) == ["1", "3", "8"]


def test_trouble_is_told_once() -> None:
    """A source that fails is named when it fails and when it is back, not at every look in between."""
    stream, clock = io.StringIO(), ManualClock()
    view = PlainView(stream, clock)
    for number, heard in enumerate((FAIL.coverage[:1], FAIL.coverage, FAIL.coverage, FAIL.coverage[:1]), start=1):
        clock.time = DEPLOY + timedelta(minutes=number)
        whole = tuple(replace(each, complete=True) for each in heard) if number == 4 else heard
        whole = tuple(replace(each, complete=True) for each in FAIL.coverage) if number == 4 else whole
        view.looked(look(number, quiet=True, coverage=whole))
    told = [line for line in stream.getvalue().splitlines() if "source mastodon" in line]
    assert told == [
        "14:02:00  source mastodon NEVER heard (not required): connection refused",
        "14:04:00  source mastodon complete",
    ]


def test_looks_over_recorded_mentions_say_their_time() -> None:
    """A look that stands for another time than now names it."""
    stream = io.StringIO()
    PlainView(stream, ManualClock(DEPLOY + timedelta(days=1))).looked(look(3))
    assert stream.getvalue().startswith("14:00:00  at 2026-03-10 14:03:00 UTC: look 3: ")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_hostile_text_does_nothing_in_a_job_log(encoding: str) -> None:
    """Notes and reasons with hostile text are one line each: no escape, no workflow command, no encoding error."""
    for _, hostile in HOSTILE:
        stream = Terminal(encoding)
        view = PlainView(stream, ManualClock())
        view.heard_baseline(replace(BASELINE, notes=(hostile,)))
        view.looked(look(1, hostile, coverage=(replace(FAIL.coverage[1], reason=hostile),)))
        lines = stream.take().splitlines()
        assert len(lines) == 4
        for line in lines:
            assert line.isprintable()
            assert re.match(r"\d\d:\d\d:\d\d  [a-z]", line)
            assert "##[" not in line
            assert "##vso[" not in line.lower()


@pytest.mark.parametrize(
    ("environ", "plain", "expected"),
    [
        ({"TERM": "xterm"}, False, LiveView),
        ({"TERM": "xterm"}, True, PlainView),
        ({"TERM": "dumb"}, False, PlainView),
        ({"TERM": "xterm", "CI": "true"}, False, PlainView),
        ({"TERM": "xterm", "TF_BUILD": "True"}, False, PlainView),
        ({"TERM": "xterm", "CI": "false"}, False, LiveView),
    ],
)
def test_which_view(environ: dict[str, str], plain: bool, expected: type) -> None:  # noqa: FBT001
    """The panel is for people at a terminal; jobs, dumb terminals and --plain get lines."""
    view = choose(ManualClock(), plain=plain, stream=Terminal(), environ=environ)
    assert isinstance(view, expected)
    assert isinstance(choose(ManualClock(), stream=io.StringIO(), environ=environ), PlainView)


def test_ci_is_recognised() -> None:
    """An empty CI variable is none."""
    assert in_ci({"CI": "1"})
    assert not in_ci({"CI": ""})


def test_examples() -> None:
    """The examples in the docstrings are true."""
    assert doctest.testmod(live).failed == 0
