"""From findings to an outcome: one ordered ladder, first rung that holds.

1. A rule found harm (and, for a statistical rule, the policy's minimum is met): FAIL.
2. A required source refuses for good, or nothing was ever heard: ERROR.
3. Everything was heard, and yet no rule can ever judge, as there is no baseline: INCONCLUSIVE.
4. The window is open: WAITING; or PASS, where the policy lets it promote early and harm is ruled out.
5. The window closed with a required source incomplete, or with no source complete: INCONCLUSIVE.
6. The window closed with too few mentions, or with a rule that could not judge: INCONCLUSIVE.
7. PASS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gate.decide.words import about, lasting, mentions, people, percent
from gate.model import Coverage, Decision, Finding, Outcome, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.decide.rules import Rule


@dataclass(frozen=True, slots=True)
class Minimum:
    """The ``minimum`` section: below it a release neither passes nor fails a statistical rule."""

    mentions: int = 30
    """Kept mentions after the deploy."""
    authors: int = 15
    """Different authors after the deploy."""
    sources: int = 1
    """Sources with at least one kept mention after the deploy."""

    def __post_init__(self) -> None:
        """Refuse minimums that would let silence pass."""
        for name in ("mentions", "authors", "sources"):
            if getattr(self, name) < 1:
                message = f"{name} must be at least 1: silence is not calm"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class On:
    """The ``on`` section: what a pipeline should do where the evidence does not say."""

    inconclusive: Decision
    error: Decision


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything of a policy that decides."""

    rules: tuple[Rule, ...]
    minimum: Minimum
    on: On
    dry_run: bool = False
    promote_early: bool = False
    """Whether a release may pass before the window closes, once harm is ruled out."""
    match: timedelta | None = None
    """Only baseline mentions at the window's time of this cycle, a day or a week, are compared with; None for all."""


class Rung(NamedTuple):
    """Outcome, machine-readable code, sentence, and the finding that led to it."""

    outcome: Outcome
    code: str
    reason: str
    finding: Finding | None = None


def climb(
    rules: Rules,
    findings: Sequence[Finding],
    tally: Tally,
    coverage: Sequence[Coverage],
    *,
    closed: bool,
    elapsed: timedelta = timedelta(0),
) -> Rung:
    """Return the first rung that holds. Total: every state of the evidence has one.

    ``elapsed`` is the time since the deploy: with it the sentence says how long what is missing would take.
    """
    lack = _lack(rules.minimum, tally)
    for finding in findings:
        if finding.harm and not (finding.statistical and lack):
            return Rung(Outcome.FAIL, finding.code, finding.sentence, finding)
    error = _unheard(coverage, closed=closed)
    if error:
        return Rung(Outcome.ERROR, *error)
    partial = [source for source in coverage if not source.complete and source.required]
    if not any(source.complete for source in coverage):
        partial = list(coverage)
    if _hopeless(findings) and not partial:
        return Rung(Outcome.INCONCLUSIVE, findings[0].code, f"nothing to compare with: {findings[0].sentence}")
    if closed:
        return _close(findings, tally, partial, f"{lack}{_needed(rules.minimum, tally, elapsed)}" if lack else "")
    if rules.promote_early and not (partial or lack) and _ruled_out(findings):
        return Rung(Outcome.PASS, "ruled_out_early", f"harm is ruled out before the window closes: {_numbers(tally)}")
    return Rung(Outcome.WAITING, "window_open", _numbers(tally))


def _close(findings: Sequence[Finding], tally: Tally, partial: Sequence[Coverage], lack: str) -> Rung:
    """Say what a window without harm comes to once it is over."""
    if partial:
        reason = "; ".join(f"source {source.source} was not complete ({source.reason})" for source in partial)
        return Rung(Outcome.INCONCLUSIVE, "source_incomplete", f"{reason}; {_numbers(tally)}")
    if lack:
        return Rung(Outcome.INCONCLUSIVE, "too_few_mentions", f"too few to tell: {lack}")
    unready = [finding for finding in findings if not finding.ready]
    if unready:
        return Rung(
            Outcome.INCONCLUSIVE, unready[0].code, f"rule {unready[0].rule} could not judge: {unready[0].sentence}"
        )
    return Rung(Outcome.PASS, "no_harm", f"no evidence of harm when the window closed: {_numbers(tally)}")


