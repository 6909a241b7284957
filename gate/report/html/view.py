"""What a page about a run says, part by part. Templates escape it; ``safe`` has taken out what acts or hides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from gate.decide.words import one_in, percent
from gate.model import Decision, Outcome
from gate.report import actions, content, costs, safe
from gate.report.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gate.model import Coverage, Finding, Tally, Verdict
    from gate.report.actions import Acted
    from gate.report.dossier import Dossier
    from gate.report.story import Entry

TONES = {
    Outcome.PASS: "good",
    Outcome.FAIL: "bad",
    Outcome.INCONCLUSIVE: "unsure",
    Outcome.ERROR: "bad",
    Outcome.WAITING: "open",
}
LONGEST = 2000


class Figure(NamedTuple):
    """One number that matters."""

    name: str
    value: str
    more: str = ""


class Row(NamedTuple):
    """A rule, a source or an action."""

    mark: str
    tone: str
    name: str
    says: str
    more: tuple[str, ...] = ()


class Day(NamedTuple):
    """A day of the log."""

    date: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All of it."""

    id: str
    release: str
    state: str
    running: bool
    tone: str
    mark: str
    outcome: str
    """``FAIL``."""
    order: str
    """``halt the rollout``."""
    reason: str
    steps: tuple[str, ...]
    timing: str
    closes: datetime
    next_look: datetime | None
    figures: tuple[Figure, ...]
    rules: tuple[Row, ...]
    before: tuple[Row, ...]
    since: tuple[Row, ...]
    actions: tuple[Row, ...]
    looks: tuple[tuple[str, ...], ...]
    """Number, time, new, negative, mood, odds and outcome of each, newest first."""
    notes: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    days: tuple[Day, ...]


def view(dossier: Dossier, log: Sequence[Entry] | None = None) -> View:
    """Say it; ``log`` is the part of the log to tell, if not all of it."""
    report = dossier.report()
    verdict = report.verdict
    release = dossier.release
    order, why = content.headline(verdict)
    tone, mark = TONES[verdict.outcome], UNICODE.outcome(verdict.outcome)
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.decision is Decision.HALT:
        tone = "bad"
    outcome = verdict.outcome.name
    steps: tuple[str, ...] = tuple(step for step in content.next_steps(report) if "gate log" not in step)
    if dossier.state in {"cancelled", "broken"}:
        outcome, order, tone, mark = dossier.state.upper(), "no verdict was reached", "unsure", UNICODE.unsure
        why = dossier.reason or why
        steps = ("This says nothing about the release: start another run, or decide without the gate.",)
    return View(
        id=safe.terminal(dossier.run),
        release=safe.one_line(release.name, 200) or "release",
        state=dossier.state,
        running=dossier.running,
        tone=tone,
        mark=mark,
        outcome=outcome,
        order=order.partition("→ ")[2].rstrip(".") or order,
        reason=_line(why),
        steps=tuple(map(_line, steps)),
        timing=_line(_timing(dossier)),
        closes=release.window_to,
        next_look=dossier.looks[-1].next_at if dossier.running and dossier.looks else None,
        figures=tuple(_figures(dossier, verdict)),
        rules=tuple(map(_rule, verdict.findings)),
        before=tuple(map(_source, dossier.baseline)),
        since=tuple(map(_source, verdict.coverage)),
        actions=tuple(map(_action, dossier.actions)),
        looks=tuple(_looks(dossier)),
        notes=tuple(map(_line, dossier.notes)),
        labels=tuple((_line(name), _line(value)) for name, value in sorted(dossier.labels.items())),
        days=tuple(
            Day(f"{date:%A}, {date.day} {date:%B %Y}", tuple(told))
            for date, told in groupby(dossier.log if log is None else log, lambda entry: entry.at.date())
        ),
    )


def _timing(dossier: Dossier) -> str:
    if dossier.looks and not dossier.running:
        return content.timing(dossier.report())
    deployed = f"{dossier.release.name or 'release'} deployed {content.moment(dossier.release.deployed_at)}"
    if not dossier.looks:
        return deployed
    at = dossier.looks[-1].at
    return f"{deployed}; looked {content.duration(at - dossier.release.deployed_at)} later, {at:%H:%M:%S}"


