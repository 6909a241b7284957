"""A service without processes: orders, looks and callbacks, one after the other."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from gate.decide import Decider
from gate.engine import Parts, Watch
from gate.language import Routes
from gate.listening import Listener
from gate.policy import load_text
from gate.runs import Callback, Order, Runs
from gate.runs.delivering import Delivering
from gate.runs.watching import Vigil, Watching
from gate.spending import Purse
from gate.store.tables import journal
from gate.wiring import plan_of, release_of
from tests.support import DEPLOY, ListSource, WordScorer, mention

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gate.errors import GateError
    from gate.model import Budget, Mention, Release
    from gate.policy import Policy
    from gate.runs.journal import Journal
    from gate.store import Assignment, Store
    from tests.support import ManualClock

POLICY = """\
version: 1
sources: [{type: file, path: unused.jsonl}]
window: {settle: 5m, length: 30m, every: 5m}
baseline: {length: 1d}
filters: {near_duplicates: keep}
on: {inconclusive: hold, error: halt}
"""
DONE_BY = DEPLOY + timedelta(minutes=30)


def mentions(share_after: float = 0.9, after: int = 100) -> list[Mention]:
    """Say what was written: little that is bad before the deploy, and that share after it."""
    texts = ["bad" if number < after * share_after else "good" for number in range(after)]
    before = [mention(number, DEPLOY - timedelta(minutes=10 * (number + 1)), f"good {number}") for number in range(100)]
    return before + [
        mention(1000 + number, DEPLOY + timedelta(seconds=17 * number), f"{text} thing {number * 7919}")
        for number, text in enumerate(texts)
    ]


@dataclass
class Receiver:
    """Where callbacks go; says in order what it was told to say."""

    faults: list[GateError] = field(default_factory=list)
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    """Done in order while it takes one."""

    def __call__(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        allowed: Sequence[str],  # noqa: ARG002
        within: timedelta,
    ) -> None:
        """Take it, or fail."""
        assert within > timedelta(0)
        self.got.append((url, body, dict(headers)))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.faults:
            raise self.faults.pop(0)


class World:
    """Everything but DBOS."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        """Begin with nobody having said anything."""
        self.store = store
        self.clock = clock
        self.source = ListSource(mentions())
        self.budget: Budget | None = None
        self.receiver = Receiver()
        self.runs = Runs(store, self._plan)
        self.watching = self.restarted()
        self.delivering = Delivering(store, clock, self.receiver, lambda _: "key")

    def restarted(self) -> Watching:
        """Return what a new process begins with."""
        return Watching(self.store, self.clock, self.open)

    def order(self, **fields: object) -> str:
        """Order a run, and return its id."""
        values: dict[str, object] = {"by": "ci", "callback": Callback("https://ci.example/hook", "${KEY}"), **fields}
        return self.runs.start(Order(POLICY, DEPLOY, **values))  # type: ignore[arg-type]

    def watch(self, run_id: str, *, until: datetime | None = None, restarting: bool = False) -> None:
        """Look whenever it is time, until the run is over or that time has come."""
        while next_at := self.watching.look(run_id):
            if until and next_at > until:
                return
            self.clock.time = max(self.clock.time, next_at)
            if restarting:
                self.watching = self.restarted()

    def forget_journal(self, run_id: str) -> None:
        """Spoil what the run remembers, as an upgrade might."""
        with self.store._writing() as connection:  # noqa: SLF001
            connection.execute(update(journal).where(journal.c.run_id == run_id).values(entries=b"another format"))

    def tell(self, run_id: str) -> None:
        """Try to tell the caller until there is nothing left to tell."""
        while next_at := self.delivering.deliver(run_id):
            self.clock.time = max(self.clock.time, next_at)

    @contextmanager
    def open(self, job: Assignment, journal: Journal) -> Iterator[Vigil]:
        """Build the engine on the list of mentions."""
        policy = load_text(job.policy)
        release = replace(release_of(policy, job.deployed_at, job.deployed_at), window_to=job.window_to)
        purse = Purse(self.budget, "list", journal.ledger(self.store)) if self.budget else None
        parts = Parts(
            listeners=[Listener("list", required=True, source=journal.source(0, self.source), purse=purse)],
            baseline_listeners=None,
            scorer=Routes.of(WordScorer()).wrapped(journal.scorer),
            decider=Decider(policy.decision_rules(), release),
            clock=journal,
            hash_author=lambda _, author: author,
        )
        first_at, purses = release.deployed_at + policy.window.settle, {"list": purse} if purse else {}
        yield Vigil(Watch(plan_of(policy, release), parts), first_at, purses)

    def _plan(self, order: Order) -> tuple[Policy, Release, Mapping[str, str]]:
        policy = load_text(order.policy)
        return policy, release_of(policy, order.deployed_at, self.clock.now()), {}
