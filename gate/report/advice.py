"""What to do about a verdict, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Decision, Outcome

if TYPE_CHECKING:
    from gate.model import Verdict
    from gate.report.content import Report

BY_A_PERSON = {"approved": "Go on with {name}", "rejected": "Roll back {name}, or stop it where it is"}
"""Code of a verdict that a person gave, which counts in a dry run too."""
MISSING = {
    "too_few_mentions": "Watch longer (window.length), add a source, or lower minimum if few people write about you.",
    "baseline_too_small": "Give the comparison more to stand on: a longer baseline.length, or a recorded baseline.",
    "control_too_thin": "Watch longer, name a control that more people write about, or take it out.",
    "control_rose_too": "Users elsewhere are as unhappy: find out with what, and run the gate again when that is over.",
    "control_surged_too": "Users elsewhere complain as much more: find out of what, and run the gate again when that is over.",
    "source_incomplete": "Find out what the source needs with `gate doctor`, then run the gate again.",
}


def order(verdict: Verdict) -> str:
    """Return what the pipeline is told."""
    if verdict.dry_run and verdict.outcome is not Outcome.PASS and verdict.code not in BY_A_PERSON:
        return "promote the release anyway (dry run)"
    return {
        Decision.PROMOTE: "promote the release",
        Decision.HOLD: "hold the rollout",
        Decision.HALT: "halt the rollout",
    }[verdict.decision]


def advice(report: Report) -> list[str]:
    """Return what to do now, the first thing first."""
    verdict = report.verdict
    name = (report.release and report.release.name) or "the release"
    if verdict.code in BY_A_PERSON:
        return [f"{BY_A_PERSON[verdict.code].format(name=name)}: a person has decided."]
    if verdict.dry_run and verdict.outcome is not Outcome.PASS:
        return ["Dry run: the pipeline goes on whatever users say. Remove dry_run to let this verdict count."]
    if verdict.outcome is Outcome.FAIL:
        if verdict.decision is Decision.HALT:
            return [f"Roll back {name}, or stop it where it is."]
        return [f"Keep {name} where it is until somebody has read what users write; then promote or roll back."]
    if verdict.outcome is Outcome.INCONCLUSIVE:
        told = (
            f"The policy says {verdict.decision.value} when inconclusive; a person who knows more may decide otherwise."
        )
        return [MISSING.get(verdict.code, "See above what is missing; mend that and run the gate again."), told]
    if verdict.outcome is Outcome.ERROR:
        return ["This says nothing about the release: users were not heard.", *_mend(verdict)]
    if verdict.outcome is Outcome.WAITING:
        closes = f" until {report.release.window_to:%Y-%m-%d %H:%M:%S} UTC" if report.release else ""
        return [f"Nothing to do: the gate watches{closes}."]
    unheard = [source.source for source in verdict.coverage if not source.complete]
    return [f"Go on with {name}."] + ([f"Not fully heard, so not known: {', '.join(unheard)}."] if unheard else [])


def _mend(verdict: Verdict) -> list[str]:
    broken = [source for source in verdict.coverage if source.required and not source.complete]
    whys = [(source.source, source.hint or source.reason or "it did not answer") for source in broken]
    named = [f"Mend source {name}: {why}{'' if why.endswith(('.', '?', '!')) else '.'}" for name, why in whys]
    return [*named, "`gate doctor` tries every source and says the fix; then run the gate again."]
