"""What a report says, whatever it is written in. Strings from here are not yet safe to print."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gate.decide.words import chance, one_in
from gate.report.actions import by_hand
from gate.report.advice import advice, order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from gate.model import Coverage, Finding, Release, Verdict
    from gate.report.actions import Acted

LONGEST_REASON = 300
"""Characters of why a source was not heard: a server may answer with pages."""


class Sample(NamedTuple):
    """A mention chosen to be shown."""

    score: float
    """Mood, -1 … 1."""
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict and what surrounds it, ready to be written in any format."""

    verdict: Verdict
    release: Release | None = None
    run: str = ""
    """Id of the run in the run log, where it was recorded."""
    store: str = ""
    """URL of the run log, where it is not the usual one."""
    evidence: str = ""
    """Folder of the evidence pack, where one was written."""
    baseline: tuple[Coverage, ...] = ()
    """How well each source was heard before the deploy; the verdict holds the same for since then."""
    notes: tuple[str, ...] = ()
    """Warnings of the run, e.g. of its sources."""
    samples: tuple[Sample, ...] = ()
    """Mentions to show, most telling first."""
    moods: tuple[float | None, ...] = ()
    """Mean mood since the deploy at each look."""
    emotions: Mapping[str, int] = field(default_factory=dict)
    """How many mentions since the deploy show each emotion most; no rule reads it."""
    actions: tuple[Acted, ...] = ()
    """What was done about the verdict, as far as it has come."""


def headline(verdict: Verdict) -> tuple[str, str]:
    """Return the outcome with what to do (``FAIL → halt the rollout.``), and why."""
    return f"{verdict.outcome.name} → {order(verdict)}.", reason(verdict)


def reason(verdict: Verdict) -> str:
    """Return the reason without the outcome in front of it, which the headline has said."""
    lead = f"{verdict.outcome.value}: "
    text = verdict.reason
    if text.lower().startswith(lead):
        text = text[len(lead) :]
    return text[:1].upper() + text[1:]


def next_steps(report: Report) -> tuple[str, ...]:
    """Return what whoever reads this should do now, most urgent first."""
    return (*by_hand(report.actions), *advice(report), *_look_closer(report))


def odds(value: float) -> str:
    """Return ``1 in 2,300``, or ``no evidence yet``."""
    return "no evidence yet" if one_in(value) == one_in(1) else one_in(value)


def odds_against(verdict: Verdict) -> tuple[str, str]:
    """Return ``1 in 2,300 if the release were harmless`` and ``halt line 1 in 100``; empty where no rule bets."""
    if verdict.odds is None:
        return "", ""
    line = halt_line(verdict)
    return chance(verdict.odds), f"halt line {odds(line)}" if line else ""


def halt_line(verdict: Verdict) -> float | None:
    """Return the odds at which the strongest statistical rule halts, or None without such a rule."""
    betting = [finding.numbers for finding in verdict.findings if _number(finding, "odds") is not None]
    strongest = max(betting, key=lambda numbers: float(numbers["odds"] or 0), default={})
    needed = strongest.get("odds_needed")
    return float(needed) if isinstance(needed, (int, float)) else None


def account(coverage: Coverage) -> str:
    """Return ``52 fetched = 43 kept + 9 dropped (7 repost, 2 language)``, and say so if it does not add up."""
    dropped = sum(coverage.dropped.values())
    text = f"{coverage.fetched:,} fetched = {coverage.kept:,} kept + {dropped:,} dropped"
    if coverage.fetched != coverage.kept + dropped:
        lost = coverage.fetched - coverage.kept - dropped
        text = f"{coverage.fetched:,} fetched, {coverage.kept:,} kept, {dropped:,} dropped, {lost:,} UNACCOUNTED FOR"
    return f"{text} ({reasons(coverage.dropped)})" if dropped else text


def reasons(dropped: Mapping[str, int]) -> str:
    """Return ``7 repost, 2 language``, most frequent first."""
    ordered = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {name}" for name, count in ordered if count and name)


def feelings(emotions: Mapping[str, int]) -> str:
    """Return ``frustration 30, anger 12``, most frequent first; empty where nothing shows."""
    ordered = sorted(emotions.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered if number)


def state(coverage: Coverage, said: str = "") -> str:
    """Return whether the source was heard: ``complete``, or why not and whether that matters.

    A reason that ``said`` has word for word, such as that of the verdict, is only pointed to.
    """
    if coverage.complete:
        return "complete"
    what = "NOT complete" if coverage.heard else "NEVER heard"
    need = "required" if coverage.required else "not required"
    why = coverage.reason or "no reason given"
    if coverage.reason and coverage.reason in said:
        why = "the reason above"
    if len(why) > LONGEST_REASON:
        why = why[: LONGEST_REASON - 1] + "…"
    return f"{what} ({need}): {why}"


def notes(report: Report) -> tuple[str, ...]:
    """Return the notes, without those that say again why a source was not heard."""
    reasons = {each.reason for each in (*report.baseline, *report.verdict.coverage) if each.reason}
    return tuple(note for note in report.notes if not any(note.endswith(reason) for reason in reasons))


def change(verdict: Verdict) -> str:
    """Return the change of the negative share in points, ``+37 points``; empty where there is no before or after."""
    before, after = verdict.tally.share_before, verdict.tally.share_after
    return "" if before is None or after is None else f"{(after - before) * 100:+.0f} points"


def count(number: int, noun: str) -> str:
    """Return ``1 source`` or ``2,300 sources``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(length: timedelta) -> str:
    """Return ``45 s``, ``17 min``, ``2 h 5 min`` or ``7 d``.

    >>> from datetime import timedelta
    >>> duration(timedelta(minutes=125)), duration(timedelta(days=7)), duration(timedelta(seconds=-3))
    ('2 h 5 min', '7 d', '0 s')
    """
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    days, rest = divmod(seconds // 60, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])


def moment(at: datetime) -> str:
    """Return ``2026-11-21 14:17:00 UTC``."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def timing(report: Report) -> str:
    """Return when the release was deployed and when this was decided."""
    at, release = report.verdict.decided_at, report.release
    if not release:
        return f"decided {moment(at)}"
    deployed = release.deployed_at
    decided = f"{at:%H:%M:%S}" if at.date() == deployed.date() else moment(at)
    return (
        f"{release.name or 'release'} deployed {moment(deployed)}; decided {duration(at - deployed)} later, {decided}"
    )


def _look_closer(report: Report) -> list[str]:
    steps = []
    if report.evidence:
        steps.append(f"Evidence: {report.evidence} (`gate replay {shlex.quote(report.evidence)}` decides it again)")
    if report.run:
        where = f" --store {shlex.quote(report.store)}" if report.store else ""
        steps.append(f"Look by look: `gate log {shlex.quote(report.run)}{where}`")
    return steps


def _number(finding: Finding, name: str) -> float | None:
    value = finding.numbers.get(name)
    return float(value) if isinstance(value, (int, float)) else None
