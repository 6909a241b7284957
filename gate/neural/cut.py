"""Cuts an ONNX model short: an inner result becomes its only output, and what leads only further is taken out.

A linear head often reads more from a middle layer of a language model than from the last, and the layers after it need
not be computed. ONNX files are Protocol Buffers (the specification's onnx.proto names the fields below); only their
outermost parts are looked at and copied whole, so that the package ``onnx`` is not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT, GRAPH_SHAPES = 1, 5, 12, 13
NODE_INPUT, NODE_OUTPUT = 1, 2
TENSOR_NAME = 8
VALUE_NAME = 1
_MORE = 0x80
"""Set in each byte of a number but the last; the other seven bits are the number's, low ones first."""
_BYTES = 2
"""Wire type of texts, bytes and messages."""
_FIXED = {1: 8, 5: 4}
"""Size of the wire types of fixed width."""


class Field(NamedTuple):
    """One field of a message."""

    number: int
    payload: bytes
    """Of texts, bytes and messages; empty for numbers."""
    whole: bytes
    """With its tag, as it was written."""


def cut(model: bytes, output: str) -> bytes:
    """Return the model that computes this inner result and nothing else.

    Raises:
        ValueError: these bytes are no model, or none of its nodes computes the output.
    """
    parts = list(_fields(model))
    return b"".join(
        _message(MODEL_GRAPH, _cut(each.payload, output)) if each.number == MODEL_GRAPH else each.whole
        for each in parts
    )


def _cut(graph: bytes, output: str) -> bytes:
    parts = list(_fields(graph))
    wanted = {output.encode()}
    kept: set[int] = set()
    # Nodes stand in an order in which they can be computed, so one way back meets all that is needed.
    for place in range(len(parts) - 1, -1, -1):
        if parts[place].number == GRAPH_NODE:
            node = list(_fields(parts[place].payload))
            if any(each.payload in wanted for each in node if each.number == NODE_OUTPUT):
                wanted |= {each.payload for each in node if each.number == NODE_INPUT}
                kept.add(place)
    if not kept:
        message = f"no node of the model computes {output}"
        raise ValueError(message)
    for place, part in enumerate(parts):
        if part.number == GRAPH_INITIALIZER:
            names = [each.payload for each in _fields(part.payload) if each.number == TENSOR_NAME]
            if not wanted.isdisjoint(names):
                kept.add(place)
    chosen = {GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT, GRAPH_SHAPES}
    rest = b"".join(part.whole for place, part in enumerate(parts) if place in kept or part.number not in chosen)
    return rest + _message(GRAPH_OUTPUT, _message(VALUE_NAME, output.encode()))


def _fields(message: bytes) -> Iterator[Field]:
    place = 0
    while place < len(message):
        start = place
        tag, place = _number(message, place)
        kind, payload = tag & 7, b""
        if kind == _BYTES:
            size, place = _number(message, place)
            payload = message[place : place + size]
            place += size
        elif kind in _FIXED:
            place += _FIXED[kind]
        elif kind == 0:
            _, place = _number(message, place)
        else:
            place = len(message) + 1
        if place > len(message):
            text = "these bytes are no ONNX model"
            raise ValueError(text)
        yield Field(tag >> 3, payload, message[start:place])


def _number(message: bytes, place: int) -> tuple[int, int]:
    """Read a variable-length number; return it and the place after it."""
    value = shift = 0
    while place < len(message):
        byte = message[place]
        value |= (byte & ~_MORE) << shift
        place += 1
        if byte < _MORE:
            return value, place
        shift += 7
    text = "these bytes are no ONNX model"
    raise ValueError(text)


def _message(number: int, payload: bytes) -> bytes:
    return _written(number << 3 | _BYTES) + _written(len(payload)) + payload


def _written(value: int) -> bytes:
    written = bytearray()
    while value >= _MORE:
        written.append(value & (_MORE - 1) | _MORE)
        value >>= 7
    return bytes([*written, value])