def _figures(dossier: Dossier, verdict: Verdict) -> Iterator[Figure]:
    tally = verdict.tally
    yield _change("negative share", tally, content.change(verdict).replace("-", "−"))  # noqa: RUF001
    if verdict.odds is not None:
        shown = one_in(verdict.odds)
        yield Figure("odds if harmless", "none yet" if shown == one_in(1) else shown, content.odds_against(verdict)[1])
    before = f"before {signed(tally.mood_before)}" if tally.mood_before is not None else ""
    yield Figure("mood", signed(tally.mood_after), before)
    yield Figure("mentions", f"{tally.mentions_post:,}",
                 f"{content.count(tally.authors, 'author')}, {content.count(tally.sources, 'source')}")  # fmt: skip
    whole = [each for each in verdict.coverage if each.complete]
    yield Figure("sources heard", f"{len(whole)} of {len(verdict.coverage)}",
                 "complete" if len(whole) == len(verdict.coverage) else "not complete")  # fmt: skip
    spent = costs.total(dossier.baseline, verdict.coverage)
    money = f"US$ {spent.usd:,.2f}" if spent.usd else content.count(spent.reads, "read") if spent.reads else "nothing"
    yield Figure("cost", money, content.count(spent.requests, "request"))
    yield Figure("looks", f"{len(dossier.looks)}", "watching" if dossier.running else dossier.state)


def _change(name: str, tally: Tally, moved: str) -> Figure:
    if tally.share_after is None:
        return Figure(name, "–", "no mention yet")
    if tally.share_before is None:
        return Figure(name, percent(tally.share_after), "nothing before")
    return Figure(name, f"{percent(tally.share_before)} → {percent(tally.share_after)}", moved)


def _rule(finding: Finding) -> Row:
    tone = "bad" if finding.harm else "good" if finding.ready else "unsure"
    said = f"says {finding.decision.value}: {finding.sentence}" if finding.harm else finding.sentence
    return Row(UNICODE.finding(finding), tone, finding.rule, _line(said), (finding.code,))


def _source(coverage: Coverage) -> Row:
    mark, tone = (UNICODE.good, "good") if coverage.complete else (UNICODE.bad, "bad")
    more = [_line(content.account(coverage))]
    more += [cost] if (cost := costs.cost(coverage.cost)) else []
    return Row(mark, tone, _line(coverage.source), _line(content.state(coverage)), tuple(more))


def _action(acted: Acted) -> Row:
    mark, tone = (UNICODE.good, "good") if acted.state == actions.DONE else (UNICODE.unsure, "unsure")
    if acted.failed:
        mark, tone = UNICODE.bad, "bad"
    more = [_line(acted.hint)] if acted.hint else []
    return Row(mark, tone, _line(f"{acted.type} ({acted.moment})"), _line(actions.result(acted)), tuple(more))


def _looks(dossier: Dossier) -> Iterator[tuple[str, ...]]:
    for look in reversed(dossier.looks):
        verdict, tally = look.verdict, look.verdict.tally
        yield (
            f"{look.number}",
            f"{look.at:%H:%M:%S}",
            f"{look.kept:,} kept, {look.dropped:,} dropped",
            "–" if tally.share_after is None else f"{percent(tally.share_after)} of {tally.mentions_post:,}",
            signed(tally.mood_after),
            "–" if verdict.odds is None else content.odds(verdict.odds),
            verdict.outcome.value,
        )


def signed(number: float | None) -> str:
    """Return ``+0.31`` or ``−0.42``, with a sign as wide as a digit; a dash for none."""  # noqa: RUF002
    if number is None:
        return "–"
    shown = f"{number:+.2f}"
    return "0.00" if shown in {"+0.00", "-0.00"} else shown.replace("-", "−")  # noqa: RUF001


def _line(text: str) -> str:
    return safe.one_line(text, LONGEST)
