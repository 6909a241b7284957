"""The verdict as people read it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.model import Coverage, Decision, Outcome
from gate.report import markdown, safe, text
from gate.report.text import Style
from tests.hostile import HOSTILE
from tests.report.verdicts import DECIDED, FAIL, NOTHING, hostile_report, report
from tests.support import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.report.content import Report

ONE_LINE = Style(width=0)
SGR = re.compile(r"\x1b\[[\d;]+m")


def unwrapped(written: str) -> str:
    """Undo line breaks and alignment."""
    return " ".join(written.split())


def test_odds_that_say_nothing_are_said_in_words() -> None:
    """Nobody has to know what odds of 1 in 1 mean; and the whole run's cost is told, the baseline's too."""
    weak = replace(FAIL, odds=1.4, findings=())
    written = text.render(report(weak, baseline=FAIL.coverage), ONE_LINE)
    assert "odds    no evidence of harm" in written
    assert "cost    240 reads, US$ 1.20 (120 reads, US$ 0.60 before the deploy)" in written
    assert "1 in 1 " not in written


def test_the_first_line_is_enough() -> None:
    """Outcome, what to do and why stand in the first line of a log."""
    first = text.render(report(), ONE_LINE).splitlines()[0]
    assert first == (
        "✗ FAIL → halt the rollout. 58 % of 43 mentions since the deploy are negative, 21 % of 180 before; "
        "1 in 2,300 if the release were harmless."
    )


def test_everything_that_defends_it_follows() -> None:
    """Shares, mood, odds with the halt line, people, rules with codes, sources with their account, and what to run."""
    written = text.render(report(), ONE_LINE)
    for part in (
        "21 % of 180 mentions negative, mood +0.31",
        "58 % of 43 mentions negative, mood -0.42",
        "+37 points; 38 authors, 2 sources",
        "1 in 2,300 if the release were harmless; halt line 1 in 100",
        "#brimly deployed 2026-03-10 14:00:00 UTC; decided 17 min later, 14:17:00",
        "share_rose, says halt",
        "✓ keyword    phrase_rare: 1 of 3 authors name a listed phrase",
        "? threshold  too_few_mentions: 12 mentions, 30 needed",
        "complete; 52 fetched = 43 kept + 9 dropped (7 repost, 2 language); 4 requests, 120 reads, US$ 0.60",
        "NEVER heard (not required): connection refused; 0 fetched = 0 kept + 0 dropped",
        "-0.90 it crashes at login",
        "x: two times stood without a zone",
        "Roll back #brimly",
        "`gate log 261121-140000-x7k2qa`",
        "`gate replay evidence/brimly`",
    ):
        assert part in written


@pytest.mark.parametrize("render", [lambda shown: text.render(shown, ONE_LINE), markdown.render])
def test_a_mood_of_no_mention_is_not_drawn(render: Callable[[Report], str]) -> None:
    """Looks that saw nothing would be an empty line; two that saw something are drawn."""
    words = re.compile("look by look|mood by look")
    assert not words.search(render(report(FAIL, moods=(None, None, None))))
    assert words.search(render(report(FAIL, moods=(None, 0.5, -0.5))))


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize("dry_run", [False, True])
def test_every_outcome_has_words(outcome: Outcome, decision: Decision, dry_run: bool) -> None:  # noqa: FBT001
    """Each outcome is named, says what to do, and ends with a next step."""
    verdict = replace(FAIL, outcome=outcome, decision=decision, dry_run=dry_run, findings=(), coverage=())
    written = text.render(report(verdict, run="", evidence=""), ONE_LINE)
    assert outcome.name in written.splitlines()[0]
    assert any(word in written.splitlines()[0] for word in ("promote", "hold", "halt"))
    assert written.splitlines()[-2] == "Next" or written.splitlines()[-1].startswith("  →")


@pytest.mark.parametrize(
    ("outcome", "code", "step"),
    [
        (Outcome.INCONCLUSIVE, "too_few_mentions", "window.length"),
        (Outcome.INCONCLUSIVE, "baseline_too_small", "baseline.length"),
        (Outcome.INCONCLUSIVE, "source_incomplete", "gate doctor"),
        (Outcome.INCONCLUSIVE, "anything_new", "run the gate again"),
        (Outcome.ERROR, "source_refused", "Mend source x: key expired."),
        (Outcome.ERROR, "source_down", "says nothing about the release"),
        (Outcome.PASS, "no_harm", "not known: x, mastodon"),
        (Outcome.WAITING, "window_open", "watches until 2026-03-10 14:45:00 UTC"),
    ],
)
def test_the_next_step_fits(outcome: Outcome, code: str, step: str) -> None:
    """What to do now follows from what was found."""
    broken = tuple(replace(each, complete=False, reason="key expired") for each in FAIL.coverage)
    verdict = replace(FAIL, outcome=outcome, decision=Decision.HOLD, code=code, coverage=broken)
    assert step in text.render(report(verdict), ONE_LINE)


def test_a_dry_run_says_so_first() -> None:
    """Nobody takes a dry run's promotion for a good release, nor its failure for a halt."""
    verdict = replace(FAIL, decision=Decision.PROMOTE, dry_run=True)
    assert text.render(report(verdict), ONE_LINE).startswith("✗ FAIL → promote the release anyway (dry run). 58 %")


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_persons_word_counts(outcome: Outcome, *, dry_run: bool) -> None:
    """What somebody decided is what is to be done, in a dry run as well, and whatever the evidence says."""
    no = replace(FAIL, outcome=outcome, decision=Decision.HALT, code="rejected", dry_run=dry_run)
    yes = replace(no, decision=Decision.PROMOTE, code="approved")
    lead, *_, steps = text.render(report(no), ONE_LINE).partition("Next")
    assert ("halt the rollout" in lead, "dry run" in lead + steps, "a person has decided" in steps) == (
        True,
        False,
        True,
    )
    lead, *_, steps = text.render(report(yes), ONE_LINE).partition("Next")
    assert ("promote the release." in lead, "Go on with" in steps, "Keep" in steps) == (True, True, False)


