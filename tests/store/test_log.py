"""The run log: what happened in a run is read back as it was."""

from __future__ import annotations

import stat
import threading
from collections import UserList
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.canonical import digest, loads
from gate.errors import EvidenceFault, StoreFault, UsageFault
from gate.model import Decision, Outcome, Scored
from gate.store import State, Store, default_url
from tests.hostile import HOSTILE
from tests.looks import MINUTE, VERDICT, dropped, look
from tests.support import DEPLOY, ManualClock, release, scored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def test_a_run_tells_its_story(store: Store, finished: str) -> None:
    """What happened in a run is read back in order, with times, numbers and reasons."""
    events = store.events(finished)
    assert [each.kind for each in events] == ["started", "baseline", "look", "look", "verdict"]
    assert [each.seq for each in events] == [1, 2, 3, 4, 5]
    assert [each.at for each in events] == [DEPLOY, DEPLOY, DEPLOY + MINUTE, DEPLOY + 2 * MINUTE, DEPLOY + 2 * MINUTE]
    assert events[0].data["release"]["name"] == "#brimly"
    assert events[0].data["versions"] == {"gate": "1"}
    assert events[1].data["coverage"][0]["dropped"] == {"language": 1}
    assert events[1].data["notes"] == ["thin"]
    assert (events[2].data["kept"], events[2].data["dropped"]) == (3, {"language": 1})
    assert events[4].data["verdict"]["reason"] == VERDICT.reason
    assert store.verify(finished) == []


def test_a_finished_run(store: Store, finished: str) -> None:
    """The row of a run says what was decided, and keeps the policy it was decided by."""
    run = store.run(finished)
    assert (run.state, run.outcome, run.decision, run.code) == (State.DONE, Outcome.FAIL, Decision.HALT, "share_rose")
    assert (run.reason, run.labels, run.dry_run) == (VERDICT.reason, {"team": "app"}, False)
    assert (run.created_at, run.finished_at) == (DEPLOY, DEPLOY + 2 * MINUTE)
    assert (run.deployed_at, run.window_to) == (release().deployed_at, release().window_to)
    assert loads(run.policy.encode(), "policy") == {"rules": ["share"]}
    assert run.policy_digest == digest(run.policy.encode())
    assert (run.events, run.head) == (5, store.events(finished)[-1].hash)


@pytest.mark.parametrize(("method", "state"), [("cancel", State.CANCELLED), ("break_off", State.BROKEN)])
def test_a_run_without_verdict(store: Store, method: str, state: State) -> None:
    """A run that was stopped, or that broke, says so and why, and has no outcome."""
    run_id = store.start_run(release(), {})
    assert store.run(run_id).state is State.RUNNING
    getattr(store, method)(run_id, "stopped by signal 15")
    run = store.run(run_id)
    assert (run.state, run.outcome, run.reason, run.finished_at) == (state, None, "stopped by signal 15", DEPLOY)
    assert store.verify(run_id) == []


def test_a_run_ends_once(store: Store, finished: str) -> None:
    """A verdict is never overwritten; what actions did may still be added after it."""
    with pytest.raises(StoreFault, match="over already: done"):
        store.cancel(finished, "too late")
    store.append(finished, "action", {"type": "notify", "answer": "sent"})
    assert store.run(finished).outcome is Outcome.FAIL
    assert store.verify(finished) == []


def test_unknown_run_is_refused(store: Store) -> None:
    """Nothing can be added to a run that does not exist."""
    with pytest.raises(StoreFault, match="no run 'nosuch'"):
        store.append("nosuch", "note", {})


def test_ids_sort_by_time(store: Store, clock: ManualClock) -> None:
    """An id begins with the time of the run in UTC, and two runs in one second still differ."""
    ids = [store.start_run(release(), {}) for _ in range(2)]
    clock.wait(MINUTE)
    ids.append(store.start_run(release(), {}))
    assert len(set(ids)) == 3
    assert max(ids) == ids[2]
    assert ids[0].startswith("260310-140000-")


def test_runs_are_found(store: Store, clock: ManualClock) -> None:
    """A run is found by its id, by the beginning of it, and as the last one; newest first in the list."""
    ids = []
    for wait in (timedelta(seconds=1), timedelta(milliseconds=500), MINUTE):
        clock.wait(wait)
        ids.append(store.start_run(release(), {}))
    store.finish(ids[1], VERDICT)
    assert [run.id for run in store.runs()] == ids[::-1]
    assert [run.id for run in store.runs(2)] == ids[:0:-1]
    assert [run.id for run in store.runs(state=State.RUNNING)] == [ids[2], ids[0]]
    assert [run.id for run in store.runs(outcome="fail", release="#brimly")] == [ids[1]]
    assert store.runs(release="#other") == []
    assert store.run("last").id == ids[2]
    assert store.verify("last") == []
    assert store.run(ids[1]).id == store.run(ids[1][:-1]).id == ids[1]


def test_references_that_mean_no_run(store: Store) -> None:
    """What names no run, or several, is refused with the next step, and wildcards are no way around."""
    with pytest.raises(UsageFault, match="no runs yet"):
        store.run("last")
    ids = [store.start_run(release(), {}) for _ in range(2)]
    with pytest.raises(UsageFault, match="several runs") as several:
        store.run("260310")
    assert all(run_id in several.value.message for run_id in ids)
    for reference in ("nosuch", "%", "______"):
        with pytest.raises(UsageFault, match="there is no run"):
            store.run(reference)


