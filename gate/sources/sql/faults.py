"""What a database says is wrong, as a fault with a next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from gate.errors import SourceDown, SourceRefused

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

    from gate.errors import SourceFault

_SLOW = "give the column of the times an index, select less, or look more rarely (window.every)"
_WRITES = "select only: the gate opens it for reading"
_LOCKED = "the next look tries again"
_KNOWN: tuple[tuple[str, type[SourceFault], str, str], ...] = (
    ("57014", SourceDown, "took too long over the query", _SLOW),  # PostgreSQL: query_canceled
    ("SQLITE_INTERRUPT", SourceDown, "took too long over the query", _SLOW),  # by our own limit
    ("25006", SourceRefused, "was to be written to by the query", _WRITES),  # read_only_sql_transaction
    ("SQLITE_READONLY", SourceRefused, "was to be written to by the query", _WRITES),
    ("SQLITE_BUSY", SourceDown, "is locked by whoever writes to it", _LOCKED),
    ("SQLITE_LOCKED", SourceDown, "is locked by whoever writes to it", _LOCKED),
    ("SQLITE_NOTADB", SourceRefused, "is not a database", "name a file that SQLite wrote"),
    (
        "SQLITE_CANTOPEN",
        SourceRefused,
        "cannot be opened",
        "correct the path, which starts at the policy's folder, and see that this user may read the file",
    ),
)
_MAY_PASS = ("starting up", "shutting down", "too many", "recovery mode", "remaining connection slots")
_LONGEST = 200


def fault_of(error: SQLAlchemyError, name: str) -> SourceFault:
    """Return what to raise.

    Args:
        error: as SQLAlchemy raised it.
        name: of the database, for people; without a password.
    """
    origin = getattr(error, "orig", None)
    code: str = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None) or ""
    said = str(origin or error).strip().partition("\n")[0][:_LONGEST]
    for prefix, kind, what, hint in _KNOWN:
        if code.startswith(prefix):
            return kind(f"{name} {what}", hint=hint)
    # Of a syntax error or an unknown column the words name parts of the query, not what people wrote.
    if isinstance(error, ProgrammingError) or code == "SQLITE_ERROR":
        hint = "try the query in the database's own shell, with times for :since and :until"
        return SourceRefused(f"{name} refused the query: {said}", hint=hint)
    if isinstance(error, OperationalError):
        return _unreachable(name, said)
    hint = "look at the types in the query: what is compared, what is cast"
    code = code or type(error).__name__
    quote = said if isinstance(error, DBAPIError) else ""
    return SourceRefused(f"{name} could not carry out the query ({code})", hint=hint, quote=quote)


def _unreachable(name: str, said: str) -> SourceFault:
    """Tell a door that stays shut from one that may open."""
    if "FATAL" in said and not any(words in said for words in _MAY_PASS):
        hint = "check user, password and database in the URL, and that the account may connect and SELECT"
        return SourceRefused(f"{name} let us not in: {said}", hint=hint)
    return SourceDown(f"{name} does not answer: {said}", hint="see that the database is up and reachable from here")
