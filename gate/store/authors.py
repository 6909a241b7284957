"""Authors are stored as keyed hashes: equal authors stay equal, and nobody without the key can tell who they are."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from gate.errors import StoreFault, UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "author.key"
_SHORTEST = 16


def author_key(folder: Path, environ: Mapping[str, str]) -> bytes:
    """Return the key that authors are hashed with; made at first use.

    Args:
        folder: where the key's file lies, beside the database: see ``key_folder``.
        environ: ``GATE_AUTHOR_KEY`` in it comes before the file, for runners that start empty each time.

    Raises:
        UsageFault: the key in the environment is too short.
        StoreFault: the file cannot be made or read, or is damaged.
    """
    given = environ.get("GATE_AUTHOR_KEY", "")
    if given:
        if len(given) < _SHORTEST:
            message = f"GATE_AUTHOR_KEY is shorter than {_SHORTEST} characters"
            raise UsageFault(message, hint="make one with: openssl rand -hex 32")
        return given.encode(errors="surrogateescape")
    path = folder / FILE_NAME
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except OSError as error:
        message = f"the key for authors, {path}, cannot be made or read: {error.strerror}"
        raise StoreFault(message, hint="make the folder writable, or set GATE_AUTHOR_KEY") from error
    if len(key) < _SHORTEST:
        message = f"the key for authors, {path}, is damaged: it holds {len(key)} bytes"
        raise StoreFault(message, hint="restore it from a backup, or remove it: authors of past runs then look new")
    return key


def hash_author(key: bytes, source: str, author: str) -> str:
    """Return 16 hexadecimal digits (HMAC-SHA256) that stand for an author of a source; empty for none.

    The source is part of it: the same name on two platforms need not be the same person.
    """
    if not author:
        return ""
    # surrogatepass: an odd name must neither fail nor collide with another odd name.
    message = f"{source}\0{author}".encode(errors="surrogatepass")
    return hmac.digest(key, message, "sha256").hex()[:16]


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        # A link appears whole or not at all; when two processes start at once, the first one's key stays.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
