"""YAML text → plain values, each with the line it stands on.

YAML 1.2's core types only. YAML 1.1 would read the key ``on`` as true, ``12:30`` as 750, ``no`` as
false and ``1e-2`` as text, and each of these has a meaning in a policy. Anchors, aliases and tags
are refused: a policy needs none, and they are how a small file becomes a huge one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from gate.errors import Fault, PolicyFault
from gate.policy.syntax import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yaml.nodes import Node

LARGEST_FILE = 1_000_000
"""Bytes."""
DEEPEST = 20
MOST_VALUES = 20_000
"""Keys and values; reading them takes a second or two."""
MOST_DIGITS = 40

Place = tuple[str | int, ...]
"""Keys and positions from the top: ``("rules", 0, "alpha")``."""


@dataclass(slots=True)
class Document:
    """A policy file as plain values: dict, tuple, str, int, float, bool, None."""

    path: str
    text: str
    value: dict[str, object]
    lines: dict[Place, int] = field(default_factory=dict)
    """1-based line of each key and list item."""
    comments: dict[Place, str] = field(default_factory=dict)
    """What YAML read as a comment behind an unquoted value although no space follows the hash: ``#acme``."""
    faults: list[tuple[Place, int, str, str]] = field(default_factory=list)
    """Place, line, message and hint of what is wrong already."""
    overridden: dict[Place, str] = field(default_factory=dict)
    """Places set from outside, and by what: ``--window``."""

    def line(self, place: Place) -> int:
        """Return the line of the place, or of the nearest thing around it; 0 where that is the whole file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)

    def override(self, place: Place, value: object, name: str) -> None:
        """Put a value over what the file says; ``name`` is what faults call it."""
        into = self.value
        for key in place[:-1]:
            inner = into.setdefault(str(key), {})
            if not isinstance(inner, dict):
                return  # The file is wrong here, which is a fault of its own.
            into = inner
        into[str(place[-1])] = value
        self.overridden[place] = name


class _Composer(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's own parts, with YAML 1.2's idea of a number and limits on nesting."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0
        self.count = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not read", problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="tags are not read", problem_mark=event.start_mark)
        if self.depth >= DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        if self.count >= MOST_VALUES:
            raise yaml.MarkedYAMLError(problem="too many values", problem_mark=event.start_mark)
        self.count += 1
        self.depth += 1
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


_TYPES = {
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    "int": (re.compile(rf"[-+]?[0-9]{{1,{MOST_DIGITS}}}\Z"), list("-+0123456789")),
    "float": (
        re.compile(
            r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z|\.(?:nan|NaN|NAN)\Z"
        ),
        list("-+.0123456789"),
    ),
}
for _name, (_pattern, _first) in _TYPES.items():
    _Composer.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)


def read(text: str, path: str) -> Document:
    """Read the text of a policy.

    Raises:
        PolicyFault: it is no YAML, or not a mapping at its top.
    """
    try:
        node = _Composer(text).get_single_node()
    except yaml.YAMLError as error:
        line, message, hint = explain(error, text)
        raise PolicyFault((Fault(path, line, "", message, hint),)) from None  # YAML's own message quotes the line
    if not isinstance(node, MappingNode):
        raise PolicyFault((_no_mapping(node, path),))
    document = Document(path=path, text=text, value={})
    document.value = _mapping(node, (), document, text.splitlines())
    return document


def _no_mapping(node: Node | None, path: str) -> Fault:
    if node is None or (isinstance(node, ScalarNode) and not node.value):
        return Fault(path, 0, "", "is empty", "write a policy with gate init")
    what = "a list" if isinstance(node, SequenceNode) else "plain text"
    return Fault(path, node.start_mark.line + 1, "", f"must hold keys such as version: 1, not {what}", "see gate init")


def _mapping(node: MappingNode, place: Place, document: Document, rows: Sequence[str]) -> dict[str, object]:
    built: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            document.faults.append((place, line, "a key must be text, not a list or a mapping", ""))
            continue
        key: str = key_node.value
        inner = (*place, key)
        if key in built:
            document.faults.append((inner, line, f"stands twice, first in line {document.lines[inner]}", "keep one"))
            continue
        document.lines[inner] = line
        built[key] = _value(value_node, inner, document, rows)
    return built


def _value(node: Node, place: Place, document: Document, rows: Sequence[str]) -> object:
    if isinstance(node, MappingNode):
        return _mapping(node, place, document, rows)
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            document.lines[*place, index] = item.start_mark.line + 1
        return tuple(_value(item, (*place, index), document, rows) for index, item in enumerate(node.value))
    if getattr(node, "style", None) is None and (comment := _comment_behind(node, rows)):
        document.comments[place] = comment
    return _scalar(node)


def _scalar(node: Node) -> object:
    text: str = node.value
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


_COMMENT = re.compile(r"\s+(#[^\s#].*)")


def _comment_behind(node: Node, rows: Sequence[str]) -> str:
    mark = node.end_mark
    found = _COMMENT.match(rows[mark.line], mark.column) if mark.line < len(rows) else None
    return found[1].rstrip() if found else ""
