"""Builds live objects from a policy: the only file that names both ends; the scorers, in ``wiring_scorers``."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from gate import plugins
from gate.decide import Decider, Keyword
from gate.engine import Parts, Watch
from gate.errors import EvidenceFault, UsageFault
from gate.foreground import Run
from gate.listening import Listener
from gate.model import NOTHING, Release
from gate.policy import SourceSpec, format_duration, load_text, resolve_secret
from gate.ports import SourceContext
from gate.reading import Plan
from gate.spending import Purse, Unrecorded
from gate.wiring_scorers import build_routes, densities_of, scorer_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gate.evidence import PackContents
    from gate.foreground import RunLog
    from gate.model import Verdict
    from gate.policy import Policy
    from gate.ports import Clock, Ledger, Source
    from gate.sharing import Pool
    from gate.store import Store

    AuthorHash = Callable[[str, str], str]
    """From source and author to a keyed hash."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the runs of one machine have in common."""

    ledger: Ledger
    """What they spend in a day: the run log, or whatever outlives them."""
    pool: Pool | None = None
    """Sources that they share, where several run in one process."""
    public_only: bool = False
    """Whether they may connect to public addresses only: their policies came from callers."""


FUTURE = timedelta(minutes=5)
"""A deploy time this far ahead is put down to clocks that differ."""
_CONTROL = re.compile("[\x7f-\x9f]")


