"""A real PostgreSQL on 127.0.0.1, with an empty database for whoever asks."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.running import CannotStart, find, folder, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "gate"
PASSWORD = "invented-password"
NEWEST_FIRST = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
"""Debian keeps the programs of a server off the search path."""
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server."""

    port: int
    log: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, with the password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.client("createdb", "--template=template0", name)
        return self.url(name)

    def client(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs against this server."""
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PGPASSWORD": PASSWORD}
        command = [_program(program), *arguments]
        subprocess.run(command, env={**os.environ, **address}, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a server in a temporary folder.

    Raises:
        CannotStart: it is not installed, or would not start.
    """
    user = _unprivileged()
    with folder(user) as home:
        _initialise(home / "data", user)
        port = free_port()
        settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *UNSAFE_BUT_FAST)
        command = [
            _program("postgres"),
            "-D",
            str(home / "data"),
            *(part for each in settings for part in ("-c", each)),
        ]
        is_ready = [_program("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
        log = home / "log"
        with running(
            command,
            lambda: subprocess.run(is_ready, check=False).returncode == 0,
            log,
            user=user,
            ending=signal.SIGQUIT,  # at once: SIGTERM would wait for clients, SIGINT for the disk
        ):
            yield PostgreSQL(port, log)


def _initialise(data: Path, user: str | None) -> None:
    secret = data.parent / "password"
    secret.write_text(PASSWORD)
    command = [
        _program("initdb"),
        f"--pgdata={data}",
        f"--username={USER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]
    done = subprocess.run(
        command, user=user, cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise CannotStart(done.stdout)


def _program(name: str) -> str:
    return find(name, "postgresql", *NEWEST_FIRST)


def _unprivileged() -> str | None:
    """Return who to run as: PostgreSQL refuses to run as root."""
    if os.geteuid():
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
