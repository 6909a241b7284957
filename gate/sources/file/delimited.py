"""CSV and TSV: a header, then one row a mention; a row may span lines inside quotes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, BinaryIO

from gate.errors import SourceRefused
from gate.records import LABEL, by_our_names
from gate.sources.file.lines import BYTE_ORDER_MARK, TOO_LONG, Line, Record, harmless, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of one file, read through the user's column map."""

    delimiter: str
    width: int
    where: tuple[tuple[str, int], ...]
    """Our field and its place in a row."""

    @classmethod
    def of(cls, path: str, header: str, mapping: Mapping[str, str]) -> Columns:
        """Read the first line.

        Raises:
            SourceRefused: a needed column is missing, or one named in the map is not there.
        """
        delimiter = _delimiter(path, header)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        wanted = by_our_names(names, mapping)
        for field, name in wanted.items():
            if name not in places and (field in mapping or field in {"created_at", "text"}):
                raise _missing(path, field, name, names)
        where = tuple((field, places[name]) for field, name in wanted.items() if name in places)
        return cls(delimiter, len(names), where)

    def misfit(self, row: list[str]) -> str:
        """Return why the row does not fit the header; empty where it does."""
        if len(row) in {0, self.width}:  # a blank line is no fault
            return ""
        return f"{len(row)} columns where the header has {self.width}"

    def fields(self, row: list[str]) -> dict[str, object]:
        """Return the row by our names; an empty cell is an absent field, except in ``text``."""
        found: dict[str, object] = {}
        labels: dict[str, str] = {}
        for field, place in self.where:
            cell = row[place]
            if field.startswith(LABEL):
                if cell:
                    labels[field.removeprefix(LABEL)] = cell
            elif cell or field == "text":
                found[field] = cell
        if labels:
            found["labels"] = labels
        return found


def _delimiter(path: str, header: str) -> str:
    if ".tsv" in path.lower():
        return "\t"
    # Spreadsheets write semicolons where the comma is the decimal sign.
    return ";" if header.count(";") > header.count(",") else ","


def _missing(path: str, field: str, name: str, names: list[str]) -> SourceRefused:
    near = get_close_matches(name, names, n=1)
    # In a file without a header the first line is somebody's words: a quote, which is not stored.
    return SourceRefused(
        f"{path}:1: no column {name!r} for the field {field!r} in the header",
        quote=harmless(", ".join(names)[:_LONGEST_HEADER]),
        hint=(f"did you mean {harmless(near[0])!r}? " if near else "")
        + f"name the column in the policy, e.g. `columns: {{{field}: …}}`",
    )


def delimited(
    handle: BinaryIO, position: int, line: int, *, path: str, mapping: Mapping[str, str], growing: bool
) -> Iterator[Record]:
    """Yield the rows from ``position`` on; of a growing file only whole ones.

    Raises:
        SourceRefused: the header lacks a column that is needed.
    """
    lines = read_lines(handle, 0, growing=growing)
    if (first := next(lines, None)) is None:
        return
    columns = Columns.of(path, first.raw.removeprefix(BYTE_ORDER_MARK).decode(errors="replace"), mapping)
    if position <= first.end:
        yield Record(first.end, 1, 2, first.raw, {}, "")
        yield from _rows(_CsvLines(lines, first.end), 2, columns, growing=growing)
    else:
        lines = read_lines(handle, position, growing=growing)
        yield from _rows(_CsvLines(lines, position), line, columns, growing=growing)


def _rows(source: _CsvLines, line: int, columns: Columns, *, growing: bool) -> Iterator[Record]:
    reader = csv.reader(source, delimiter=columns.delimiter)
    while True:
        source.fault = ""
        first = line
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row, source.fault = [], f"not a row of CSV: {error}"
            # The rest of the broken row is unknown: start again at the next line.
            reader = csv.reader(source, delimiter=columns.delimiter)
        # A whole row comes without a look at the next line; here the end was met inside quotes.
        if source.exhausted:
            if growing:
                return
            source.fault = f"a quote opened in the row of line {first} is never closed"
        line = first + source.taken()
        if not any(row):  # spreadsheets end with rows of nothing but commas
            row = []
        fault = source.fault or columns.misfit(row)
        yield Record(source.end, first, line, source.raw, {} if fault or not row else columns.fields(row), fault)


class _CsvLines:
    """Feeds lines to the csv reader and remembers how far it has taken them."""

    def __init__(self, lines: Iterator[Line], position: int) -> None:
        self._lines = lines
        self._taken = 0
        self.end = position
        self.raw = b""
        self.fault = ""
        self.exhausted = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            self.end, self.raw, too_long = next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise
        self._taken += 1
        if too_long:
            self.fault = TOO_LONG
            return "\n"
        try:
            return self.raw.decode()
        except UnicodeDecodeError:
            self.fault = "bytes that are not UTF-8"
            return self.raw.decode(errors="replace")

    def taken(self) -> int:
        """Return how many lines were read since the last call."""
        count, self._taken = self._taken, 0
        return count
