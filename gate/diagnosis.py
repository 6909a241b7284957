"""What ``gate doctor`` tries: every part a run needs, for real, each with one cheap call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate import wiring
from gate.errors import GateError
from gate.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.policy import Policy
    from gate.ports import Clock

PROBE = "I love it, but it crashes since the update"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One check of one part."""

    part: str
    """``policy``, ``store``, ``scorer`` or the name of a source."""
    check: Check
    required: bool = True
    """Whether a run cannot pass without it."""


def diagnose(policy: Policy, clock: Clock, environ: Mapping[str, str], store: str | None) -> list[Diagnosis]:
    """Try everything and report; nothing raises, as the report is the point."""
    return [
        Diagnosis("policy", Check("valid", ok=True, detail=f"{policy.path}, {len(policy.rules)} rules")),
        *_clock(clock),
        *_store(clock, environ, store),
        *_scorer(policy, clock, environ),
        *_sources(policy, clock, environ),
    ]


def _clock(clock: Clock) -> Iterator[Diagnosis]:
    now = clock.now()
    yield Diagnosis("clock", Check("time", ok=True, detail=f"{now:%Y-%m-%d %H:%M:%S} UTC"))


def _store(clock: Clock, environ: Mapping[str, str], store: str | None) -> Iterator[Diagnosis]:
    try:
        with wiring.open_store(store, clock, environ) as (log, _):
            count = len(log.runs(limit=1000))
        yield Diagnosis("store", Check("run log", ok=True, detail=f"open, {count} runs recorded"))
    except GateError as fault:
        yield Diagnosis("store", Check("run log", ok=False, detail=fault.message, fix=fault.hint))


def _scorer(policy: Policy, clock: Clock, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    try:
        for route in wiring.build_routes(policy.scorer, wiring.scorer_context(policy, clock, environ)).routes:
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
