"""One ONNX model on this machine's processors, run over batches of texts of like length."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from gate.errors import ScorerFault
from gate.neural.cut import cut
from gate.neural.packages import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from gate.neural.texts import Tokens

BATCH_TOKENS = 512
"""Tokens of one batch, padding included. What is computed in between then stays in the processor's cache; with 64 texts
at once, two thirds of the speed is left."""
MOST_WORKERS = 4

INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
"""Inputs by the names that exporters of Hugging Face models give them."""


class Model:
    """Takes token numbers, returns its first output.

    Each batch runs on one processor, several batches beside one another: that is faster for short
    texts than several processors in one batch, and the numbers do not depend on how many there are.
    """

    def __init__(self, path: Path, *, output: str = "") -> None:
        """Read the model.

        Args:
            path: the file.
            output: an inner result to take in place of the model's first output; what comes after it is not computed.

        Raises:
            ScorerFault: ``onnxruntime`` is not installed; the file is missing, is no model or takes other inputs.
        """
        runtime = imported("onnxruntime")
        if not path.is_file():
            message = f"no model at {path}"
            raise ScorerFault(message, hint="expected a folder with model.onnx and tokenizer.json")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is said once, by us
        try:
            model = cut(path.read_bytes(), output) if output else str(path)
            self._session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's errors share no base class
            message = f"{path} is not a model that onnxruntime can run: {_short(error)}"
            raise ScorerFault(message, hint="export it to ONNX again; opset 7 or newer") from error
        self._path = path
        self.inputs = tuple(each.name for each in self._session.get_inputs())
        outputs = self._session.get_outputs()
        self.output: tuple[str, tuple[Any, ...]] = (outputs[0].name, tuple(outputs[0].shape))
        if "input_ids" not in self.inputs or not set(self.inputs) <= INPUTS:
            message = f"{path} takes {', '.join(self.inputs) or 'nothing'}; expected {', '.join(sorted(INPUTS))}"
            raise ScorerFault(message, hint="a text model takes input_ids, and perhaps the other two")

    def run(
        self, tokens: Sequence[Tokens], finish: Callable[[NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Run over texts; one row a text, in their order.

        Args:
            tokens: the texts.
            finish: from the output of a batch and its attention mask to one row a text.

        Raises:
            ScorerFault: the model failed.
        """
        import numpy as np

        batches = list(by_length(tokens))
        workers = max(1, min(len(batches), MOST_WORKERS, os.cpu_count() or 1))
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(lambda rows: finish(*self._one([tokens[row] for row in rows])), batches))
        joined = np.concatenate(parts)
        result = np.empty_like(joined)
        result[np.concatenate(batches)] = joined
        return result

    def _one(self, tokens: Sequence[Tokens]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        import numpy as np

        width = max(len(each.numbers) for each in tokens)
        numbers, mask, types = (np.zeros((len(tokens), width), np.int64) for _ in range(3))
        for row, each in enumerate(tokens):
            length = len(each.numbers)
            numbers[row, :length], types[row, :length], mask[row, :length] = each.numbers, each.types, 1
        given = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": types}
        try:
            (output,) = self._session.run([self.output[0]], {name: given[name] for name in self.inputs})
        except Exception as error:  # the library's errors share no base class
            message = f"{self._path} failed on {len(tokens)} texts of {width} tokens: {_short(error)}"
            raise ScorerFault(message, hint="does tokenizer.json belong to this model?") from error
        return output, mask


def by_length(tokens: Sequence[Tokens]) -> Iterator[list[int]]:
    """Yield the places of texts of like length, so that little of a batch is padding."""
    rows: list[int] = []
    # Longest last: the padded size of a batch is its last text's length times their number.
    for row in sorted(range(len(tokens)), key=lambda place: len(tokens[place].numbers)):
        if rows and (len(rows) + 1) * len(tokens[row].numbers) > BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
