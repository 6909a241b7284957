"""The web server: gunicorn, or waitress on Windows."""

from __future__ import annotations

import gc
import logging
import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.clock import SystemClock
from gate.service.stopping import STOPPING

if TYPE_CHECKING:
    from gate.service.settings import Settings

PROCESSES = 2
THREADS = 8
"""Of a process, for everything but event streams, each of which holds one more."""
GRACE = 10
"""Seconds that requests under way have when the service is told to stop."""
BACKLOG = 512

_LOG = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until told to stop."""
    if os.name == "nt":
        _waitress(settings)
    else:
        _gunicorn(settings)


def streams_of(settings: Settings) -> int:
    """Return how many event streams one process may have open."""
    processes = 1 if os.name == "nt" else PROCESSES
    return -(-settings.limits.streams // processes)


def options(settings: Settings) -> dict[str, object]:
    """Return how gunicorn is to run."""
    return {
        "bind": [settings.listen],
        "workers": PROCESSES,
        "worker_class": "gate.service.web_worker.Worker",
        "threads": THREADS + streams_of(settings),
        "worker_connections": 2000,
        "backlog": BACKLOG,
        "keepalive": 5,
        "graceful_timeout": GRACE,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "proc_name": "gate",
        "logger_class": "gate.service.web_logs.Logger",
        # Who is in front is said by `proxies` in service.yml, and nowhere else.
        "forwarded_allow_ips": "",
        "child_exit": _forget_metrics,
        "worker_exit": _leave,
    }


def _gunicorn(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    # Imported here, once for all processes.
    from gate.service.app import application

    class Server(BaseApplication):  # type: ignore[misc]
        """Serves this application, whatever the command line of this process was."""

        def load_config(self) -> None:
            for name, value in options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Any:  # noqa: ANN401 - WSGI
            served = application()
            # What is there by now stays: to go through all of it for garbage would hold up a request for a tenth of a second.
            gc.freeze()
            return served

    Server().run()


def _waitress(settings: Settings) -> None:
    import waitress

    from gate.service.app import application

    body = settings.limits.body
    waitress.serve(application(), listen=settings.listen, threads=THREADS + streams_of(settings), ident="gate",
                   max_request_body_size=body, channel_timeout=60)  # fmt: skip


def end_with(parent: int) -> None:
    """Stop once the process that started this one is gone: else it would hold the port for ever."""

    def watch() -> None:
        import signal

        clock = SystemClock()
        while os.getppid() == parent and not STOPPING.is_set():
            clock.wait(timedelta(seconds=0.5))
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _leave(_server: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's
    # Nothing is left to be done; to take everything apart before would cost seconds of a processor.
    if worker.booted and worker.pid == os.getpid() and STOPPING.is_set():
        logging.shutdown()
        os._exit(0)


def _forget_metrics(_server: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
