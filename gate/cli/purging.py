"""What ``gate purge`` does with what it was told, and how it says so."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from gate import policy, purging, wiring
from gate.cli.terminal import Unheard, say, show
from gate.clock import SystemClock
from gate.decide.words import mentions
from gate.errors import Cancelled
from gate.http import go_on, stoppable
from gate.report import costs, safe
from gate.report.content import count
from gate.store import Chosen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from gate.ports import Clock
    from gate.purging import Asked, Purged
    from gate.store import Store

DELETED = "deleted on the platform"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line said."""

    age: timedelta | None
    ids: tuple[str, ...]
    authors: tuple[str, ...]
    source: str
    sync: bool
    policy: Path
    packs: tuple[Path, ...]
    dry_run: bool = False


def purge(wanted: Wanted, store: str | None, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Forget, print what was forgotten, and return the exit code.

    Raises:
        Cancelled: told to stop; what was done until then is done, and printed.
    """
    clock, done = SystemClock(), purging.Purged(wanted.dry_run)
    with wiring.open_store(store, clock, environ) as (log, hash_author):
        stop = None
        try:
            with stoppable():
                if wanted.age is not None or wanted.ids or wanted.authors:
                    named = [wanted.source] if wanted.source else purging.sources_of(log, wanted.packs)
                    hashes = frozenset(hash_author(name, author) for name in named for author in wanted.authors)
                    before = clock.now() - wanted.age if wanted.age is not None else None
                    chosen = Chosen(frozenset(wanted.ids), hashes, before, wanted.source)
                    for _ in purging.purge(chosen, _why(wanted), store=log, packs=wanted.packs, clock=clock, done=done):
                        go_on()
                if wanted.sync:
                    _sync(wanted, log, clock, environ, done)
        except Cancelled as told:
            stop = told
    if as_json:
        show(safe.json(done))
    else:
        say("\n".join(_told(done)))
    if stop:
        stop.hint = "what was forgotten until now stays so; the same command goes on with the rest"
        raise stop
    return 12 if done.failed else 0


def _sync(wanted: Wanted, log: Store, clock: Clock, environ: Mapping[str, str], done: Purged) -> None:
    rules = policy.load(wanted.policy)
    for spec in (*rules.sources, *rules.control):
        ids = purging.kept_ids(log, wanted.packs, spec.name)
        if (wanted.source and spec.name != wanted.source) or not ids:
            continue
        if wanted.dry_run:
            done.sources.append(purging.would_ask(spec, ids))
            continue
        done.sources.append(purging.Asked(spec.name, len(ids)))
        gone = frozenset[str]()
        hidden = not Unheard(sys.stderr).isatty()
        try:
            with click.progressbar(length=len(ids), label=f"asking {spec.name}", hidden=hidden, file=sys.stderr) as bar:
                for said, found in purging.ask(rules, spec, ids, ledger=log, clock=clock, environ=environ):
                    bar.update(said.asked - done.sources[-1].asked)
                    done.sources[-1], gone = said, found
        except Cancelled:
            done.sources[-1] = replace(done.sources[-1], trouble="told to stop")
            raise
        finally:
            # It was paid for, so it is forgotten, whatever came after.
            chosen = Chosen(gone, source=spec.name)
            tuple(purging.purge(chosen, DELETED, store=log, packs=wanted.packs, clock=clock, done=done))


def _why(wanted: Wanted) -> str:
    parts = [f"older than {policy.format_duration(wanted.age)}"] if wanted.age is not None else []
    parts += ["by id"] if wanted.ids else []
    parts += ["by author"] if wanted.authors else []
    return ", ".join(parts)


def _told(done: Purged) -> list[str]:
    would = "would be " if done.dry_run else ""
    lines = [_asked(each, dry_run=done.dry_run) for each in done.sources]
    runs, packs = ({name: number for name, number in each.items() if number} for each in (done.runs, done.packs))
    lines += [f"run {name}: {mentions(number)} {would}forgotten" for name, number in sorted(runs.items())]
    lines += [f"pack {name}: {mentions(number)} {would}forgotten" for name, number in sorted(packs.items())]
    where = f"{count(len(runs), 'run')} and {count(len(packs), 'evidence pack')}"
    total = sum(runs.values()) + sum(packs.values())
    if not total:
        later = done.dry_run and any(not each.trouble for each in done.sources)
        return [*lines, "Nothing was asked yet." if later else "Nothing to forget."]
    kept = "; scores, times and hashes stay: `gate log --verify` and `gate replay` still hold"
    return [*lines, f"{mentions(total)} {would}forgotten, in {where}{kept}."]


def _asked(said: Asked, *, dry_run: bool) -> str:
    if dry_run and not said.trouble:
        return f"{said.source}: would be asked about {mentions(said.known)}"
    cost = costs.cost(said.cost)
    parts = [f"asked about {said.asked:,} of {mentions(said.known)}", f"{said.gone:,} gone"] if said.asked else []
    parts += [f"{said.unanswered:,} unanswered"] if said.unanswered else []
    parts += [cost] if cost else []
    parts += [f"not all: {said.trouble}" if said.asked else said.trouble] if said.trouble else []
    return f"{said.source}: {'; '.join(parts)}" + (f"\n  next: {said.hint}" if said.hint else "")
