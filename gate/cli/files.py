"""Files that commands write where users want them."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import TYPE_CHECKING

from gate.errors import UsageFault

if TYPE_CHECKING:
    from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room: on the disk, in the user's quota, under the process's limit of a file's size."""


def write(file: Path, text: str) -> None:
    """Write a file in UTF-8, with the folders above it; a new file that cannot be written whole is removed again.

    Raises:
        UsageFault: it cannot be written.
    """
    new = True
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = not file.exists()
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        if new:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        raise cannot_write(file, error) from error


def check_writable(file: Path) -> None:
    """See that a file can be written before hours are spent on what is to go into it; one that exists stays as it is.

    Raises:
        UsageFault: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not (file.is_file() or file.is_dir()):
            return  # A pipe or a terminal: opening it may wait for a reader.
        new = not (file.exists() or file.is_symlink())
        file.open("ab").close()
        if new:
            file.unlink()
    except OSError as error:
        raise cannot_write(file, error) from error


def cannot_write(path: Path, error: OSError) -> UsageFault:
    """Return the fault for a file or folder that could not be written, with what helps against this error."""
    hint = "choose a folder you may write to"
    if error.errno in FULL:
        hint = "free some space, raise the limit (quota, ulimit -f), or choose another disk"
    elif error.errno in {errno.EEXIST, errno.ENOTDIR}:
        hint = "there is a file where a folder is needed; choose another name"
    return UsageFault(f"cannot write {path}: {error.strerror}", hint=hint)
