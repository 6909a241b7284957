"""What a worker sees to again and again beside the runs, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from gate.errors import Cancelled, StoreFault

if TYPE_CHECKING:
    from datetime import timedelta

_LOG = logging.getLogger(__name__)


class Round(Protocol):
    """Something that is to be done again and again."""

    def round(self) -> None:
        """Do what is due.

        Raises:
            StoreFault: the run log cannot be read or written; the next round tries again.
            Cancelled: the process was told to stop.
        """


def thread_of(what: Round, stopping: threading.Event, pause: timedelta) -> threading.Thread:
    """Return the thread that makes its rounds, not yet started; it ends when the process is stopping."""

    def go() -> None:
        while not stopping.wait(pause.total_seconds()):
            try:
                what.round()
            except Cancelled:
                return
            except StoreFault as fault:
                _LOG.warning("the run log failed, trying again: %s", fault.message)
            except Exception:  # noqa: BLE001 - the next round may go well
                _LOG.exception("a round of %s failed, trying again", type(what).__name__)

    return threading.Thread(target=go, name=type(what).__name__, daemon=True)
