"""Opening the database, and saying what is wrong with it in words that help."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from gate.errors import StoreFault, UsageFault
from gate.store.turns import begin_writing
from gate.store.versions import bring, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection, Engine

_FAULTS = {
    "SQLITE_BUSY": ("is locked by another process", "wait until it is done, or stop it: fuser FILE shows which it is"),
    "SQLITE_LOCKED": (
        "is locked by another process",
        "wait until it is done, or stop it: fuser FILE shows which it is",
    ),
    "SQLITE_FULL": ("cannot grow, the disk is full", "free some space, or point --store at another disk"),
    "SQLITE_READONLY": ("cannot be written", "make the file and its folder writable, or point --store elsewhere"),
    "SQLITE_CANTOPEN": ("cannot be opened", "make the file and its folder writable, or point --store elsewhere"),
    "SQLITE_PERM": ("cannot be opened", "make the file and its folder writable, or point --store elsewhere"),
    "SQLITE_NOTADB": ("is not a database", "point --store at another file, or move this one away"),
    "SQLITE_CORRUPT": ("is corrupted", "restore it from a backup, or move it away and start a new one"),
    "SQLITE_IOERR": (
        "cannot be read or written: the disk is full, or over a limit (ulimit -f), or failing",
        "free some space, raise the limit, or point --store at another disk",
    ),
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def default_url(environ: Mapping[str, str]) -> str:
    """Return the URL or path of the run log: ``GATE_STORE``, else a file in the user's state folder.

    The folder follows the XDG Base Directory Specification, ``$XDG_STATE_HOME``.
    """
    return environ.get("GATE_STORE") or str(_state_folder(environ) / "gate.db")


def missing(url: str) -> Path | None:
    """Return the file of a run log that was never begun; None where there is one, or it is no file."""
    path = _file_of(parse_url(url))
    return None if path is None or path.exists() else path


def key_folder(url: str, environ: Mapping[str, str]) -> Path:
    """Return the folder for the key of authors: beside the database where that is a file."""
    path = _file_of(parse_url(url))
    return path.parent if path else _state_folder(environ)


def parse_url(text: str) -> URL:
    """Read a URL, or a path, which means SQLite.

    Raises:
        UsageFault: it is neither.
    """
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text may hold a password, so the message shows none of it.
        message = "the URL of the store cannot be read"
        raise UsageFault(message, hint="write a path, sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    return url


def shown(url: URL) -> str:
    """Return the name of the database for messages and logs: no password, and no query, which may hold one."""
    return str(_file_of(url) or url.set(query={}).render_as_string(hide_password=True))


def open_engine(url: URL, patience: timedelta) -> Engine:
    """Open the database, making file and tables where there are none.

    Args:
        url: from ``parse_url``.
        patience: how long to wait for a lock that another process holds.

    Raises:
        UsageFault: there is no driver for such a URL.
        StoreFault: it cannot be opened, or a newer gate made it.
    """
    engine = _connect(url, patience)
    try:
        with faults(url):
            prepare(engine, shown(url))
    except BaseException:
        engine.dispose()
        raise
    return engine


def migrate(url: URL, version: int) -> int:
    """Bring the schema of a database to that version, an older one perhaps, and return the version it has.

    Raises:
        UsageFault: there is no driver for such a URL, or no such version.
        StoreFault: it cannot be opened or changed; nothing of it was changed.
    """
    engine = _connect(url, timedelta(seconds=30))
    try:
        with faults(url):
            return bring(engine, version, shown(url))
    finally:
        engine.dispose()


def _connect(url: URL, patience: timedelta) -> Engine:
    if path := _file_of(url):
        _make_file(path)
    try:
        # hide_parameters: what people wrote must not get into messages and logs. pool_pre_ping: looks are a minute and
        # more apart, and servers and firewalls drop connections that idle; files do not.
        ping = url.get_backend_name() != "sqlite"
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=ping, connect_args=_connecting(url))
    except (NoSuchModuleError, ImportError):
        message = f"there is no driver for {url.drivername}"
        raise UsageFault(message, hint=_driver_hint(url)) from None
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine, patience)
    return engine


def _connecting(url: URL) -> dict[str, int]:
    # Without it a server that is cut off is waited for as long as the operating system likes, two minutes and more.
    return {"connect_timeout": 10} if url.drivername == "postgresql+psycopg" else {}


def _driver_hint(url: URL) -> str:
    if url.get_backend_name() == "postgresql":
        return "pip install 'sentiment-gate[postgresql]'"
    return "use SQLite or PostgreSQL"


@contextmanager
def faults(url: URL) -> Iterator[None]:
    """Turn what SQLAlchemy raises into a StoreFault with a next step."""
    try:
        yield
    except SQLAlchemyError as error:
        origin = getattr(error, "orig", None)
        name = getattr(origin, "sqlite_errorname", "")
        for prefix, (what, hint) in _FAULTS.items():
            if name.startswith(prefix):
                message = f"the run log {shown(url)} {what}"
                raise StoreFault(message, hint=hint) from error
        why = str(origin or error).strip().partition("\n")[0]
        message = f"the run log {shown(url)} cannot be used: {why}"
        raise StoreFault(
            message, hint="see that the database is up, and that --store or GATE_STORE names it"
        ) from error


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a transaction to read in, which sees the database as it is at one moment."""
    if engine.dialect.name == "postgresql":  # SQLite's transactions always do.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        yield connection


def _state_folder(environ: Mapping[str, str]) -> Path:
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # The specification says to ignore a relative one.
        home = environ.get("HOME")
        state = (Path(home) if home else Path.home()) / ".local" / "state"
    return state / "sentiment-gate"


def _file_of(url: URL) -> Path | None:
    database = url.database
    if url.get_backend_name() != "sqlite" or not database or database == ":memory:" or database.startswith("file:"):
        return None
    return Path(database)


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite would make it readable for everybody; its -wal and -shm files take over the mode of this one.
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))
    except OSError as error:
        message = f"the run log {path} cannot be made: {error.strerror}"
        what = "free some space" if error.errno in _FULL else "make its folder writable"
        raise StoreFault(message, hint=f"{what}, or point --store or GATE_STORE elsewhere") from error


def _tune_sqlite(engine: Engine, patience: timedelta) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401
        # None: sqlite3 must not open transactions of its own; `begin` below does.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(patience.total_seconds() * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What is staged: what people wrote is in it, and must be in no other file.
        connection.execute("PRAGMA temp_store = MEMORY")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later can fail at once where another one wrote in between;
        # one that takes the lock at its start waits for it.
        options = connection.get_execution_options()
        if not options.get("one_query"):  # Which sees one moment by itself, and is asked for all the time.
            if options.get("writing"):
                begin_writing(connection, patience)
            else:
                connection.exec_driver_sql("BEGIN")