def test_hostile_texts_are_only_text(store: Store) -> None:
    """Whatever people write as an id, a name or a detail is stored as text, and no hash minds it."""
    for name, text in HOSTILE:
        hostile = scored(1, 0.5, phrases=(text,), conversation=text, lang=text)
        run_id = store.start_run(replace(release(), name=text), {"text": text}, labels={"a": text})
        store.append_look(run_id, look(1, kept=(replace(hostile, id=text),), dropped=(dropped(1, detail=text),)))
        store.append(run_id, text, {"text": text})
        store.cancel(run_id, text)
        assert store.verify(run_id) == [], name
        assert len(store.events(run_id)) == 4, name
        assert store.run(run_id).state is State.CANCELLED, name


@pytest.fixture(scope="module")
def memory() -> Iterator[Store]:
    """A run log for many quick examples."""
    with Store("sqlite://", ManualClock()) as opened:
        yield opened


@given(
    numbers=st.lists(st.floats(0, 1) | st.just(-0.0) | st.integers(0, 1)),
    text=st.text(st.characters(codec=None), max_size=9),
)
def test_any_mention_verifies(memory: Store, numbers: list[float], text: str) -> None:
    """Every number and every text, lone surrogates and NUL among them, comes back as it was hashed."""
    kept = tuple(scored(i, number, author=text, conversation=text) for i, number in enumerate(numbers))
    run_id = memory.start_run(release(), {})
    memory.append_look(run_id, look(1, kept=kept))
    assert memory.verify(run_id) == []


def test_a_look_is_stored_whole_or_not_at_all(store: Store) -> None:
    """A look that cannot be written leaves neither event nor mentions behind."""
    run_id = store.start_run(release(), {})
    with pytest.raises(EvidenceFault):
        store.append_look(run_id, look(1, kept=(scored(1, 0.1), scored(2, float("nan")))))
    assert [each.kind for each in store.events(run_id)] == ["started"]
    assert store.verify(run_id) == []


class Interrupted(UserList[Scored]):
    """Mentions during whose first reading somebody else writes."""

    said: Callable[[], None] | None = None

    def __iter__(self) -> Iterator[Scored]:
        """Let the other one write, once."""
        said, self.said = self.said, None
        if said:
            said()
        return super().__iter__()


def test_somebody_writes_while_a_look_is_made_ready(store: Store) -> None:
    """What is recorded meanwhile comes first in the log, and the look, with all its mentions, after it."""
    run_id = store.start_run(release(), {})
    kept = Interrupted(scored(i, i / 10, text=f"text {i}") for i in range(5))
    kept.said = lambda: store.append(run_id, "note", {"by": "somebody"})
    store.append_look(run_id, look(1, kept=kept))
    assert [each.kind for each in store.events(run_id)] == ["started", "note", "look"]
    assert [each.text for each in store.said(run_id)] == [f"text {i}" for i in range(5)]
    assert store.verify(run_id) == []


def test_many_mentions(store: Store) -> None:
    """Ten thousand mentions in one look are stored and verified."""
    run_id = store.start_run(release(), {})
    store.append_look(run_id, look(1, kept=tuple(scored(i, i / 10_000) for i in range(10_000))))
    assert store.events(run_id)[-1].data["observations"]["count"] == 10_001
    assert store.verify(run_id) == []


def test_threads_share_a_store(store: Store) -> None:
    """The threads of one process may write through one store."""
    run_id = store.start_run(release(), {})

    def write() -> None:
        for i in range(10):
            store.append(run_id, "note", {"i": i})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.run(run_id).events == 41
    assert store.verify(run_id) == []


def test_closing_lets_go_of_the_file(path: Path, clock: ManualClock) -> None:
    """Once closed, no connection is left: SQLite removes its side files when the last one goes."""
    with Store(str(path), clock) as opened:
        opened.start_run(release(), {})
        assert path.with_name("gate.db-wal").exists()
    assert [each.name for each in path.parent.iterdir()] == ["gate.db"]


def test_only_its_owner_can_read_it(path: Path, store: Store) -> None:
    """The file and the folder made for it are closed to other users."""
    store.start_run(release(), {})
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())}
    assert modes == {"state": 0o700, "gate.db": 0o600, "gate.db-wal": 0o600, "gate.db-shm": 0o600}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GATE_STORE": "postgresql://db/gate", "HOME": "/home/ann"}, "postgresql://db/gate"),
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/ann"}, "/state/sentiment-gate/gate.db"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.local/state/sentiment-gate/gate.db"),
        ({"GATE_STORE": "", "HOME": "/home/ann"}, "/home/ann/.local/state/sentiment-gate/gate.db"),
    ],
    ids=["GATE_STORE", "XDG_STATE_HOME", "relative is ignored", "home"],
)
def test_default_place(environ: dict[str, str], expected: str) -> None:
    """The run log lies where GATE_STORE says, else where the user keeps state."""
    assert default_url(environ) == expected


def test_paths_with_odd_names(tmp_path: Path, clock: ManualClock) -> None:
    """A path is a path, whatever a URL would make of the characters in it."""
    path = tmp_path / "50% #gate?x=1" / "my gate.db"
    with Store(str(path), clock) as opened:
        opened.start_run(release(), {})
    assert path.exists()
