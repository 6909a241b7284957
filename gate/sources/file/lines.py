"""Splits a file into lines, without holding more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1 << 20
"""Bytes. No mention is that long; without a limit one missing newline would fill the memory."""
TOO_LONG = f"a line longer than {LONGEST:,} bytes"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_TAIL = 4096


class Line(NamedTuple):
    """One line of the file."""

    end: int
    """Byte position behind it, in the uncompressed file."""
    raw: bytes
    """With its newline; of a line that is too long, only the last piece."""
    too_long: bool


class Record(NamedTuple):
    """One record of the file, or what is wrong with it."""

    end: int
    """Byte position behind it, in the uncompressed file."""
    line: int
    """1-based number of its first line."""
    next_line: int
    """Number of the line behind it."""
    raw: bytes
    """Its last line, for fingerprints and quotes."""
    fields: dict[str, object]
    """By our names; empty where it is faulty or blank."""
    fault: str
    """Why it is unreadable, for people; empty where it is not."""

    @property
    def tail(self) -> bytes:
        """Return the bytes directly before ``end``, by which this place is known again."""
        return self.raw[-_TAIL:]


def harmless(text: str) -> str:
    """Return a piece of the file for people: nothing in it may move a terminal's cursor or turn its text around."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def read_lines(handle: BinaryIO, position: int, *, growing: bool) -> Iterator[Line]:
    """Yield the lines from ``position`` on; of a growing file only those that end with a newline."""
    handle.seek(position)
    while raw := handle.readline(LONGEST):
        position += len(raw)
        too_long = False
        while not raw.endswith(b"\n"):
            if not (more := handle.readline(LONGEST)):
                # In a growing file the rest of this line is still being written: it belongs to the next poll.
                if growing:
                    return
                break
            position += len(more)
            raw, too_long = more, True
        yield Line(position, raw, too_long)
