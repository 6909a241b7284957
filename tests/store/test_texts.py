"""What people wrote: kept beside the log where the policy says so, and gone when it is to go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gate.model import Period
from gate.store import Chosen
from tests.looks import look
from tests.support import release, scored

if TYPE_CHECKING:
    from gate.store import Store
    from tests.support import ManualClock

HOSTILE = "<script>alert(1)</script> \x00 \ud800"


def test_texts_come_back_with_their_scores(store: Store) -> None:
    """A run's mentions come back in order, with text and address where they were kept, and without where not."""
    run_id = store.start_run(release(), {})
    store.append_baseline(run_id, (scored(1, 0.2, Period.BASELINE),), (), ())
    kept = (scored(2, 0.9, text=HOSTILE, url="https://posts.example/2"), scored(3, 0.1))
    store.append_look(run_id, look(1, kept=kept))
    before, bad, good = store.said(run_id)
    assert (before.period, before.look, before.text) == (Period.BASELINE, 0, None)
    assert (bad.look, bad.negative, bad.url) == (1, 0.9, "https://posts.example/2")
    assert bad.text == "<script>alert(1)</script> \ufffd \ufffd"
    assert (good.text, good.url) == (None, "")
    assert store.verify(run_id) == []
    assert store.said("none") == []


def test_old_texts_go_and_the_log_still_verifies(store: Store, clock: ManualClock) -> None:
    """After the time limit the text is gone, the score stays, and newer texts stay."""
    run_id = store.start_run(release(), {})
    store.append_look(run_id, look(1, kept=(scored(1, 0.9, text="old"),)))
    clock.time += timedelta(days=31)
    store.append_look(run_id, look(2, kept=(scored(2, 0.9, text="new"),)))
    assert store.forget_texts(clock.now() - timedelta(days=30)) == 1
    assert [each.text for each in store.said(run_id)] == [None, "new"]
    assert store.verify(run_id) == []


def test_a_purged_mention_loses_its_text(store: Store) -> None:
    """Who asks to be forgotten is forgotten with what they wrote."""
    run_id = store.start_run(release(), {})
    store.append_look(run_id, look(1, kept=(scored(1, 0.9, text="mine"), scored(2, 0.8, text="another's"))))
    assert dict(store.forget(Chosen(ids=frozenset({"m1"})), "asked to")) == {run_id: 1}
    assert [each.text for each in store.said(run_id)] == [None, "another's"]
    assert store.verify(run_id) == []
