"""One row of a result as a mention."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gate.errors import SourceRefused
from gate.records import LABEL, by_our_names

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED = ("id", "created_at", "text")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which field stands where in a row."""

    where: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, names: list[str], mapping: Mapping[str, str]) -> Layout:
        """Read the names of the columns.

        Raises:
            SourceRefused: a needed one is missing, or one named in the map is not there.
        """
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        wanted = by_our_names(names, mapping)
        for field, name in wanted.items():
            if name not in places and (field in mapping or field in _NEEDED):
                near = get_close_matches(name, names, n=1)
                hint = (f"did you mean {near[0]!r}? " if near else "") + f"select it AS {field}, or name the column: "
                message = f"the query returns no column {name!r} for the field {field!r}; it returns {', '.join(names)}"
                raise SourceRefused(message, hint=f"{hint}`columns: {{{field}: …}}`")
        return cls(tuple((field, places[name]) for field, name in wanted.items() if name in places))

    def fields(self, row: tuple[Any, ...]) -> dict[str, object]:
        """Return the row by our names, in the types that files have too."""
        found: dict[str, object] = {}
        labels: dict[str, object] = {}
        for field, place in self.where:
            value = _plain(row[place])
            if field.startswith(LABEL):
                labels[field.removeprefix(LABEL)] = value
            else:
                found[field] = value
        if labels:
            found["labels"] = labels
        return found


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever a driver returns
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return value
