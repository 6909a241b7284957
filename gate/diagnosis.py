"""What ``gate doctor`` tries: every part a run needs, for real, each with one cheap call."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate import wiring, wiring_scorers
from gate.decide import words
from gate.errors import GateError
from gate.model import Check, Cost
from gate.policy import format_duration, resolve_secret
from gate.policy.secrets import references
from gate.ports import Checkable
from gate.report import costs
from gate.report.content import count
from gate.wiring_actions import open_action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gate.model import Rate
    from gate.policy import ActionSpec, Policy, SourceSpec
    from gate.ports import Clock

MOST_RUNS = 1000
"""Recorded runs are counted up to here."""
PROBE = "I love it, but it crashes since the update"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One check of one part."""

    part: str
    """``policy``, ``store``, ``scorer``, the name of a source, or an action."""
    check: Check
    required: bool = True
    """Whether a run cannot pass without it."""


def diagnose(policy: Policy, clock: Clock, environ: Mapping[str, str], store: str | None) -> list[Diagnosis]:
    """Try everything and report; nothing raises, as the report is the point."""
    heard = list(_sources(policy, clock, environ))
    return [
        Diagnosis("policy", Check("valid", ok=True, detail=f"{policy.path}, {count(len(policy.rules), 'rule')}")),
        *_clock(clock),
        *_store(clock, environ, store),
        *_scorer(policy, clock, environ),
        *heard,
        *forecast(policy, _rates(heard)),
        *_actions(policy, clock, environ),
    ]


def _rates(heard: Sequence[Diagnosis]) -> Mapping[str, Sequence[Rate]]:
    rates: dict[str, list[Rate]] = {}
    for each in heard:
        if each.check.rate:
            rates.setdefault(each.part, []).append(each.check.rate)
    return rates


def forecast(policy: Policy, rates: Mapping[str, Sequence[Rate]]) -> Iterator[Diagnosis]:
    """Say what a whole run will bring and cost, by what its sources have delivered lately.

    Args:
        policy: of the run.
        rates: of the sources that know, by name; several for one that asks several servers.
    """
    window, hour = policy.window, timedelta(hours=1)
    looks = math.ceil((window.length - window.settle) / window.every) + 1
    before = timedelta(0) if policy.baseline.file else policy.baseline.length
    total, specs = Cost(), (*policy.sources, *policy.control)
    for spec in specs:
        cost = Cost()
        for rate in rates.get(spec.name, ()):
            expected = (rate.mentions_per_hour or 0.0) * ((window.length + before) / hour)
            cost += _times(rate.look, looks + bool(before)) + _times(rate.mention, expected)
        yield from _requests(spec, rates.get(spec.name, ()), looks, window.every)
        yield from _budget(spec, cost)
        total += cost
    unknown = [spec.name for spec in specs if spec.name not in rates]
    plan = f"{count(looks, 'look')}" + (f" and a baseline of {format_duration(before)}" if before else "")
    free = all(rate.free for spec in specs for rate in rates.get(spec.name, ())) and len(unknown) < len(specs)
    said = f"{plan}: about {costs.cost(total) or 'nothing'}" + (", free" if free and total.requests else "")
    said += f"; not counted: {', '.join(unknown)}" if unknown else ""
    yield Diagnosis("run", Check("cost", ok=True, detail=said), required=False)
    known = {
        spec.name: sum(each.mentions_per_hour or 0.0 for each in rates[spec.name])
        for spec in policy.sources
        if any(each.mentions_per_hour is not None for each in rates.get(spec.name, ()))
    }
    if known:
        mentions = sum(known.values()) * (window.length / hour)
        yield Diagnosis("run", _volume(policy, mentions, whole=len(known) == len(policy.sources)), required=False)


def _requests(spec: SourceSpec, rates: Sequence[Rate], looks: int, every: timedelta) -> Iterator[Diagnosis]:
    """Say how often a run asks a source, against what it allows: ``45 looks × 2 requests = 90, 10 of 300 per 5m; free``."""
    for rate, servers in Counter(rates).items():
        each = rate.look.requests
        said = f"{count(looks, 'look')} × {count(each, 'request')} = {looks * each:,}" if each else "no requests"
        said += f" at each of {servers} servers" if servers > 1 else ""
        fits = True
        if each and rate.allowed:
            most, per = rate.allowed.requests, rate.allowed.per
            busiest = min(looks, math.ceil(per / every)) * each
            fits = busiest <= most
            said += f", {busiest:,} of {most:,} per {format_duration(per)}"
        paid = rate.look.usd or rate.mention.usd
        said += "; free" if rate.free else "; its reads are paid for" if paid else ""
        fix = "" if fits else "look less often (window.every), or get a key that allows more"
        yield Diagnosis(spec.name, Check("requests", ok=fits, detail=said, fix=fix), required=False)


