"""Opens a file of mentions, and says what it is when it is not one."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from gate.errors import SourceDown, SourceRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUT_OFF = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading raises when a packed file ends too early or is damaged."""

_HEAD = 64
_GZIP = b"\x1f\x8b"


class Stamp(NamedTuple):
    """What changes when a file does."""

    inode: int
    size: int
    modified: int
    """Nanoseconds."""


class Opened(NamedTuple):
    """An open file, unpacked where it is packed."""

    handle: BinaryIO
    stamp: Stamp


@contextmanager
def opened(path: Path, shown: str, *, may_come: bool) -> Iterator[Opened]:
    """Open it for reading.

    Args:
        path: Where it is.
        shown: Its name as the user gave it, for messages.
        may_come: Whether a missing file may still be created, as logs are.

    Raises:
        SourceRefused: missing, a folder, not readable, or not the kind of file its name says.
        SourceDown: the disk did not answer, or the file is not there yet.
    """
    try:
        # A pipe would block for ever, so look before opening.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _not_a_file(path, shown)
        raw = path.open("rb")
    except FileNotFoundError:
        raise _missing(path, shown, may_come=may_come) from None
    except PermissionError:
        message = f"{shown} may not be read"
        raise SourceRefused(message, hint=f"give this user the right to read it: chmod +r {shown}") from None
    except OSError as error:
        message = f"{shown} could not be read: {error.strerror}"
        raise SourceDown(message) from None
    try:
        with raw, _unpacked(raw, shown) as file:
            yield file
    except OSError as error:
        message = f"{shown} could not be read on: {error.strerror or error}"
        raise SourceDown(message) from None


@contextmanager
def _unpacked(raw: io.BufferedReader, shown: str) -> Iterator[Opened]:
    found = _stamp(raw)
    _check_packing(raw.peek(2)[:2], shown)
    if not shown.lower().endswith(".gz"):
        _check_content(raw.peek(_HEAD), shown)
        yield Opened(raw, found)
        return
    with gzip.GzipFile(fileobj=raw) as packed, io.BufferedReader(packed, 1 << 16) as unpacked:
        with suppress(*CUT_OFF):  # met again, and reported, when the lines are read
            _check_content(unpacked.peek(_HEAD), shown)
        yield Opened(unpacked, found)


def _stamp(raw: BinaryIO) -> Stamp:
    found = os.fstat(raw.fileno())
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def _not_a_file(path: Path, shown: str) -> SourceRefused:
    if not path.is_dir():
        return SourceRefused(f"{shown} is not a regular file", hint="write the mentions to a file first")
    inside = sorted(item.name for item in path.iterdir() if item.is_file())[:5]
    return SourceRefused(
        f"{shown} is a folder, one file is wanted",
        hint=f"name a file in it, e.g. {inside[0]}" if inside else "the folder holds no file",
    )


def _missing(path: Path, shown: str, *, may_come: bool) -> SourceRefused | SourceDown:
    if may_come:
        hint = "start what writes it: each poll looks again, but a source without baseline may take no part"
        return SourceDown(f"{shown} is not there (yet)", hint=hint)
    if not path.parent.is_dir():
        return SourceRefused(
            f"{shown} does not exist: there is no folder {path.parent.name!r}",
            hint="paths start at the folder of the policy file",
        )
    near = get_close_matches(path.name, [item.name for item in path.parent.iterdir()], n=1, cutoff=0.5)
    return SourceRefused(
        f"{shown} does not exist",
        hint=f"did you mean {near[0]}?" if near else "paths start at the folder of the policy file",
    )


def _check_packing(head: bytes, shown: str) -> None:
    if shown.lower().endswith(".gz") and head and head != _GZIP:
        message = f"{shown} ends in .gz but is not packed with gzip"
        raise SourceRefused(message, hint="rename it without .gz, or pack it: gzip FILE")
    if not shown.lower().endswith(".gz") and head == _GZIP:
        message = f"{shown} is packed with gzip but does not end in .gz"
        raise SourceRefused(message, hint=f"rename it to {shown}.gz")


def _check_content(head: bytes, shown: str) -> None:
    """Name the usual mistakes, instead of calling every line of the file unreadable."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"{shown} is UTF-16, UTF-8 is wanted"
        raise SourceRefused(message, hint=f"convert it: iconv -f UTF-16 -t UTF-8 {shown}")
    if head.startswith(b"PK\x03\x04"):
        message = f"{shown} is a ZIP archive or a spreadsheet"
        raise SourceRefused(message, hint="export the sheet as CSV (UTF-8)")
    if is_delimited(shown):
        return
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        message = f"{shown} holds one JSON list, one object a line is wanted"
        raise SourceRefused(message, hint=f"convert it: jq -c '.[]' {shown} > mentions.jsonl")
    if start.split(b"\n", 1)[0].strip() == b"{" and b"\n" in start:
        message = f"{shown} holds JSON spread over lines, one object a line is wanted"
        raise SourceRefused(message, hint=f"convert it: jq -c . {shown} > mentions.jsonl")


def is_delimited(name: str) -> bool:
    """Return whether a file of this name holds rows with a header."""
    return name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