def test_colour_adds_nothing_but_colour() -> None:
    """Without its colours, the coloured report is the plain one."""
    coloured = text.render(report(), Style(color=True))
    assert SGR.search(coloured)
    assert SGR.sub("", coloured) == text.render(report(), Style())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_window(width: int) -> None:
    """No line is wider than the terminal, at 60 columns as at 200; no words are lost."""
    written = text.render(report(), Style(width=width))
    assert max(safe.columns(line) for line in written.splitlines()) <= width
    assert "1 in 2,300 if the release were harmless; halt line 1 in 100" in unwrapped(written)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "no-such-encoding"])
def test_any_encoding_can_write_it(encoding: str) -> None:
    """Where Unicode signs are missing, ASCII ones say the same."""
    full = report(replace(FAIL, reason="Fail: “data loss” … 日本."))
    written = text.render(full, Style(width=0, encoding=encoding))
    written.encode("ascii" if encoding == "no-such-encoding" else encoding)
    assert written.startswith('x FAIL -> halt the rollout. "data loss" ... ??.') or encoding == "cp1252"
    assert "####" in written


def test_silence_is_said() -> None:
    """Without mentions there are no shares, and no zero takes their place."""
    verdict = replace(FAIL, outcome=Outcome.INCONCLUSIVE, tally=NOTHING, odds=None, findings=(), coverage=())
    written = text.render(report(verdict, moods=()), ONE_LINE)
    assert "  before  no mention\n  since   no mention\n" in written
    assert " 0 %" not in written
    assert "odds" not in written


def test_what_does_not_add_up_is_shouted() -> None:
    """A source whose fetched mentions are neither kept nor dropped is not reported as if all were well."""
    odd = Coverage("x", required=True, complete=True, reason="", fetched=10, kept=4, dropped={"repost": 3})
    written = text.render(report(replace(FAIL, coverage=(odd,))), ONE_LINE)
    assert "10 fetched, 4 kept, 3 dropped, 3 UNACCOUNTED FOR (3 repost)" in written


