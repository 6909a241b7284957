"""A verdict for people at a terminal or in a pipeline's log.

The first line is enough to act on; the rest defends it. Signs and colours repeat what the words say.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.decide.words import mentions, percent
from gate.model import Outcome
from gate.report import actions, content, costs, safe
from gate.report.glyphs import fit, glyphs
from gate.report.sparkline import bar, sparkline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Coverage, Finding
    from gate.report.content import Report

NARROWEST = 60
"""Columns; below that the terminal breaks the lines."""
LONGEST_TEXT = 1000
"""Columns of one sentence: more is no sentence any more and would bury the rest."""
MOST_MOODS = 40
LONGEST_BAR = 20
LABEL = 10
"""Columns of the names at the left."""

_COLOURS = {
    "good": "\x1b[32m",
    "bad": "\x1b[31m",
    "unsure": "\x1b[33m",
    "quiet": "\x1b[2m",
    "title": "\x1b[1m",
    "": "",
}
_TONES = {
    Outcome.PASS: "good",
    Outcome.FAIL: "bad",
    Outcome.INCONCLUSIVE: "unsure",
    Outcome.ERROR: "bad",
    Outcome.WAITING: "unsure",
}
_UNIT = re.compile(r"(?<=\d) (?=%|points|min\b|s\b|h\b|d\b)|(?<=\b1) (?=in\b)|(?<=\b1 in) (?=\d)")


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's screen can do; the caller asks it, as reports do no I/O."""

    width: int = 80
    """Columns to wrap at; 0 never wraps, so that a line of a log stays one line."""
    color: bool = False
    encoding: str = "utf-8"


def render(report: Report, style: Style | None = None) -> str:
    """Return the verdict, ending in a line break; safe to print anywhere."""
    page = _Page(style or Style())
    _headline(page, report)
    _numbers(page, report)
    _rules(page, report)
    _sources(page, "before", report.baseline, report.verdict.reason)
    _sources(page, "since", report.verdict.coverage, report.verdict.reason)
    _quotes(page, report)
    _actions(page, report)
    page.title("Next")
    for step in content.next_steps(report):
        page.item(page.signs.arrow, "title", step)
    return page.text()


