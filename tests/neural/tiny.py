"""Writes tiny ONNX models and tokenizers for tests: a few hundred bytes of protocol buffers, no training.

The fields' numbers are those of onnx.proto3 (ONNX IR version 8). A model adds up one row of a table for each token,
which is enough to steer every output by the words of a text.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "so", "fine")
FLOAT, INT64 = 1, 7


def varint(number: int) -> bytes:
    """Write a number as protocol buffers do."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes | str) -> bytes:
    """Write one field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, table: Sequence[Sequence[float]]) -> bytes:
    """Write a table of floats as a TensorProto."""
    flat = [value for row in table for value in row]
    sizes = field(1, len(table)) + field(1, len(table[0]))
    return sizes + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f"<{len(flat)}f", *flat))


def value(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    """Write the name, type and shape of an input or output as a ValueInfoProto."""
    sizes = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sizes)))


def node(kind: str, inputs: Sequence[str], output: str, **numbers: int) -> bytes:
    """Write a NodeProto; every attribute is one whole number."""
    attributes = b"".join(
        field(5, field(1, name) + field(3, number) + field(20, 2)) for name, number in numbers.items()
    )
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind) + attributes


def model(table: Sequence[Sequence[float]], *, inputs: Sequence[str] = ("input_ids",), pooled: bool = True) -> bytes:
    """Write a model that looks up a row for each token and, pooled, adds the rows of a text up."""
    nodes = [node("Gather", ["table", "input_ids"], "rows" if pooled else "output", axis=0)]
    shape: list[str | int] = ["batch", "sequence", len(table[0])]
    if pooled:
        # ReduceSum takes its axis as a tensor of int64.
        nodes.append(node("ReduceSum", ["rows", "axis"], "output", keepdims=0))
        shape.remove("sequence")
    axis = field(1, 1) + field(2, INT64) + field(8, "axis") + field(9, struct.pack("<q", 1))
    graph = b"".join(field(1, each) for each in nodes) + field(2, "tiny")
    graph += field(5, tensor("table", table)) + field(5, axis)
    graph += b"".join(field(11, value(name, INT64, ["batch", "sequence"])) for name in inputs)
    graph += field(12, value("output", FLOAT, shape))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def tokenizer() -> str:
    """Write a word-by-word tokenizer that frames each text."""
    added = [
        {"id": i, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        for i, word in enumerate(WORDS[:4])
    ]  # fmt: skip
    special = {word: {"id": word, "ids": [WORDS.index(word)], "tokens": [word]} for word in ("[CLS]", "[SEP]")}
    frame = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": added,
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {"type": "TemplateProcessing", "single": frame, "pair": frame, "special_tokens": special},
            "model": {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
        }
    )


TABLE = ((0.0, 0.0, 0.0),) * 4 + ((-2.0, 0.0, 2.0), (2.0, 0.0, -2.0), (0.0, 0.5, 0.0), (0.0, 1.0, 0.0))
"""A row a word: logits of negative, neutral and positive. Padding and frame add nothing."""


def folder(path: Path, content: bytes | None = None, labels: Sequence[str] = ("NEG", "NEU", "POS")) -> Path:
    """Write a model folder."""
    path.mkdir(exist_ok=True)
    (path / "model.onnx").write_bytes(model(TABLE) if content is None else content)
    (path / "tokenizer.json").write_text(tokenizer(), encoding="utf-8")
    names = {str(number): name for number, name in enumerate(labels)}
    (path / "config.json").write_text(json.dumps({"id2label": names}), encoding="utf-8")
    return path
