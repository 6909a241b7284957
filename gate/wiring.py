"""Builds live objects from a policy: the only file that names both ends."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from gate import plugins
from gate.decide import Decider, Keyword
from gate.engine import Parts, Watch
from gate.errors import UsageFault
from gate.foreground import Run
from gate.listening import Listener
from gate.model import Release
from gate.policy import SourceSpec, load_text, resolve_secret
from gate.ports import SourceContext
from gate.reading import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gate.evidence import PackContents
    from gate.foreground import RunLog
    from gate.model import Verdict
    from gate.policy import Policy
    from gate.ports import Clock, Scorer, Source
    from gate.store import Store

    AuthorHash = Callable[[str, str], str]
    """From source and author to a keyed hash."""

FUTURE = timedelta(minutes=5)
"""A deploy time this far ahead is put down to clocks that differ."""
_CONTROL = re.compile("[\x7f-\x9f]")
CYCLES = {"none": None, "hour-of-day": timedelta(hours=24), "hour-of-week": timedelta(days=7)}


def release_of(policy: Policy, deployed_at: datetime, now: datetime, *, stream: str = "") -> Release:
    """Work out the periods to compare.

    Raises:
        UsageFault: the deploy lies in the future.
    """
    if deployed_at > now + FUTURE:
        ahead = str(deployed_at - now).split(".", maxsplit=1)[0]
        message = f"the deploy time {deployed_at.isoformat()} is {ahead} in the future"
        raise UsageFault(message, hint="start the gate after the deploy, or check the time zone of --deployed-at")
    return Release(
        name=policy.release,
        deployed_at=deployed_at,
        baseline_from=deployed_at - policy.baseline.length,
        baseline_to=deployed_at,
        window_to=deployed_at + policy.window.length,
        stream=stream,
    )


def build_scorer(name: str, options: object) -> Scorer:
    """Load a scorer by the name users write."""
    scorer: Scorer = plugins.load("scorers", name).Scorer(options)
    return scorer


def default_options(kind: plugins.Kind, name: str) -> object:
    """Return the options of a plug that is asked for by name alone."""
    options: object = plugins.load(kind, name).Options()
    return options


@contextmanager
def open_sources(
    policy: Policy, specs: Sequence[SourceSpec], clock: Clock, environ: Mapping[str, str], *, stream: str = ""
) -> Iterator[list[Listener]]:
    """Build the sources of a policy; they are closed when the block ends."""
    listeners: list[Listener] = []
    try:
        for spec in specs:
            context = SourceContext(
                name=spec.name,
                release=policy.release,
                folder=policy.folder,
                stream=stream,
                secret=lambda reference: resolve_secret(reference, environ),
                clock=clock,
            )
            source: Source = plugins.load("sources", spec.type).Source(spec.options, context)
            listeners.append(Listener(spec.name, spec.required, source))
        yield listeners
    finally:
        for listener in listeners:
            listener.source.close()


@contextmanager
def open_run(
    policy: Policy,
    release: Release,
    *,
    log: RunLog,
    clock: Clock,
    environ: Mapping[str, str],
    hash_author: AuthorHash,
) -> Iterator[Run]:
    """Build one run in the foreground; its sources are closed when the block ends."""
    plan = Plan(
        release=release,
        settle=policy.window.settle,
        every=policy.window.every,
        filters=policy.filters,
        phrases=tuple(phrase for rule in policy.rules if isinstance(rule, Keyword) for phrase in rule.any),
        match=CYCLES[policy.baseline.match],
        keep_text=policy.keep_text,
    )
    before = baseline_sources(policy)
    with (
        open_sources(policy, policy.sources, clock, environ, stream=release.stream) as listeners,
        open_sources(policy, before, clock, environ, stream=release.stream) as baseline_listeners,
    ):
        parts = Parts(
            listeners=listeners,
            baseline_listeners=baseline_listeners or None,
            scorer=build_scorer(policy.scorer.type, policy.scorer.options),
            decider=Decider(policy.decision_rules()),
            clock=clock,
            hash_author=hash_author,
        )
        yield Run(policy, release, Watch(plan, parts), log)


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
    # YAML refuses control characters that JSON allows as they are.
    readable = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", pack.policy_json)
    decider = Decider(load_text(readable, path="policy.json").decision_rules())
    for scored in pack.baseline.kept:
        decider.fold_baseline(scored)
    verdict = pack.verdict
    for look in pack.looks:
        for scored in look.kept:
            decider.fold(scored)
        verdict = decider.decide(at=look.at, closed=look.closed, coverage=look.coverage)
    return verdict
