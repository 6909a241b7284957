"""Success criteria of Azure Pipelines, as far as our tasks use them: functions of conditions on the JSON of an answer.

https://learn.microsoft.com/azure/devops/pipelines/process/expressions: names of functions and comparisons of strings do
not heed case; ``and`` and ``or`` take two arguments or more; a text that is missing is empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_]\w*)|(?P<sign>[(),\[\]]))")
Value = str | bool


def holds(expression: str, root: dict[str, Any]) -> bool:
    """Say whether the criteria are met by an answer; what the evaluator does not know is a failure of the test."""
    tokens = _tokens(expression)
    value = _value(tokens, root)
    assert next(tokens, None) is None, f"more follows in {expression!r}"
    assert isinstance(value, bool), f"{expression!r} says neither yes nor no"
    return value


def _tokens(expression: str) -> Iterator[str]:
    place = 0
    while place < len(expression.rstrip()):
        found = _TOKEN.match(expression, place)
        assert found, f"cannot read {expression[place:]!r}"
        yield found["text"] or found["name"] or found["sign"]
        place = found.end()


def _value(tokens: Iterator[str], root: dict[str, Any]) -> Value:
    token = next(tokens)
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token == "root":
        assert next(tokens) == "["
        name = _value(tokens, root)
        assert next(tokens) == "]"
        found = root.get(str(name))
        assert found is None or isinstance(found, str), "to compare others, Azure converts them: use strings"
        return found or ""
    return _call(token.lower(), tokens, root)


def _call(name: str, tokens: Iterator[str], root: dict[str, Any]) -> bool:
    assert next(tokens) == "("
    values = [_value(tokens, root)]
    while (sign := next(tokens)) == ",":
        values.append(_value(tokens, root))
    assert sign == ")"
    if name in {"eq", "ne"}:
        left, right = values
        assert isinstance(left, str)
        assert isinstance(right, str)
        return (left.lower() == right.lower()) is (name == "eq")
    assert len(values) > 1
    assert all(isinstance(value, bool) for value in values)
    return {"and": all, "or": any}[name](values)
