"""A real service: `gate serve` as users start it, on SQLite, with policies that listen to files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from gate.clock import SystemClock
from gate.store import NewToken, Store
from tests.cli.commands import history
from tests.servers.running import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
TOKEN = re.compile(r"^  (\S{30,})$", re.MULTILINE)
READY = 120.0
"""Seconds; a busy machine takes its time."""
POLICY = """\
version: 1
release: Brimly
sources:
  - {{type: file, path: {path}}}
window: {{settle: 1m, length: {length}, every: 60s}}
baseline: {{length: 1d}}
minimum: {{mentions: 20, authors: 10}}
on: {{inconclusive: hold, error: hold}}
"""
SETTINGS = """\
version: 1
listen: 127.0.0.1:{port}
log: json
policies: {{folder: policies, variables: [ALLOWED]}}
callbacks: {{hosts: [ci.example, "*.wild.example", "http://127.0.0.1:9"], variables: [CALLBACK_KEY]}}
limits: {{requests_per_minute: 100000, streams: 4}}
"""


@dataclass
class Service:
    """One that runs."""

    url: str
    token: str
    """May do everything."""
    folder: Path
    process: subprocess.Popen[bytes]

    def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> requests.Response:  # noqa: ANN401
        """Ask with a token; the one that may do everything if not given, none if it is empty."""
        held = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {held}"} if held else {}), **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=more.pop("timeout", 30), **more)

    def get(self, path: str, **more: Any) -> requests.Response:  # noqa: ANN401
        """Ask for something."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object, **more: Any) -> requests.Response:  # noqa: ANN401
        """Send JSON."""
        return self.ask("POST", path, json=body, **more)

    def issue(self, name: str, roles: Sequence[str], repositories: Sequence[str] | None = None) -> str:
        """Make another token."""
        with Store(str(self.folder / "gate.db"), SystemClock()) as store:
            return store.issue_token(NewToken(name, roles, repositories))[1]

    def log(self) -> str:
        """Return what it has said so far."""
        return (self.folder / "log").read_text()

    def environment(self) -> dict[str, str]:
        """Return what commands need to ask it."""
        return {**os.environ, "PYTHONPATH": str(ROOT), "GATE_URL": self.url, "GATE_TOKEN": self.token,
                "GATE_STORE": str(self.folder / "other.db")}  # fmt: skip


@contextmanager
def serving(
    folder: Path, more: str = "", *, environ: Mapping[str, str] | None = None, fresh: bool = True
) -> Iterator[Service]:
    """Run one in an empty folder; it is stopped when the block ends.

    Args:
        folder: where it is at home.
        more: settings beside the usual ones.
        environ: variables beside those of the test.
        fresh: whether this is its first start there; at a later one nobody is shown a token.
    """
    port = free_port()
    if not (folder / "policies").exists():  # Whoever brings policies needs no others.
        write_policies(folder)
    (folder / "service.yml").write_text(SETTINGS.format(port=port) + more)
    command = [sys.executable, "-m", "gate", "serve", "--config", "service.yml", "--store", str(folder / "gate.db")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), **(environ or {})}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, cwd=folder)
        try:
            service = Service(f"http://127.0.0.1:{port}", "", folder, process)
            wait_for(lambda: process.poll() is not None or (is_ready(service) and "is at work" in service.log()),
                     service.log)  # fmt: skip
            found = TOKEN.search(service.log())
            assert found or not fresh, service.log()
            service.token = found[1] if found else ""
            yield service
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(40)


def write_policies(folder: Path) -> None:
    """Write what people said, and policies that listen to it: a bad release, a good one, one that goes on for long."""
    (folder / "policies").mkdir()
    for name, bad_share, length in (("bad", 0.9, "30m"), ("good", 0.2, "30m"), ("long", 0.2, "2h")):
        file = folder / f"{name}.jsonl"
        file.write_text("\n".join(history(bad_share)) + "\n")
        (folder / "policies" / f"{name}.yml").write_text(POLICY.format(path=file, length=length))


def is_ready(service: Service) -> bool:
    """Say whether it answers and can read its run log."""
    try:
        return requests.get(service.url + "/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def wait_for(done: Callable[[], object], said: Callable[[], str], seconds: float = READY) -> None:
    """Look again and again whether it is done; whoever waits in vain is shown what was said."""
    clock = SystemClock()
    ends = clock.now() + timedelta(seconds=seconds)
    while not done():
        assert clock.now() < ends, said()
        clock.wait(timedelta(milliseconds=100))