def decision(rung: Rung, on: On, *, dry_run: bool) -> Decision:
    """Map the outcome to what the pipeline should do. A dry run always promotes."""
    if dry_run or rung.outcome is Outcome.PASS:
        return Decision.PROMOTE
    if rung.outcome is Outcome.FAIL:
        return rung.finding.decision if rung.finding else Decision.HALT
    if rung.outcome is Outcome.INCONCLUSIVE:
        return on.inconclusive
    return on.error if rung.outcome is Outcome.ERROR else Decision.HOLD


def _lack(minimum: Minimum, tally: Tally) -> str:
    short = []
    if tally.mentions_post < minimum.mentions:
        short.append(f"{mentions(tally.mentions_post)} since the deploy, {minimum.mentions} needed")
    if tally.authors < minimum.authors:
        short.append(f"{people(tally.authors)}, {minimum.authors} needed")
    if tally.sources < minimum.sources:
        short.append(f"{tally.sources} source{'' if tally.sources == 1 else 's'} heard, {minimum.sources} needed")
    return "; ".join(short)


def _needed(minimum: Minimum, tally: Tally, elapsed: timedelta) -> str:
    """Say how many more mentions would do, and how long they take at the rate since the deploy.

    New authors are taken to come as often among the next mentions as among those so far.
    """
    seen = tally.mentions_post
    authors = math.ceil((minimum.authors - tally.authors) * seen / tally.authors) if tally.authors else minimum.authors
    more = max(minimum.mentions - seen, authors)
    if more <= 0:
        return ""
    needed = f"; that takes {about(more)} more mention{'' if more == 1 else 's'}"
    if not (seen and elapsed):
        return needed
    return f"{needed} or {lasting(elapsed * more / seen)} at this rate"


def _unheard(coverage: Sequence[Coverage], *, closed: bool) -> tuple[str, str] | None:
    refused = [source for source in coverage if source.required and source.permanent and not source.complete]
    if refused:
        return "source_refused", _named(refused, "cannot be read")
    silent = [source for source in coverage if not source.heard and (source.required or closed)]
    if closed and silent and (any(s.required for s in silent) or len(silent) == len(coverage)):
        return "source_down", _named(silent, "never answered")
    return None


def _named(sources: Sequence[Coverage], what: str) -> str:
    """Name sources and why they are missing, each reason once."""
    names: dict[str, list[str]] = {}
    for each in sources:
        names.setdefault(each.reason, []).append(each.source)
    return "; ".join(
        f"source{'s' if len(several) > 1 else ''} {' and '.join(several)} {what}: {reason}"
        for reason, several in names.items()
    )


def _ruled_out(findings: Sequence[Finding]) -> bool:
    """Every rule could judge and is calm, and the one that can rule harm out has."""
    calm = all(finding.ready and not finding.harm for finding in findings)
    return calm and any(finding.ruled_out for finding in findings)


def _hopeless(findings: Sequence[Finding]) -> bool:
    return bool(findings) and all(finding.code == "baseline_too_small" for finding in findings)


def _numbers(tally: Tally) -> str:
    if tally.share_after is None:
        return f"no mention since the deploy, {mentions(tally.mentions_baseline)} before it"
    after = f"{percent(tally.share_after)} of {mentions(tally.mentions_post)} since the deploy are negative"
    if tally.share_before is None:
        return f"{after}, none before it to compare with"
    return f"{after}, {percent(tally.share_before)} of {tally.mentions_baseline:,} before"
