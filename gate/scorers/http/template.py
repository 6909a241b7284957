"""The request as users write it: JSON with ``{text}`` and ``{id}`` in it.

Texts are put into parsed JSON, never into JSON text, so that no text can become part of the request's
structure.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES = re.compile(r"\{(text|id)\}")
_DEEPEST = 50


class Template:
    """A request for a batch of texts."""

    def __init__(self, written: str) -> None:
        """Read the template.

        Raises:
            ValueError: it is no JSON, too deep, or ``{text}`` does not stand in it exactly once.
        """
        try:
            self._pattern = json.loads(written)
        except (ValueError, RecursionError) as error:
            said = f": {error}" if isinstance(error, ValueError) else ""
            message = f"is not JSON{said}"
            raise ValueError(message) from None
        found = _count(self._pattern, 0)
        if found != 1:
            message = f"must hold {{text}} in exactly one value, not in {found}"
            raise ValueError(message)
        self.repeats = _in_list(self._pattern)
        """Whether ``{text}`` stands in a list, and so can be repeated."""

    def filled(self, texts: Sequence[str]) -> bytes:
        """Return the request for these texts, numbered from 0."""
        value = _repeated(self._pattern, texts) if self.repeats else _one(self._pattern, 0, texts[0])
        return json.dumps(value, ensure_ascii=False).encode()


def _count(value: Any, depth: int) -> int:  # noqa: ANN401 - any JSON
    if depth > _DEEPEST:
        message = "is too deep"
        raise ValueError(message)
    if isinstance(value, str):
        return int("{text}" in value)
    return sum(_count(inner, depth + 1) for inner in _inside(value))


def _inside(value: Any) -> Sequence[Any]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _in_list(value: Any) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(value, list) and _count(value, 0):
        return True
    return any(_in_list(inner) for inner in _inside(value))


def _repeated(value: Any, texts: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    """Repeat the element that holds the text, in the innermost list around it."""
    if isinstance(value, dict):
        return {key: _repeated(inner, texts) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    filled: list[Any] = []
    for inner in value:
        if not _count(inner, 0) or _in_list(inner):
            filled.append(_repeated(inner, texts))
        else:
            filled += [_one(inner, number, text) for number, text in enumerate(texts)]
    return filled


def _one(value: Any, number: int, text: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _one(inner, number, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [_one(inner, number, text) for inner in value]
    if isinstance(value, str):
        given = {"text": text, "id": str(number)}
        return _PLACES.sub(lambda found: given[found[1]], value)  # one pass: a text may hold {id}
    return value
