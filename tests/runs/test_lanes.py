"""Looks that take turns at computing."""

from __future__ import annotations

import threading

from gate.runs.lanes import Lanes

LONG = 60.0


def test_who_waits_for_a_source_lets_others_compute() -> None:
    """A look computes once another one waits for its source, and that one goes on when it is through."""
    lanes, other = Lanes(1, LONG), threading.Event()

    @lanes.computing()
    def compute() -> None:
        other.set()

    thread = threading.Thread(target=compute)
    with lanes.computing():
        thread.start()
        assert not other.is_set()
        with lanes.waiting():
            assert other.wait(LONG)
            thread.join()
    with lanes.computing():
        pass


def test_nobody_waits_for_ever() -> None:
    """Whose patience is at its end computes beside the others, and takes nobody's turn away when it is done."""
    lanes = Lanes(1, 0.0)
    with lanes.computing():
        thread = threading.Thread(target=lanes.computing()(lambda: None))
        thread.start()
        thread.join(LONG)
        assert not thread.is_alive()
        thread = threading.Thread(target=lanes.waiting()(lambda: None))
        thread.start()
        thread.join(LONG)
        assert not thread.is_alive()
