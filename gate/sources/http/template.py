"""The places in a request that are filled in for each page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLACES = ("since", "until", "release", "cursor", "page")
_PLACE = re.compile(r"\{([a-z_]+)\}")
_DEEPEST = 50

WRITERS: Mapping[str, Callable[[datetime], str | int]] = {
    "rfc3339": lambda at: at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    "epoch": lambda at: int(at.timestamp()),
    "epoch-ms": lambda at: int(at.timestamp() * 1000),
    "date": lambda at: at.astimezone(UTC).date().isoformat(),
}
"""Ways to write a time."""


def places(text: str) -> set[str]:
    """Return the names in braces of one word; ``{"a": 1}`` has none."""
    return set(_PLACE.findall(text))


def filled_query(query: Mapping[str, str], values: Mapping[str, str | int | None]) -> dict[str, str]:
    """Return the query with its places filled; a parameter that needs what is not there is left out."""
    return {
        name: _PLACE.sub(lambda found: str(values[found[1]]), text)
        for name, text in query.items()
        if all(values[place] is not None for place in places(text))
    }


class Body:
    """JSON with places in it: filled once it is parsed, so that no release name becomes part of its structure."""

    def __init__(self, written: str) -> None:
        """Read it.

        Raises:
            ValueError: it is no JSON, or too deep.
        """
        try:
            self._pattern = json.loads(written)
        except (ValueError, RecursionError):
            message = "is not JSON"
            raise ValueError(message) from None
        self.filled(dict.fromkeys(PLACES, "x"))

    def filled(self, values: Mapping[str, str | int | None]) -> Any:  # noqa: ANN401 - any JSON
        """Return it with its places filled; a member that needs what is not there is left out."""
        return _filled(self._pattern, values, 0)


def _filled(value: Any, values: Mapping[str, str | int | None], depth: int) -> Any:  # noqa: ANN401 - any JSON
    if depth > _DEEPEST:
        message = "is too deep"
        raise ValueError(message)
    if isinstance(value, dict):
        return {key: _filled(inner, values, depth + 1) for key, inner in value.items() if not _lacks(inner, values)}
    if isinstance(value, list):
        return [_filled(inner, values, depth + 1) for inner in value if not _lacks(inner, values)]
    if not isinstance(value, str):
        return value
    if (alone := _PLACE.fullmatch(value)) and alone[1] in values:
        return values[alone[1]]  # a number stays one
    return _PLACE.sub(lambda found: str(values.get(found[1], found[0])), value)


def _lacks(value: object, values: Mapping[str, str | int | None]) -> bool:
    return isinstance(value, str) and any(place in values and values[place] is None for place in places(value))
