"""Builds the parts of the service: what takes orders, and what watches runs."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gate import __version__
from gate.clock import SystemClock
from gate.decide import Decider
from gate.engine import Parts, Watch
from gate.policy import Overrides, load, load_text, resolve_secret
from gate.runs import Runs
from gate.runs.orders import from_caller
from gate.runs.watching import Vigil
from gate.sharing import Pool
from gate.spending import Purse
from gate.wiring import Shared, baseline_sources, open_sources, open_store, plan_of, readable_policy, release_of
from gate.wiring_actions import build_action
from gate.wiring_scorers import build_routes, densities_of, scorer_context
from gate.wiring_standing import PolicyFolder, memory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gate.language import Routes
    from gate.listening import Listener
    from gate.model import Release
    from gate.policy import Policy, SourceSpec
    from gate.ports import Action, Clock
    from gate.runs import Order
    from gate.runs.durable import Settings, Worker
    from gate.runs.journal import Journal
    from gate.runs.platforms import Platform
    from gate.store import Assignment, Store, Task
    from gate.wiring import AuthorHash

MOST_SCORERS = 16
"""Held in memory, each for all runs whose policies ask for the same."""
_FOREIGN = "Depuis hier soir plus rien ne marche"
"""In letters that leave the language open, so that it takes the model to tell."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """What callers need: the run log, and who takes orders."""

    store: Store
    runs: Runs


@contextmanager
def open_service(url: str | None, clock: Clock, environ: Mapping[str, str]) -> Iterator[Counter]:
    """Open what the API and the page need; workers may be other processes."""
    with open_store(url, clock, environ) as (store, _):
        yield Counter(store, Runs(store, lambda order: _planned(order, clock)))


@contextmanager
def open_worker(  # noqa: PLR0913 - all but the first by name
    settings: Settings,
    url: str | None,
    clock: Clock,
    environ: Mapping[str, str],
    *,
    allowed: Sequence[str] = (),
    policies: Path | None = None,
    private_addresses: bool = False,
    public_url: str = "",
    platforms: Sequence[Callable[[Store, Runs], Platform]] = (),
) -> Iterator[Worker]:
    """Build a worker; it is neither launched nor shut down here.

    Args:
        settings: of the worker.
        url: of the run log.
        clock: the real one, or a faster one in benchmarks.
        environ: where policies and callbacks find their secrets.
        allowed: hosts that callbacks may be sent to; see ``gate.http.destinations``.
        policies: folder of named policies; those with a ``watch`` are listened to between releases.
        private_addresses: whether policies that callers sent may reach them.
        public_url: of the service, for links in what actions send.
        platforms: each builds what answers a CI system that asks and waits.

    Raises:
        UsageFault: one of them cannot be read, or there is such a worker already.
        StoreFault: the run log cannot be opened.
    """
    from gate.acting import Acting
    from gate.http.callbacks import deliver
    from gate.http.destinations import Allowed
    from gate.runs.alone import alone
    from gate.runs.delivering import Delivering
    from gate.runs.durable import Worker
    from gate.runs.standing import Standing
    from gate.runs.watching import Watching
    from gate.store import default_url

    for each in allowed:
        Allowed.parse(each)
    where = url or default_url(environ)
    with open_store(where, clock, environ) as (store, hash_author), alone(where, settings.name, SystemClock()):
        opener = Opener(clock, environ, store, hash_author, private_addresses=private_addresses)
        if policies:
            opener.prepare(policies)
        watching = Watching(store, clock, opener)
        secret = lambda reference: resolve_secret(reference, environ)  # noqa: E731 - as everywhere in wiring
        runs = Runs(store, lambda order: _planned(order, clock))
        asking = [build(store, runs) for build in platforms]
        page = lambda run_id: f"{public_url.rstrip('/')}/runs/{run_id}" if public_url else ""  # noqa: E731
        acting = Acting(store, clock, opener.action, url=page)
        delivering = Delivering(store, clock, deliver, secret, allowed, act=acting.act, platforms=asking)
        folder = PolicyFolder(policies, store, clock, environ, hash_author, opener.routes) if policies else None
        standing = Standing(store, clock, folder) if folder else None
        yield Worker(settings, store, clock, watching, delivering, [*([standing] if standing else []), *asking])


def _planned(order: Order, clock: Clock) -> tuple[Policy, Release, Mapping[str, str]]:
    policy = load_text(order.policy, path=order.path, overrides=Overrides(release=order.release))
    release = release_of(policy, order.deployed_at, clock.now())
    return policy, release, {"gate": __version__, "scorer": str(policy.scorer)}


class Opener:
    """Builds the engine of a run for a worker."""

    def __init__(
        self,
        clock: Clock,
        environ: Mapping[str, str],
        store: Store,
        hash_author: AuthorHash,
        *,
        private_addresses: bool,
    ) -> None:
        """Take what all runs have in common, and whether policies that callers sent may reach private addresses."""
        self._private_addresses = private_addresses
        self._store = store
        self._pool = Pool()
        self._clock = clock
        self._environ = environ
        self._hash_author = hash_author
        self._scorers: OrderedDict[str, Routes] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, job: Assignment, journal: Journal) -> Iterator[Vigil]:
        """Open it; what it does not keep in memory it has from the journal."""
        policy = load_text(readable_policy(job.policy), path=job.path)
        release = release_of(policy, job.deployed_at, job.deployed_at)
        release = replace(release, window_to=job.window_to)
        public_only = self._public_only(job)
        shared = Shared(journal.ledger(self._store), self._pool, public_only)
        with ExitStack() as stack:

            def hear(number: int, specs: Sequence[SourceSpec], *, control: bool = False) -> list[Listener]:
                opened = open_sources(policy, specs, self._clock, self._environ, control=control, shared=shared)
                return [
                    replace(each, source=journal.source(number + place, each.source))
                    for place, each in enumerate(stack.enter_context(opened))
                ]

            before = baseline_sources(policy)
            parts = Parts(
                listeners=hear(0, policy.sources),
                baseline_listeners=hear(100, before) or None,
                scorer=self.routes(policy, public_only=public_only).wrapped(journal.scorer),
                decider=Decider(policy.decision_rules(), release, densities_of(policy.scorer.type)),
                clock=journal,
                hash_author=self._hash_author,
                controls=hear(200, policy.control, control=True),
                memory=journal.memory(memory) if (memory := memory_of(policy, self._store)) else None,
            )
            plan = replace(plan_of(policy, release), emotions=True, window=policy.window.length)
            heard = (*parts.listeners, *parts.controls)
            purses = {each.name: each.purse for each in heard if isinstance(each.purse, Purse)}
            yield Vigil(Watch(plan, parts), release.deployed_at + policy.window.settle, purses)

    def prepare(self, folder: Path) -> None:
        """Load what runs of a folder's policies will need, models above all: the first run would hold up all others."""
        for path in sorted(folder.glob("*.yml")):
            try:
                self.routes(load(path)).choose(_FOREIGN, "", detecting=True)
            except Exception as fault:  # noqa: BLE001 - a run of it will say so, and others go on
                _LOG.debug("%s is not prepared for: %s", path, fault)

    def action(self, task: Task) -> Action:
        """Build the action of a run's policy that a task stands for."""
        job = self._store.assignment(task.run_id)
        policy = load_text(readable_policy(job.policy), path=job.path)
        return build_action(policy, task, self._clock, self._environ, public_only=self._public_only(job))

    def _public_only(self, job: Assignment) -> bool:
        # Where its names lead was seen to when it was ordered; what they mean by now is seen to when connecting.
        return from_caller(job.path) and not self._private_addresses

    def routes(self, policy: Policy, *, public_only: bool = False) -> Routes:
        """Return the scorers of a policy: models are large, and one of each is enough."""
        key = json.dumps([policy.to_plain()["scorer"], str(policy.folder), public_only], sort_keys=True)
        with self._lock:
            if key not in self._scorers:
                context = scorer_context(policy, self._clock, self._environ, public_only=public_only)
                self._scorers[key] = build_routes(policy.scorer, context)
            self._scorers.move_to_end(key)
            if len(self._scorers) > MOST_SCORERS:
                self._scorers.popitem(last=False)
            return self._scorers[key]
