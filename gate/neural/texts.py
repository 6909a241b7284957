"""Texts → token numbers, by the ``tokenizer.json`` that belongs to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.errors import ScorerFault
from gate.neural.packages import imported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHARACTERS_PER_TOKEN = 32
"""A text is cut after this many characters for each token that will be kept. Real tokens are shorter; without the cut
a text of 100 kB would be taken apart only to throw nearly all of it away."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One text as a model takes it."""

    numbers: tuple[int, ...]
    types: tuple[int, ...]
    """Segment of each token; 0 throughout for a single text with most models."""


class Wordpieces:
    """A tokenizer in the file format of Hugging Face ``tokenizers``, whatever its algorithm."""

    def __init__(self, path: Path, *, max_tokens: int) -> None:
        """Read the file.

        Raises:
            ScorerFault: ``tokenizers`` is not installed, or the file is missing or is no tokenizer.
        """
        library = imported("tokenizers")
        if not path.is_file():
            message = f"no tokenizer at {path}"
            raise ScorerFault(message, hint="tokenizer.json stands beside model.onnx; exporters write it there")
        try:
            self._tokenizer = library.Tokenizer.from_file(str(path))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(max_tokens)
        except Exception as error:  # the library raises bare Exception
            message = f"{path} is not a tokenizer in the tokenizers format: {_short(error)}"
            raise ScorerFault(message, hint="it must be the tokenizer.json that belongs to the model") from error
        self._longest = max_tokens * CHARACTERS_PER_TOKEN

    @property
    def size(self) -> int:
        """How many tokens it knows, added ones included."""
        return int(self._tokenizer.get_vocab_size())

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Take each text apart, in order; only its beginning where it is longer than the model reads."""
        # A lone surrogate cannot be written as UTF-8, which is what the library is handed.
        cut = [text[: self._longest].encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch(cut)
        return [Tokens(tuple(each.ids), tuple(each.type_ids)) for each in encoded]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
