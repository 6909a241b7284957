"""Texts from a stream of lines, as they arrive and in little memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

CHUNK = 1 << 16
"""Bytes read at once, as many as a pipe holds."""
LONGEST_LINE = 32 << 20
"""Bytes; of a longer line only the fact that it was there is kept."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Item:
    """One line."""

    text: str | None
    """None where there is none to score."""
    lang: str = ""
    """As stated; empty where not."""
    known: dict[str, str] = field(default_factory=dict)
    """What goes back out as it came in."""


def batches(stream: BinaryIO, size: int) -> Iterator[list[Item]]:
    """Yield the lines in order, at most ``size`` together, and never hold one back while waiting for more."""
    for lines in _arriving(stream):
        items = map(read_line, lines)
        while batch := list(islice(items, size)):
            yield batch


def read_line(line: bytes | None) -> Item:
    """Read a line: plain text, or a JSON object with ``text``. None is a line too long to hold."""
    if line is None:
        return Item(None)
    text = line.removesuffix(b"\r").decode("utf-8", "replace")
    if not text.lstrip().startswith("{"):
        return Item(text)
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        # Somebody may well write a line that begins with a brace; with a quote behind it, it is broken JSON.
        return Item(None) if text.lstrip()[1:].lstrip().startswith('"') else Item(text)
    written, lang = found.get("text"), found.get("lang")
    name = found.get("id")
    known = {"id": str(name)} if isinstance(name, (str, int, float)) else {}
    return Item(written if isinstance(written, str) else None, lang if isinstance(lang, str) else "", known)


def _arriving(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """Yield the lines that end in each chunk; the last one need not end."""
    # read1 returns what is there and waits only where nothing is, so that a line typed is a line scored.
    read = cast("BufferedReader", stream).read1
    rest, too_long = bytearray(), False
    first = True
    while chunk := read(CHUNK):
        ended, newline, left = chunk.rpartition(b"\n")
        lines: list[bytes | None] = []
        if newline:
            head, *others = ended.split(b"\n")
            rest += head
            lines = [None if too_long or len(rest) > LONGEST_LINE else bytes(rest), *others]
            rest, too_long = bytearray(), False
            if first and lines[0] is not None:
                lines[0] = lines[0].removeprefix(_BOM)
            first = False
        rest += left
        if len(rest) > LONGEST_LINE:
            rest, too_long = bytearray(), True
        if lines:
            yield lines
    if rest or too_long:
        yield [None if too_long else bytes(rest).removeprefix(_BOM if first else b"")]