def _volume(policy: Policy, mentions: float, *, whole: bool) -> Check:
    length, needed = policy.window.length, policy.minimum.mentions
    seen = (
        f"{'about' if whole else 'at least'} {words.mentions(round(mentions))} in a window of {format_duration(length)}"
    )
    if mentions >= needed or not whole:
        return Check("volume", ok=True, detail=f"{seen}, going by what the sources had lately; minimum {needed:,}")
    detail = f"{seen}, going by what the sources had lately, and the policy's minimum is {needed:,}: INCONCLUSIVE"
    longer = format_duration(_whole_hours(length * (needed / mentions))) if mentions else ""
    longer = f"watch longer (window.length: {longer}), " if longer else ""
    return Check("volume", ok=False, detail=detail, fix=f"{longer}add a source, or lower minimum.mentions")


def _budget(spec: SourceSpec, cost: Cost) -> Iterator[Diagnosis]:
    budget = spec.budget
    reads = min((each for each in (budget.reads, budget.reads_per_day) if each), default=None) if budget else None
    usd = min((each for each in (budget.usd, budget.usd_per_day) if each), default=None) if budget else None
    if (reads and cost.reads > reads) or (usd and cost.usd > usd):
        allowed = ", ".join([f"{reads:,} reads"] * bool(reads) + [f"US$ {usd or 0:,.2f}"] * bool(usd))
        detail = f"a run takes about {costs.cost(cost)}, the budget is {allowed}: the source will be incomplete"
        fix = "raise the budget, narrow the query, or shorten the baseline"
        yield Diagnosis(spec.name, Check("budget", ok=False, detail=detail, fix=fix), required=False)


def _times(cost: Cost, number: float) -> Cost:
    return Cost(round(cost.requests * number), round(cost.reads * number), round(cost.usd * number, 2))


def _whole_hours(length: timedelta) -> timedelta:
    return timedelta(hours=math.ceil(length / timedelta(hours=1)))


def _clock(clock: Clock) -> Iterator[Diagnosis]:
    now = clock.now()
    yield Diagnosis("clock", Check("time", ok=True, detail=f"{now:%Y-%m-%d %H:%M:%S} UTC"))


def _store(clock: Clock, environ: Mapping[str, str], store: str | None) -> Iterator[Diagnosis]:
    try:
        with wiring.open_store(store, clock, environ) as (log, _):
            found, where = len(log.runs(limit=MOST_RUNS)), log.name
        recorded = count(found, "run") if found < MOST_RUNS else f"{found:,} runs or more"
        yield Diagnosis("store", Check("run log", ok=True, detail=f"{where} is open, {recorded} recorded"))
    except GateError as fault:
        yield Diagnosis("store", Check("run log", ok=False, detail=fault.message, fix=fault.hint))


def _scorer(policy: Policy, clock: Clock, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    try:
        for route in wiring_scorers.build_routes(
            policy.scorer, wiring_scorers.scorer_context(policy, clock, environ)
        ).routes:
            (score,) = route.scorer.score([PROBE])
            reads = ", ".join(sorted(route.scorer.languages())) or "any language"
            detail = f"reads {reads}" if score is None else f"reads {reads}; the probe scored {score.score:+.2f}"
            yield Diagnosis("scorer", Check(route.name, ok=score is not None, detail=detail))
    except GateError as fault:
        yield Diagnosis("scorer", Check(policy.scorer.type, ok=False, detail=fault.message, fix=fault.hint))


def _sources(policy: Policy, clock: Clock, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    for spec in (*policy.sources, *wiring.baseline_sources(policy), *policy.control):
        try:
            with wiring.open_sources(policy, [spec], clock, environ) as (listener,):
                for check in listener.source.check():
                    yield Diagnosis(spec.name, check, spec.required)
        except GateError as fault:
            yield Diagnosis(spec.name, Check("open", ok=False, detail=fault.message, fix=fault.hint), spec.required)


def _actions(policy: Policy, clock: Clock, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """See whether they could be done: a rollback that lacks its token is found out about when it is needed."""
    for moment, specs in policy.actions.items():
        for spec in specs:
            checks = [_secret(moment, each, environ) for each in references(spec.options)]
            if all(each.ok for each in checks):
                checks += _ready(policy, spec, clock, environ)
            yield from (Diagnosis(f"action {spec.type}", each, required=False) for each in checks)


def _secret(moment: str, reference: str, environ: Mapping[str, str]) -> Check:
    try:
        resolve_secret(reference, environ)
    except GateError as fault:
        return Check(moment, ok=False, detail=fault.message, fix=fault.hint)
    return Check(moment, ok=True, detail=f"{reference[2:-1]} is set")


def _ready(policy: Policy, spec: ActionSpec, clock: Clock, environ: Mapping[str, str]) -> list[Check]:
    with closing(open_action(policy, spec, clock, environ)) as action:
        return [*action.check()] if isinstance(action, Checkable) else []
