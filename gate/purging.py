"""Forgetting who wrote what: in the run log and in evidence packs, by age, id, author, or as the platform asks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gate import evidence, plugins, wiring
from gate.errors import SourceFault
from gate.model import Budget, Cost
from gate.ports import Deletions
from gate.spending import Purse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gate.model import Dropped, Room, Scored
    from gate.policy import Policy, SourceSpec
    from gate.ports import Clock, Ledger
    from gate.store import Chosen, Store

AT_ONCE = 100
"""Ids that a platform is asked about in one go."""
MORE = "raise the budget of this source, or purge by age (--older-than); the next purge asks about others"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one source said of the mentions it once delivered."""

    source: str
    known: int
    """Mentions that are kept of it."""
    asked: int = 0
    gone: int = 0
    unanswered: int = 0
    """Asked about, and neither there nor gone."""
    cost: Cost = field(default_factory=Cost)
    trouble: str = ""
    """Why not all were asked about."""
    hint: str = ""
    required: bool = True
    """Whether the trouble must be mended; a source that cannot tell never could."""


@dataclass(slots=True)
class Purged:
    """What was forgotten, or would be."""

    dry_run: bool
    runs: dict[str, int] = field(default_factory=dict)
    """Mentions by run of the log."""
    packs: dict[str, int] = field(default_factory=dict)
    """Mentions by evidence pack."""
    sources: list[Asked] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a source could not say all that it was asked."""
        return any(each.trouble and each.required for each in self.sources)


def purge(
    chosen: Chosen, why: str, *, store: Store, packs: Sequence[Path], clock: Clock, done: Purged
) -> Iterator[str]:  # fmt: skip
    """Forget what was chosen; yield the name of each run and pack as it is done, and count it in ``done``.

    Raises:
        StoreFault: the run log cannot be written.
        EvidenceFault: a folder is no evidence pack, was changed, or cannot be written.
    """
    found = store.choose(chosen).items() if done.dry_run else store.forget(chosen, why)
    for run_id, number in found:
        done.runs[run_id] = done.runs.get(run_id, 0) + number
        yield run_id
    fits = _fits(chosen)
    for folder in packs:
        if done.dry_run:
            number = sum(map(fits, evidence.mentions_of(folder)))
        else:
            number = evidence.forget(folder, fits, (clock.now(), why), wiring.decide_again)
        done.packs[str(folder)] = done.packs.get(str(folder), 0) + number
        yield str(folder)


def ask(
    policy: Policy, spec: SourceSpec, ids: Sequence[str], *, ledger: Ledger, clock: Clock, environ: Mapping[str, str]
) -> Iterator[tuple[Asked, frozenset[str]]]:  # fmt: skip
    """Ask a source which of its mentions are gone, within its budget; yield after each step what it said so far.

    What a step cost is booked before the next one, and what was said before a failure holds. The limits of the day are
    those of all runs; a purge is a run of its own for the others. The ids are asked about in random order, so that a
    budget that ends early does not leave out the same ones each time.

    Args:
        policy: whose source it is.
        spec: the source.
        ids: of the mentions that are kept of it.
        ledger: where the cost is booked.
        clock: for its deadlines.
        environ: where its secrets are.

    Raises:
        Cancelled: told to stop; what was yielded holds.
    """
    left, said, lost = random.sample(ids, len(ids)), Asked(spec.name, len(ids)), frozenset[str]()
    purse = Purse(spec.budget or Budget(), spec.account, ledger)
    with wiring.open_sources(policy, [spec], clock, environ) as (listener,):
        source = listener.source
        if not isinstance(source, Deletions):
            yield _deaf(spec, ids), lost
            return
        while left:
            now = clock.now()
            room = purse.room(now, now + timedelta(days=1))
            number = _affordable(room, said)
            if not number:
                why = room.spent or f"what is left of the budget {room.whose} buys nothing more"
                yield replace(said, trouble=why, hint=MORE), lost
                return
            some, left = left[:number], left[number:]
            try:
                answer = source.gone(some)
            except SourceFault as fault:
                yield replace(said, trouble=fault.message, hint=fault.hint), lost
                return
            purse.pay(answer.cost, clock.now())
            lost |= answer.ids
            unanswered, cost = said.unanswered + answer.unanswered, said.cost + answer.cost
            said = replace(said, asked=said.asked + number, gone=len(lost), unanswered=unanswered, cost=cost)
            yield said, lost


def _affordable(room: Room, said: Asked) -> int:
    """Return how many ids may be asked about next; a platform bills at most each of them."""
    most = 0 if room.spent else AT_ONCE if room.reads is None else min(AT_ONCE, room.reads)
    if room.usd is None or not most:
        return most
    if not said.cost.reads:
        # The price shows with the first post that is billed: until then, twice as many each time.
        return min(most, said.asked or 1)
    price = said.cost.usd / said.cost.reads
    return min(most, int(room.usd / price + 1e-9)) if price else most


def would_ask(spec: SourceSpec, ids: Sequence[str]) -> Asked:
    """Say what ``ask`` would ask about, without opening the source: it needs no key."""
    tells = issubclass(plugins.load("sources", spec.type).Source, Deletions)
    return Asked(spec.name, len(ids)) if tells else _deaf(spec, ids)


def _deaf(spec: SourceSpec, ids: Sequence[str]) -> Asked:
    why = "it cannot tell which posts are gone"
    return Asked(spec.name, len(ids), trouble=why, hint="purge by age (--older-than)", required=False)


def kept_ids(store: Store, packs: Sequence[Path], source: str) -> list[str]:
    """Return the ids of a source's mentions that are in the run log or in a pack."""
    inside = (each.id for folder in packs for each in evidence.mentions_of(folder) if each.source == source)
    return sorted({*store.known_ids(source), *inside})


def sources_of(store: Store, packs: Sequence[Path]) -> list[str]:
    """Return the names of all sources of which mentions are kept."""
    return sorted({*store.sources(), *(each.source for folder in packs for each in evidence.mentions_of(folder))})


def _fits(chosen: Chosen) -> Callable[[Scored | Dropped], bool]:
    def fits(mention: Scored | Dropped) -> bool:
        if chosen.source and mention.source != chosen.source:
            return False
        at: datetime | None = mention.seen_at or mention.created_at
        old = chosen.before is not None and at is not None and at < chosen.before
        return old or mention.id in chosen.ids or bool(mention.author and mention.author in chosen.authors)

    return fits