@given(st.integers(0, 10**6), st.dictionaries(st.sampled_from(["repost", "language"]), st.integers(0, 10**6)))
def test_fetched_is_kept_and_dropped(kept: int, dropped: dict[str, int]) -> None:
    """Every source's account adds up in the report, number by number."""
    fetched = kept + sum(dropped.values())
    heard = Coverage("x", required=True, complete=True, reason="", fetched=fetched, kept=kept, dropped=dropped)
    written = text.render(report(replace(FAIL, coverage=(heard,))), ONE_LINE)
    found = re.search(r"complete; ([\d,]+) fetched = ([\d,]+) kept \+ ([\d,]+) dropped", written)
    assert found
    total, left, right = (int(number.replace(",", "")) for number in found.groups())
    assert total == left + right == fetched


def test_the_baseline_is_accounted_for_too() -> None:
    """What was heard before the deploy has its own lines."""
    written = text.render(report(baseline=FAIL.coverage), ONE_LINE)
    assert written.index("Sources before the deploy") < written.index("Sources since the deploy")


def test_a_verdict_the_next_day_names_the_day() -> None:
    """A time without its date is given only on the day of the deploy."""
    late = replace(FAIL, decided_at=DEPLOY + timedelta(hours=26))
    assert "decided 1 d 2 h later, 2026-03-11 16:00:00 UTC" in text.render(report(late), ONE_LINE)
    assert f"decided {DECIDED:%Y-%m-%d %H:%M:%S} UTC" in text.render(report(release=None), ONE_LINE)


@pytest.mark.parametrize("style", [Style(), Style(width=60, encoding="ascii"), Style(width=0)])
def test_hostile_text_does_nothing_in_a_log(style: Style) -> None:
    """In every place where outside text is shown, it stays one item of text without escapes and commands."""
    for _, hostile in HOSTILE:
        written = text.render(hostile_report(hostile), style)
        assert written.replace("\n", "").isprintable()
        for line in written.splitlines():
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert "##vso[" not in line.lower()
            assert re.match(r"✗ |x FAIL|  |$|[A-Z]", line)
        written.encode(style.encoding)


def test_plain_output_needs_no_rich() -> None:
    """A report, a story and the plain view are written without importing rich."""
    code = (
        "import sys, io; from gate.report import text, markdown, story, plain; import gate.cli.progress as p; "
        "from gate.clock import SystemClock; p.choose(SystemClock(), plain=True, stream=io.StringIO()); "
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_they_feel_is_shown_as_counts() -> None:
    """Most frequent first, and said to bear on no rule; nothing where nothing shows."""
    felt = report(emotions={"anger": 12, "joy": 0, "frustration": 1030})
    assert "frustration 1,030, anger 12" in text.render(felt, Style(width=0))
    assert "no rule" in text.render(felt, Style(width=0))
    assert "feel" not in text.render(report(), Style(width=0))


@pytest.mark.parametrize("render", [text.render, markdown.render], ids=["text", "markdown"])
def test_a_reason_is_said_once(render: Callable[[Report], str]) -> None:
    """Why a source was not heard stands in the headline; its lines before and since point there, and no note repeats it."""
    why = "forum.example: connection refused"
    away = Coverage("forum", required=True, complete=False, reason=why, fetched=0, kept=0, dropped={}, heard=False)
    verdict = replace(FAIL, reason=f"Error: source forum cannot be read: {why}.", coverage=(away,))
    said = replace(
        report(verdict), baseline=(away,), notes=(f"forum: the baseline is not complete: {why}", "the clock is odd")
    )
    written = unwrapped(render(said))
    assert written.count("connection refused") == 1
    assert written.count("the reason above") == 2
    assert "the clock is odd" in written