def release_of(policy: Policy, deployed_at: datetime, now: datetime, *, stream: str = "") -> Release:
    """Work out the periods to compare.

    Raises:
        UsageFault: the deploy lies in the future, or the baseline not in the past.
    """
    if deployed_at > now + FUTURE:
        ahead = format_duration(timedelta(minutes=(deployed_at - now) // timedelta(minutes=1)))
        message = f"the deploy time {deployed_at:%Y-%m-%d %H:%M:%S} UTC is {ahead} in the future"
        raise UsageFault(message, hint="start the gate after the deploy, or check the time zone of --deployed-at")
    try:
        start, end = policy.baseline.span(deployed_at)
    except ValueError as fault:
        hint = "name the deploy time of a release before this one, or check --deployed-at"
        raise UsageFault(str(fault), hint=hint) from fault
    except OverflowError as fault:
        message = "the baseline reaches back before the year 1"
        raise UsageFault(message, hint="write a shorter baseline.length") from fault
    return Release(
        name=policy.release,
        deployed_at=deployed_at,
        baseline_from=start,
        baseline_to=end,
        window_to=deployed_at + policy.window.length,
        stream=stream,
    )


@contextmanager
def open_sources(  # noqa: PLR0913 - all but the first by name
    policy: Policy,
    specs: Sequence[SourceSpec],
    clock: Clock,
    environ: Mapping[str, str],
    *,
    stream: str = "",
    control: bool = False,
    shared: Shared | None = None,
) -> Iterator[list[Listener]]:
    """Build the sources of a policy; they are closed when the block ends."""
    listeners: list[Listener] = []
    shared = shared or Shared(Unrecorded())
    pool = shared.pool
    try:
        for spec in specs:
            context = SourceContext(
                name=spec.name,
                release="" if control else policy.release,
                folder=policy.folder,
                stream=stream,
                secret=lambda reference: resolve_secret(reference, environ),
                clock=clock,
                window=policy.window.length,
                public_only=shared.public_only,
            )
            make: Callable[[], Source] = partial(plugins.load("sources", spec.type).Source, spec.options, context)
            source = pool.join(_asked(spec, context), spec.name, make, clock) if pool else make()
            purse = Purse(spec.budget, spec.account, shared.ledger) if spec.budget else None
            listeners.append(Listener(spec.name, spec.required, source, control, purse, shared=pool is not None))
        yield listeners
    finally:
        for listener in listeners:
            listener.source.close()


def _asked(spec: SourceSpec, context: SourceContext) -> str:
    """Say what is asked and of whom: sources of which this is the same may share their polls."""
    options = {name: value for name, value in spec.to_plain().items() if name not in {"name", "required", "budget"}}
    # What a caller's policy may not reach, it must not hear from the poll of one that may.
    where = [context.release, context.stream, str(context.folder), context.public_only]
    return json.dumps([options, *where], sort_keys=True)


@contextmanager
def open_run(  # noqa: PLR0913 - all but the first by name
    policy: Policy,
    release: Release,
    *,
    log: RunLog,
    clock: Clock,
    environ: Mapping[str, str],
    hash_author: AuthorHash,
    shared: Shared | None = None,
    labels: Mapping[str, str] = NOTHING,
) -> Iterator[Run]:
    """Build one run in the foreground; its sources are closed when the block ends.

    ``shared`` is what it has in common with other runs; without it, its budgets of the day begin at nothing.
    """
    plan = replace(plan_of(policy, release), emotions=True)
    before = baseline_sources(policy)
    with (
        open_sources(policy, policy.sources, clock, environ, stream=release.stream, shared=shared) as listeners,
        open_sources(policy, before, clock, environ, stream=release.stream, shared=shared) as baseline_listeners,
        open_sources(policy, policy.control, clock, environ, control=True, shared=shared) as controls,
    ):
        parts = Parts(
            listeners=listeners,
            baseline_listeners=baseline_listeners or None,
            scorer=build_routes(policy.scorer, scorer_context(policy, clock, environ)),
            decider=Decider(policy.decision_rules(), release, densities_of(policy.scorer.type)),
            clock=clock,
            hash_author=hash_author,
            controls=controls,
        )
        yield Run(policy, release, Watch(plan, parts), log, labels)


def plan_of(policy: Policy, release: Release) -> Plan:
    """Return what the engine needs to know of a policy."""
    return Plan(
        release=release,
        settle=policy.window.settle,
        every=policy.window.every,
        filters=policy.filters,
        phrases=tuple(phrase for rule in policy.rules if isinstance(rule, Keyword) for phrase in rule.any),
        match=policy.baseline.cycle,
        keep_text=policy.keep_text,
    )


def readable_policy(policy_json: str) -> str:
    """Return an effective policy, which is JSON, so that it reads back: YAML refuses some characters as they are."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", policy_json)


def baseline_sources(policy: Policy) -> tuple[SourceSpec, ...]:
    """Return the file a policy names for its baseline, as a source; nothing if it names none."""
    if not policy.baseline.file:
        return ()
    options = plugins.load("sources", "file").Options(path=policy.baseline.file)
    return (SourceSpec(type="file", name="baseline", required=True, options=options, line=0),)


@contextmanager
def open_store(url: str | None, clock: Clock, environ: Mapping[str, str]) -> Iterator[tuple[Store, AuthorHash]]:
    """Open the run log and the key that hides authors in it; closed when the block ends."""
    from gate.store import Store, author_key, default_url, hash_author, key_folder

    where = url or default_url(environ)
    with Store(where, clock) as store:
        key = author_key(key_folder(where, environ), environ)
        yield store, lambda source, author: hash_author(key, source, author)


def decide_again(pack: PackContents) -> Verdict:
    """Make the decision of an evidence pack again, from its effective policy and recorded mentions."""
    policy = load_text(readable_policy(pack.policy_json), path="policy.json")
    decider = Decider(policy.decision_rules(), pack.release, densities_of(policy.scorer.type))
    for scored in pack.baseline.kept:
        decider.fold_baseline(scored)
    verdict = None
    for look in pack.looks:
        for scored in look.kept:
            decider.fold(scored)
        for dropped in look.dropped:
            decider.fold_dropped(dropped)
        verdict = decider.decide(at=look.at, closed=look.at >= pack.release.window_to, coverage=look.coverage)
        if verdict != look.verdict:
            message = f"look {look.number} does not come to what is recorded of it"
            raise EvidenceFault(message)
    if verdict is None:
        message = "it holds no look, so nothing was ever decided"
        raise EvidenceFault(message)
    return verdict
