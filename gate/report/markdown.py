"""A verdict in GitHub-flavoured Markdown, for job summaries and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.decide.words import percent
from gate.report import actions, content, costs, safe
from gate.report.glyphs import UNICODE
from gate.report.sparkline import bar, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.model import Coverage, Finding, Verdict
    from gate.report.content import Report

LIMIT = (1024 - 64) * 1024
"""Bytes. GitHub refuses a job summary over 1 MiB; the margin leaves room for what the job itself writes there."""

BAR = 20
LONGEST_CELL = 500
LONGEST_REASON = 2000


def render(report: Report, limit: int = LIMIT) -> str:
    """Return the verdict in at most ``limit`` bytes of UTF-8; what had to be left out is said.

    The parts that matter most come first, so a lack of room costs sample mentions and notes.
    """
    written = _Capped(limit)
    for part in (_head, _next, _numbers, _rules, _sources, _samples, _actions, _notes):
        for line in part(report):
            written.add(line)
    return written.text()


class _Capped:
    """Lines until the room is used up."""

    _ROOM_TO_SAY_SO = 100

    def __init__(self, limit: int) -> None:
        self._room = limit - self._ROOM_TO_SAY_SO
        self._lines: list[str] = []
        self._left_out = 0

    def add(self, line: str) -> None:
        size = len(line.encode()) + 1
        if self._left_out or size > self._room:
            self._left_out += 1
            return
        self._room -= size
        self._lines.append(line)

    def text(self) -> str:
        if self._left_out:
            self._lines += ["", f"*{self._left_out:,} more lines left out: too long for a summary.*"]
        return "\n".join(self._lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    verdict = report.verdict
    order, why = content.headline(verdict)
    yield f"## {UNICODE.outcome(verdict.outcome)} {order.rstrip('.')}"
    yield ""
    yield _words(why, LONGEST_REASON)


def _next(report: Report) -> Iterator[str]:
    yield ""
    for step in content.next_steps(report):
        yield f"- {_words(step)}"


def _numbers(report: Report) -> Iterator[str]:
    verdict, tally = report.verdict, report.verdict.tally
    yield ""
    yield "| | negative | share | mood | mentions |"
    yield "|:--|:--|--:|--:|--:|"
    yield _side("before", tally.share_before, tally.mood_before, tally.mentions_baseline)
    yield _side("since the deploy", tally.share_after, tally.mood_after, tally.mentions_post)
    yield ""
    yield " · ".join(_facts(report, verdict))


def _facts(report: Report, verdict: Verdict) -> Iterator[str]:
    yield _words(content.timing(report))
    yield content.count(verdict.tally.authors, "author")
    yield content.count(verdict.tally.sources, "source")
    if moved := content.change(verdict):
        yield f"{moved}"
    odds, halts = content.odds_against(verdict)
    if odds:
        yield f"odds {odds}" + (f" ({halts})" if halts else "")
    if bill := costs.bill(report):
        yield _words(f"cost {bill}")
    if felt := content.feelings(report.emotions):
        yield f"what they feel: {_words(felt)}"
    if sum(mood is not None for mood in report.moods) > 1:
        yield f"mood by look `{sparkline(report.moods[-BAR * 2 :], -1, 1)}`"


def _side(name: str, share: float | None, mood: float | None, count: int) -> str:
    if share is None or mood is None:
        return f"| {name} | | | | {count:,} |"
    return f"| {name} | `{bar(share, BAR)}` | {percent(share)} | {mood:+.2f} | {count:,} |"


def _rules(report: Report) -> Iterator[str]:
    if not report.verdict.findings:
        return
    yield ""
    yield "| | Rule | Code | What it says |"
    yield "|:--|:--|:--|:--|"
    for finding in report.verdict.findings:
        yield _row(UNICODE.finding(finding), finding.rule, finding.code, _said(finding))


def _said(finding: Finding) -> str:
    return f"{finding.decision.value}: {finding.sentence}" if finding.harm else finding.sentence


def _sources(report: Report) -> Iterator[str]:
    for title, heard in (("since", report.verdict.coverage), ("before", report.baseline)):
        if not heard:
            continue
        yield ""
        yield f"| | Source {title} the deploy | Heard | Mentions | Cost |"
        yield "|:--|:--|:--|:--|:--|"
        yield from (_source(coverage, report.verdict.reason) for coverage in heard)


def _source(coverage: Coverage, said: str) -> str:
    mark = UNICODE.good if coverage.complete else UNICODE.bad
    heard, cost = content.state(coverage, said), costs.cost(coverage.cost)
    return _row(mark, coverage.source, heard, content.account(coverage), cost)


def _samples(report: Report) -> Iterator[str]:
    if report.samples:
        yield ""
        yield "### What users write"
        yield ""
    for sample in report.samples:
        address = safe.link(sample.url)
        yield f"- {sample.score:+.2f} {_words(sample.text)}" + (f" ([post](<{address}>))" if address else "")


def _actions(report: Report) -> Iterator[str]:
    if report.actions:
        yield ""
        yield "### Actions"
        yield ""
    for acted in report.actions:
        yield f"- {UNICODE.bad if acted.failed else UNICODE.good} {_words(actions.sentence(acted))}"
        for intent in acted.intents:
            yield f"  - `{intent.method}` {_words(intent.where)}: {_words(safe.json(intent.body))}"


def _notes(report: Report) -> Iterator[str]:
    notes = content.notes(report)
    if notes:
        yield ""
        yield "### Notes"
        yield ""
    for note in notes:
        yield f"- {_words(note)}"


def _row(mark: str, *cells: str) -> str:
    return f"| {mark} | " + " | ".join(_words(cell) for cell in cells) + " |"


def _words(text: str, longest: int = LONGEST_CELL) -> str:
    return safe.markdown(text if len(text) <= longest else text[: longest - 1] + "…")
