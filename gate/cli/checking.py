"""The parts that ``gate check`` and ``gate demo`` share: from options to a printed verdict."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from gate import foreground, policy, wiring
from gate.ci import Progress
from gate.cli.percent import PercentView
from gate.cli.progress import choose
from gate.cli.terminal import style, tell
from gate.clock import SystemClock, cancellable
from gate.errors import GateError
from gate.model import NOTHING, Decision, Outcome
from gate.report import safe
from gate.report.content import Report, Sample
from gate.report.plain import plain
from gate.report.text import render
from gate.wiring_actions import labels_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from gate.ci import CI
    from gate.foreground import Record, View
    from gate.model import Look, Release
    from gate.policy import Overrides, Policy
    from gate.ports import Clock
    from gate.remembering import Baseline
    from gate.report.actions import Acted

MOST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said, beside the deploy time."""

    path: Path
    overrides: Overrides
    stream: str = ""
    evidence: Path | None = None
    force: bool = False
    store: str | None = None
    plain: bool = False
    as_json: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Of the run, over those that the pipeline gives it."""


def check(options: Options, deployed_at: datetime | timedelta, environ: Mapping[str, str], ci: CI | None = None) -> int:
    """Watch until the verdict, print it, tell the CI system, and return the exit code."""
    clock = SystemClock()
    if isinstance(deployed_at, timedelta):
        deployed_at = clock.now() - deployed_at
    view = choose(clock, plain=options.plain or options.as_json, environ=environ)
    if isinstance(ci, Progress):
        view = PercentView(view, ci)
    # What becomes of actions is told here; without a handler, Python would print each warning a second time.
    logging.getLogger("gate.acting").addHandler(logging.NullHandler())
    report, fault = _judge(options, deployed_at, clock, environ, view)
    try:
        _print(report, as_json=options.as_json)
    except OSError as trouble:
        # A reader that went away, a full disk: the verdict stands all the same.
        tell(f"gate: the report could not be printed: {trouble.strerror}\n  next: gate log {report.run}")
    for each in report.actions:
        if each.failed:
            tell(f"gate: the action {each.type} failed, the verdict stands: {each.said}\n  next: {each.hint}")
    if fault and report.verdict.outcome is not Outcome.FAIL:
        raise fault
    if fault:
        # The pipeline must learn that the release failed; that its record was lost comes second.
        tell(f"gate: {fault.message}\n  next: {fault.hint}")
    # The exit code is all that most pipelines act on: where the policy says promote, it says promote.
    status = 0 if report.verdict.decision is Decision.PROMOTE else report.verdict.outcome.exit_code
    if ci:
        ci.write(report, status)
    return status


def check_recorded(options: Options, deployed_at: datetime, environ: Mapping[str, str]) -> Report:
    """Judge a release whose window lies in the past, print the verdict alone, and return the report."""
    report, fault = _judge(options, deployed_at, SystemClock(), environ, Silent())
    _print(report, as_json=options.as_json)
    if fault:
        raise fault
    return report


class Silent:
    """Shows nothing: there is nothing to wait for."""

    def started(self, run_id: str, policy: Policy, release: Release) -> None:
        """Nothing."""

    def waits(self, why: str) -> None:
        """Nothing."""

    def heard_baseline(self, baseline: Baseline) -> None:
        """Nothing."""

    def looked(self, look: Look) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def _judge(
    options: Options, deployed_at: datetime, clock: Clock, environ: Mapping[str, str], view: View
) -> tuple[Report, GateError | None]:
    if options.evidence:
        # Before the watch, not after it: an hour's watching must not end in "that folder is in use".
        from gate import evidence

        evidence.check_target(options.evidence, replace=options.force)
    with cancellable():
        record, acted = _watch(options, deployed_at, clock, environ, view)
        fault = _write_evidence(options, record)
    pack = str(options.evidence) if options.evidence and not fault else ""
    # A URL with an @ may hold a password, and reports are read by many.
    store = options.store if options.store and "@" not in options.store else ""
    return replace(_report(record, pack, store), actions=acted), fault


def _watch(
    options: Options, deployed_at: datetime, clock: Clock, environ: Mapping[str, str], view: View
) -> tuple[Record, tuple[Acted, ...]]:
    rules = policy.load(options.path, overrides=options.overrides)
    release = wiring.release_of(rules, deployed_at, clock.now(), stream=options.stream)
    with (
        wiring.open_store(options.store, clock, environ) as (store, hash_author),
        wiring.open_run(
            rules,
            release,
            log=store,
            clock=clock,
            environ=environ,
            hash_author=hash_author,
            shared=wiring.Shared(store),
            labels={**labels_of(environ), **options.labels},
        ) as run,
    ):
        record = run.to_verdict(view)
        if not rules.actions:
            return record, ()
        from gate.cli.acting import act

        return record, act(record, store, clock, environ)


def _report(record: Record, pack: str, store: str) -> Report:
    return Report(
        verdict=record.verdict,
        release=record.release,
        run=record.run_id,
        store=store,
        evidence=pack,
        baseline=record.baseline.coverage,
        notes=tuple(dict.fromkeys([*record.baseline.notes, *(n for look in record.looks for n in look.notes)])),
        samples=_samples(record),
        moods=tuple(look.verdict.tally.mood_after for look in record.looks),
        emotions=Counter(scored.emotion for look in record.looks for scored in look.kept if scored.emotion),
    )


def _samples(record: Record) -> tuple[Sample, ...]:
    """Choose what to show of what users write: the least happy texts, where the policy keeps text."""
    kept = [scored for look in record.looks for scored in look.kept if scored.text is not None and not scored.control]
    kept.sort(key=lambda scored: (-scored.negative, scored.created_at, scored.id))
    return tuple(Sample(scored.score, scored.text or "") for scored in kept[:MOST_SAMPLES])


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(safe.json(plain(report)))
    else:
        click.echo(render(report, style(sys.stdout)), nl=False)


def _write_evidence(options: Options, record: Record) -> GateError | None:
    if record.fault or not options.evidence:
        return record.fault
    try:
        from gate import evidence

        evidence.write_pack(
            options.evidence,
            policy_text=record.policy.text,
            policy=record.policy.to_plain(),
            versions=foreground.versions_of(record.policy),
            release=record.release,
            baseline=record.baseline,
            looks=record.looks,
            replace=options.force,
        )
    except GateError as fault:
        return fault
    return None
