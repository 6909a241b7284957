"""What ``gate worker`` and ``gate serve`` do."""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.cli.logs import set_up
from gate.clock import SystemClock, cancellable
from gate.errors import Cancelled, UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gate.service.settings import Settings

LOOKS_UP = timedelta(seconds=0.5)
"""So often it is seen whether both processes are alive."""
GRACE = 30.0
"""Seconds a process may take to stop."""
PARENT = "GATE_SERVICE_PROCESS"
"""Tells a worker and a web server, and nobody else, which process they belong to."""
WEB = "from gate.cli.serving import serve_web; serve_web()"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; what it did not say stands in service.yml."""

    config: Path | None
    store: str | None
    name: str | None
    allowed: tuple[str, ...]
    runs: int | None
    log: str | None
    listen: str | None = None

    def over(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment with it, for the settings of this process and of those it starts."""
        said = {
            "GATE_SERVICE": str(self.config.absolute()) if self.config else None,
            "GATE_STORE": self.store,
            "GATE_WORKER": self.name,
            "GATE_CALLBACK_HOSTS": " ".join(self.allowed),
            "GATE_RUNS": str(self.runs) if self.runs else None,
            "GATE_LOG": self.log,
            "GATE_LISTEN": self.listen,
        }
        return {**environ, **{name: value for name, value in said.items() if value}}


def work(options: Options, environ: Mapping[str, str]) -> None:
    """Watch runs until told to stop.

    Raises:
        UsageFault: the extra is not installed, or there is another worker of that name.
        PolicyFault: the settings are wrong.
    """
    environ = options.over(environ)
    settings = _settings(environ)
    from gate.runs.durable import Settings as WorkerSettings
    from gate.runs.system import system_url
    from gate.service.azure.check import check_of
    from gate.service.github.rule import rule_of
    from gate.store import default_url
    from gate.wiring_service import open_worker

    url = settings.store_url(environ) or default_url(environ)
    name = settings.worker or platform.node() or "worker"
    clock = SystemClock()
    own = WorkerSettings(system_url(url), name, settings.runs, settings.retention.text)
    policies = settings.policies
    with open_worker(
        own,
        url,
        clock,
        environ,
        allowed=settings.callbacks.hosts,
        policies=policies.folder,
        private_addresses=policies.private_addresses,
        public_url=settings.public_url,
        platforms=[build for of in (rule_of, check_of) if (build := of(settings, clock, environ))],
    ) as worker:
        try:
            with cancellable():
                worker.launch()
                _LOG.info("worker %s is at work", name)
                while _has(environ.get(PARENT)):
                    clock.wait(LOOKS_UP)
        except Cancelled:
            _LOG.info("worker %s is stopping", name)
        worker.shutdown()
    _LOG.info("worker %s has stopped", name)


def _has(parent: str | None) -> bool:
    # A worker whose service was killed must not stay behind: the next service brings a worker of the same name.
    return parent is None or os.getppid() == int(parent)


def serve(options: Options, environ: Mapping[str, str]) -> int:
    """Run the web server and the worker until told to stop; returns 0 then, and 1 if one of them ended by itself.

    Raises:
        UsageFault: the extra is not installed, or something is missing that the web server cannot be without.
        PolicyFault: the settings are wrong.
    """
    environ = options.over(environ)
    settings = _settings(environ)
    settings.check(environ)  # Here, where it is told in two lines; in a process of its own it would be a crash.
    if (folder := settings.policies.folder) and not folder.is_dir():
        _LOG.warning("policies.folder: there is no folder %s, so no run can be started by the name of a policy", folder)
    _say_first_token(settings, environ)
    family = {**environ, PARENT: str(os.getpid())}
    commands = {"worker": [sys.executable, "-m", "gate", "worker"], "web server": [sys.executable, "-c", WEB]}
    clock = SystemClock()
    with ExitStack() as stack:
        # Where the processes of the web server add up what they count; read when the library is imported.
        counted = tempfile.TemporaryDirectory(prefix="gate-metrics-", ignore_cleanup_errors=True)
        family["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(counted)
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            with cancellable():
                for what, command in commands.items():
                    # A session of its own: Ctrl-C is for us, and we tell the others.
                    started = subprocess.Popen(command, env=family, start_new_session=True)  # noqa: S603 - our own
                    processes[what] = stack.enter_context(started)
                _LOG.info("serving at %s", settings.public_url or f"http://{settings.listen}")
                while not (ended := [what for what, process in processes.items() if process.poll() is not None]):
                    clock.wait(LOOKS_UP)
                _LOG.error("the %s ended by itself with %s", ended[0], processes[ended[0]].returncode)
                return 1
        except Cancelled:
            _LOG.info("stopping")
            return 0
        finally:
            _stop(processes)


def serve_web() -> None:
    """Run the web server alone, as a process that ``gate serve`` started."""
    settings = _settings(os.environ)
    from gate.service import web

    if os.name != "nt":
        web.end_with(int(os.environ[PARENT]))
    web.run(settings)


def _settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings and begin to log as they say."""
    for package in ("dbos", "flask_openapi3", "waitress" if os.name == "nt" else "gunicorn"):
        if importlib.util.find_spec(package) is None:
            message = f"the service needs {package}, which is not installed"
            raise UsageFault(message, hint="pip install 'sentiment-gate[service]'")
    from gate.service.settings import of_environment

    settings = of_environment(environ)
    set_up(json_logs=settings.log == "json")
    return settings


def _say_first_token(settings: Settings, environ: Mapping[str, str]) -> None:
    """Make a token for the operator if there never was one, and show it this one time; logs never hold it."""
    from gate.cli.terminal import tell
    from gate.cli.tokens import first_token
    from gate.wiring import open_store

    with open_store(settings.store_url(environ), SystemClock(), environ) as (store, _):
        secret = first_token(store, SystemClock())
    if secret:
        tell(f"First start. Your token, shown this once; it may do everything:\n\n  {secret}\n")
        tell("  next: GATE_TOKEN=… gate runs --service URL, or log in on the page with it")


def _stop(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
