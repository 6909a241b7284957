"""Processes that tests start and end: servers on 127.0.0.1, each with a log that says why it failed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import choice
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PATIENCE = 180.0
"""Seconds until a server must be ready, on a machine that is busy with much else."""
BETWEEN_TRIES = 0.05
PORTS = range(20_000, 32_000)
LEAVE = 15.0
"""Seconds a server has to end by itself."""


class CannotStart(Exception):
    """A server could not be started; the message says why, and the next step."""


def find(program: str, package: str, *folders: Path) -> str:
    """Return where a program lies.

    Raises:
        CannotStart: it is not installed; the message names the Debian package.
    """
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    if (found := shutil.which(program, path=path)) is None:
        message = f"{program} is not installed: apt-get install {package}"
        raise CannotStart(message)
    return found


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that nobody is given who asks for any port.

    Between this and the start of a server, tests in other processes open hundreds of sockets, whose ports Linux takes
    from 32768 up: one of them would pass for the server.
    """
    while True:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port := choice(PORTS)))
            return port


def answers(port: int) -> bool:
    """Return whether somebody listens on a port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def folder(owner: str | None = None) -> Iterator[Path]:
    """Make a folder that goes away with everything in it; ``owner`` is the user who may write there."""
    # pytest's own temporary folders are closed to other users.
    made = Path(tempfile.mkdtemp(prefix="gate-tests-"))
    try:
        if owner is not None:
            shutil.chown(made, owner)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running(
    command: Sequence[str],
    ready: Callable[[], object],
    log: Path,
    *,
    environ: Mapping[str, str] | None = None,
    user: str | None = None,
    ending: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[str]]:
    """Run a server while the block lasts, or until this process is gone; what it says goes to ``log``.

    Args:
        command: program and arguments.
        ready: asked again and again until it says so.
        log: file for what the server says.
        environ: added to the environment.
        user: name of the user to run as, instead of this one.
        ending: the signal that ends it.

    Raises:
        CannotStart: it ended, or was not ready in time.
    """
    with log.open("w") as said:
        process = subprocess.Popen(
            [*_bound_to_us(user), *command],
            env={**os.environ, **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            cwd=log.parent,
        )
    try:
        _await(process, ready, log, Path(command[0]).name)
        yield process
    finally:
        _end(process, ending)


def _bound_to_us(user: str | None) -> list[str]:
    """Return the beginning of a command whose process is told to end when this one dies, even of SIGKILL."""
    if (program := shutil.which("setpriv")) is None:
        if user is not None:
            message = "setpriv is not installed: apt-get install util-linux"
            raise CannotStart(message)
        return []
    as_user = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [program, *as_user, "--pdeathsig=TERM", "--"]


def _await(process: subprocess.Popen[str], ready: Callable[[], object], log: Path, name: str) -> None:
    limit = monotonic() + PATIENCE
    while not ready():
        with suppress(subprocess.TimeoutExpired):
            process.wait(BETWEEN_TRIES)
        if process.returncode is not None or monotonic() > limit:
            how = "was not ready in time" if process.returncode is None else f"ended with {process.returncode}"
            said = "\n".join(log.read_text(errors="replace").strip().splitlines()[-15:])
            message = f"{name} {how}: {said or 'it said nothing'}"
            raise CannotStart(message)


def _end(process: subprocess.Popen[str], ending: signal.Signals) -> None:
    process.send_signal(ending)
    try:
        process.wait(LEAVE)
    except subprocess.TimeoutExpired:
        # Its own session, so that what it started goes too.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()
