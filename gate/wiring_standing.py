"""Builds what standing watches need: from a folder of policies, and for the runs of them."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gate import __version__
from gate.canonical import digest, dumps
from gate.errors import GateError
from gate.model import Period
from gate.policy import load
from gate.reading import Reader
from gate.runs.standing import Lookout, StandingMemory
from gate.spending import Purse, Purses, of_a_day
from gate.store import StandingWatch
from gate.wiring import open_sources, plan_of, release_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.language import Routes
    from gate.listening import Listener
    from gate.policy import Policy, SourceSpec
    from gate.ports import Clock
    from gate.remembering import Memory
    from gate.store import Store
    from gate.wiring import AuthorHash

_LOG = logging.getLogger(__name__)


class PolicyFolder:
    """The policies of a folder that ask to be listened to between releases."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        clock: Clock,
        environ: Mapping[str, str],
        hash_author: AuthorHash,
        routes: Callable[[Policy], Routes],
    ) -> None:
        """Take the folder, which may change while it is watched, and what has the scorers of a policy."""
        self._routes = routes
        self._folder = folder
        self._store = store
        self._clock = clock
        self._environ = environ
        self._hash_author = hash_author
        self._known: dict[Path, tuple[tuple[int, int], Lookout | None]] = {}

    def __call__(self) -> list[Lookout]:
        """Return a lookout for each; files that have not changed are not read again."""
        found: dict[Path, tuple[tuple[int, int], Lookout | None]] = {}
        for path in sorted(self._folder.glob("*.yml")):
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                known = self._known.get(path)
                found[path] = known if known and known[0] == stamp else (stamp, self._lookout(path))
            except OSError as error:
                _LOG.warning("the policy %s cannot be read: %s", path, error.strerror)
        self._known = found
        return [lookout for _, lookout in found.values() if lookout]

    def _lookout(self, path: Path) -> Lookout | None:
        try:
            policy = load(path)
            if not policy.watch:
                return None
            now = self._clock.now()
            every, since = policy.watch.every, now - policy.baseline.length
            watch = StandingWatch(watch_key(policy), path.stem, str(path), every, since, now)
            scorer = self._routes(policy)
        except GateError as fault:
            # Told once for each version of the file: a run of it would say the same.
            _LOG.warning("the policy %s is not listened to: %s", path, fault.message)
            return None
        filters = replace(policy.filters, one_vote_per_author=False, one_vote_per_conversation=False)
        plan = replace(plan_of(policy, release_of(policy, now, now)), filters=filters, match=None)

        def read(control: bool) -> Reader:  # noqa: FBT001 - by whether it is the control's
            own = replace(plan, phrases=()) if control else plan
            return Reader(own, Period.BASELINE, scorer, self._hash_author)

        return Lookout(watch, policy.baseline.length, partial(self._listen, policy, path.stem), read)

    @contextmanager
    def _listen(self, policy: Policy, name: str) -> Iterator[list[Listener]]:
        with (
            open_sources(policy, policy.sources, self._clock, self._environ) as ours,
            open_sources(policy, policy.control, self._clock, self._environ, control=True) as others,
        ):
            yield [
                replace(listener, purse=self._purses(policy, spec, name))
                for listener, spec in zip((*ours, *others), (*policy.sources, *policy.control), strict=True)
            ]

    def _purses(self, policy: Policy, spec: SourceSpec, name: str) -> Purses | None:
        account = f"watch {name}"
        purses = []
        if policy.watch and policy.watch.budget:
            purses.append(Purse(policy.watch.budget, account, self._store))
        if spec.budget:
            # A run has an end and a watch has none: what one run may spend, it may spend in a day.
            purses.append(Purse(of_a_day(spec.budget), f"{account} {spec.name}", self._store))
            if spec.budget.reads_per_day is not None or spec.budget.usd_per_day is not None:
                own = replace(spec.budget, reads=None, usd=None)
                purses.append(Purse(own, spec.account, self._store))
        return Purses(tuple(purses)) if purses else None


def watch_key(policy: Policy) -> str:
    """Return what tells the watch of a policy from any other: all that decides what is heard and how it is read."""
    plain = policy.to_plain()
    names = ("release", "sources", "control", "baseline", "filters", "scorer", "rules", "keep_text")
    said = [plain[name] for name in names]
    return digest(dumps([__version__, str(Path(policy.path).resolve()), json.dumps(said, sort_keys=True)]))


def memory_of(policy: Policy, store: Store) -> Memory | None:
    """Return what was heard for a policy between releases; None if it asks for no such thing."""
    return StandingMemory(store, watch_key(policy)) if policy.watch else None