class _Page:
    """Lines so far; every text that comes in is made safe here."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.signs = glyphs(style.encoding)
        self._width = max(style.width, NARROWEST) if style.width else 0
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def bars(self, *rows: tuple[str, str, float | None, str]) -> None:
        """Write a name, in a tone a share as a bar, and words; the bars share what room the words leave."""
        room = self._width - 11 - max(len(words) for *_, words in rows) if self._width else LONGEST_BAR
        width = max(min(room, LONGEST_BAR), 0)
        for name, tone, share, words in rows:
            drawn = f"{self.paint(bar(share, width, self.signs), tone)} " if share is not None else ""
            self._lines.append(f"  {name:<7} {drawn}{words}")

    def say(self, text: str) -> str:
        return fit(safe.one_line(text, LONGEST_TEXT), self.style.encoding)

    def paint(self, text: str, *tones: str) -> str:
        codes = "".join(_COLOURS[tone] for tone in tones)
        return f"{codes}{text}\x1b[0m" if self.style.color and codes else text

    def title(self, text: str) -> None:
        self._lines += ["", self.paint(text, "title")]

    def line(self, text: str) -> None:
        self._lines.append(text)

    def row(self, name: str, text: str) -> None:
        """Write words below the bars, under the same names."""
        self._lines += self._wrap(self.say(text), f"  {name:<7} ", " " * 10)

    def lead(self, start: str, rest: str, *tones: str) -> None:
        """Write ``start`` in colour and the rest behind it, without indent."""
        first, *more = self._wrap(f"{start} {self.say(rest)}", "", "  ")
        painted = self.paint(start, *tones) + first[len(start) :] if first.startswith(start) else first
        self._lines += [painted, *more]

    def item(self, mark: str, tone: str, text: str, label: str = "") -> None:
        """Write a mark, a label where given, and the text with a hanging indent."""
        name = fit(safe.one_line(label, LABEL * 2), self.style.encoding).ljust(LABEL) + " " if label else ""
        hang = " " * (2 + len(mark) + 1 + (LABEL + 1 if label else 0))
        first, *more = self._wrap(self.say(text), f"  {mark} {name}", hang)
        self._lines += [f"  {self.paint(mark, tone)}{first[2 + len(mark) :]}", *more]

    def quote(self, label: str, text: str) -> None:
        """Write one line of what somebody wrote, cut where the line ends."""
        room = (self._width or 200) - 2 - len(label) - 1
        self._lines.append(f"  {self.paint(label, 'quiet')} {fit(safe.one_line(text, room), self.style.encoding)}")

    def _wrap(self, text: str, first: str, hang: str) -> list[str]:
        if not self._width:
            return [first + text]
        bound = _UNIT.sub("\N{NO-BREAK SPACE}", text)
        lines = textwrap.wrap(bound, self._width, initial_indent=first, subsequent_indent=hang, break_on_hyphens=False)
        return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines] or [first.rstrip()]


def _headline(page: _Page, report: Report) -> None:
    verdict = report.verdict
    order, why = content.headline(verdict)
    page.lead(f"{page.signs.outcome(verdict.outcome)} {page.say(order)}", why, "title", _TONES[verdict.outcome])
    page.line("")
    page.lead(" ", content.timing(report))
    page.line("")


def _numbers(page: _Page, report: Report) -> None:
    verdict, tally = report.verdict, report.verdict.tally
    page.bars(
        ("before", "", tally.share_before, _counted(tally.share_before, tally.mood_before, tally.mentions_baseline)),
        (
            "since",
            _TONES[verdict.outcome],
            tally.share_after,
            _counted(tally.share_after, tally.mood_after, tally.mentions_post),
        ),
    )
    who = f"{content.count(tally.authors, 'author')}, {content.count(tally.sources, 'source')}"
    moved = content.change(verdict)
    page.row("", f"{moved}; {who}" if moved else who)
    moods = report.moods[-MOST_MOODS:]
    if sum(mood is not None for mood in moods) > 1:
        page.line(f"  {'mood':<7} {sparkline(moods, -1, 1, page.signs)}  look by look")
    if felt := content.feelings(report.emotions):
        page.row("feel", f"{felt} (no rule reads this)")
    odds, halts = content.odds_against(verdict)
    if odds:
        page.row("odds", f"{odds}; {halts}" if halts else odds)
    if bill := costs.bill(report):
        page.row("cost", bill)


def _counted(share: float | None, mood: float | None, count: int) -> str:
    if share is None or mood is None:
        return "no mention"
    return f"{percent(share):>5} of {mentions(count)} negative, mood {mood:+.2f}"


def _rules(page: _Page, report: Report) -> None:
    if report.verdict.findings:
        page.title("Rules")
    for finding in report.verdict.findings:
        _rule(page, report, finding)


def _rule(page: _Page, report: Report, finding: Finding) -> None:
    tone = "bad" if finding.harm else "good" if finding.ready else "unsure"
    text = f"{finding.code}: {finding.sentence}"
    if finding.harm:
        text = f"{finding.code}, says {finding.decision.value}: {finding.sentence}"
        if finding.sentence in report.verdict.reason:
            text = f"{finding.code}, says {finding.decision.value}: the reason above"
    page.item(page.signs.finding(finding), tone, text, finding.rule)


def _sources(page: _Page, period: str, heard: Sequence[Coverage], said: str) -> None:
    if heard:
        page.title(f"Sources {period} the deploy")
    for coverage in heard:
        mark, tone = (page.signs.good, "good") if coverage.complete else (page.signs.bad, "bad")
        spent = costs.cost(coverage.cost)
        text = f"{content.state(coverage, said)}; {content.account(coverage)}" + (f"; {spent}" if spent else "")
        page.item(mark, tone, text, coverage.source)


def _quotes(page: _Page, report: Report) -> None:
    if report.samples:
        page.title("What users write")
    for sample in report.samples:
        page.quote(f"{sample.score:+.2f}", sample.text)
    notes = content.notes(report)
    if notes:
        page.title("Notes")
    for note in notes:
        page.item(page.signs.bullet, "", note)


def _actions(page: _Page, report: Report) -> None:
    if report.actions:
        page.title("Actions")
    for acted in report.actions:
        mark, tone = (page.signs.bad, "bad") if acted.failed else (page.signs.good, "good")
        page.item(mark, tone, actions.sentence(acted))
        for intent in acted.intents:
            # Whole, however long: it is what would have been sent.
            page.line(f"      {page.say(intent.method)} {fit(safe.terminal(intent.where), page.style.encoding)}")
            page.line(f"      {safe.json(intent.body)}")
