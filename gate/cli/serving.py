"""What ``gate worker`` and ``gate serve`` do."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import platform
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.cli.logs import set_up
from gate.clock import SystemClock, cancellable
from gate.errors import Cancelled, UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    """WSGI, PEP 3333."""

LOOKS_UP = timedelta(seconds=0.5)
"""So often it is seen whether both processes are alive."""
GRACE = 30.0
"""Seconds a process may take to stop."""
PARENT = "GATE_SERVICE_PROCESS"
"""Tells a worker, and nobody else, which process it belongs to."""
WEB_PROCESSES = 2
WEB_THREADS = 8

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """Of a worker."""

    store: str | None
    name: str | None
    allowed: tuple[str, ...]
    runs: int
    json_logs: bool


def work(options: Options, environ: Mapping[str, str]) -> None:
    """Watch runs until told to stop.

    Raises:
        UsageFault: the extra is not installed.
    """
    _need("dbos")
    from gate.runs.durable import Settings
    from gate.runs.system import system_url
    from gate.store import default_url
    from gate.wiring_service import open_worker

    set_up(json_logs=options.json_logs)
    url = options.store or default_url(environ)
    settings = Settings(system_url(url), options.name or platform.node() or "worker", options.runs)
    clock = SystemClock()
    with open_worker(settings, url, clock, environ, allowed=options.allowed) as worker:
        try:
            with cancellable():
                worker.launch()
                _LOG.info("worker %s is at work", settings.name)
                while _has(environ.get(PARENT)):
                    clock.wait(LOOKS_UP)
        except Cancelled:
            _LOG.info("worker %s is stopping", settings.name)
        worker.shutdown()
    _LOG.info("worker %s has stopped", settings.name)


def _has(parent: str | None) -> bool:
    # A worker whose service was killed must not stay behind: the next service brings a worker of the same name.
    return parent is None or os.getppid() == int(parent)


def serve(listen: str, options: Options, environ: Mapping[str, str]) -> int:
    """Run the web server and the worker until told to stop; returns 0 then, and 1 if one of them ended by itself.

    Raises:
        UsageFault: the extra is not installed.
    """
    _need("dbos")
    _need("waitress" if os.name == "nt" else "gunicorn")
    set_up(json_logs=options.json_logs)
    given = {"GATE_STORE": options.store} if options.store else {}
    family = {**environ, **given, "GATE_LOG": "json" if options.json_logs else "text"}
    family[PARENT] = str(os.getpid())
    clock = SystemClock()
    with ExitStack() as stack:
        processes = {
            what: stack.enter_context(subprocess.Popen(command, env=family))  # noqa: S603 - our own commands
            for what, command in (("worker", _worker(options)), ("web server", _web(listen)))
        }
        try:
            with cancellable():
                while not (ended := [what for what, process in processes.items() if process.poll() is not None]):
                    clock.wait(LOOKS_UP)
                _LOG.error("the %s ended by itself with %s", ended[0], processes[ended[0]].returncode)
                return 1
        except Cancelled:
            return 0
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    process.kill()


def application() -> Application:
    """Return what the web server serves: the service, or as long as there is none, its health only."""
    set_up(json_logs=os.environ.get("GATE_LOG") == "json")
    if os.name != "nt" and (service := os.environ.get(PARENT)):
        threading.Thread(target=_end_with, args=(int(service),), name="service", daemon=True).start()
    if importlib.util.find_spec("gate.service"):
        made: Application = importlib.import_module("gate.service").application()
        return made
    return _healthy


def _end_with(service: int) -> None:
    """Tell the web server to stop once the service that started it is gone, or it would hold the port for ever."""
    clock = SystemClock()
    try:
        while True:
            os.kill(service, 0)
            clock.wait(LOOKS_UP)
    except ProcessLookupError:
        os.kill(os.getppid(), signal.SIGTERM)


def _healthy(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    well = environ.get("PATH_INFO") in {"/healthz", "/readyz"}
    start("200 OK" if well else "404 Not Found", [("Content-Type", "text/plain")])
    return [b"ok\n" if well else b"there is nothing here\n"]


def _worker(options: Options) -> list[str]:
    command = [sys.executable, "-m", "gate", "worker", "--runs", str(options.runs)]
    command += ["--name", options.name] if options.name else []
    command += [part for host in options.allowed for part in ("--allow", host)]
    return [*command, "--log", "json" if options.json_logs else "text"]


def _web(listen: str) -> list[str]:
    if os.name == "nt":
        return [sys.executable, "-m", "waitress", f"--listen={listen}", "--call", "gate.cli.serving:application"]
    # Threads, as server-sent events hold one each; a temporary folder in memory, as a worker's heartbeat is a file.
    workers = ["--worker-class=gthread", f"--workers={WEB_PROCESSES}", f"--threads={WEB_THREADS}"]
    limits = ["--graceful-timeout=10", "--limit-request-line=8190", "--limit-request-fields=64"]
    quiet = ["--log-level=warning", f"--bind={listen}", "--name=gate"]
    return [sys.executable, "-m", "gunicorn", *workers, *limits, *quiet, "gate.cli.serving:application()"]


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        message = f"the service needs {package}, which is not installed"
        raise UsageFault(message, hint="pip install 'sentiment-gate[service]'")
