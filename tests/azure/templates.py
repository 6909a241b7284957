"""Fills a template's parameters in, as Azure Pipelines does before it runs anything: what our own template uses of it.

https://learn.microsoft.com/azure/devops/pipelines/process/template-expressions
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHOLE = re.compile(r"\$\{\{ parameters\.(\w+) \}\}")
INSERT = "${{ insert }}"
TYPES: dict[str, type] = {"string": str, "boolean": bool, "number": int, "object": dict}


def steps(template: dict[str, Any], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a template; a parameter that it does not declare, or of another type, is a failure."""
    declared = {each["name"]: each for each in template["parameters"]}
    assert set(given) <= set(declared), f"not declared: {set(given) - set(declared)}"
    values = {name: each["default"] for name, each in declared.items()} | dict(given)
    for name, value in values.items():
        assert isinstance(value, TYPES[declared[name]["type"]]), f"{name} is {value!r}"
    found: list[dict[str, Any]] = _filled(template["steps"], values)
    return found


def _filled(node: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    if isinstance(node, dict):
        inserted = _filled(node[INSERT], values) if INSERT in node else {}
        return {key: _filled(value, values) for key, value in node.items() if key != INSERT} | inserted
    if isinstance(node, list):
        return [_filled(each, values) for each in node]
    if isinstance(node, str):
        if whole := _WHOLE.fullmatch(node):
            return values[whole[1]]
        assert "${{" not in node, f"an expression inside of a text: {node!r}"
    return node


def as_text(value: object) -> str:
    """Return a value as it arrives in the environment."""
    return str(value)
