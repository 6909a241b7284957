"""Scorer `onnx`: any text classifier in an ONNX file, from a folder on this machine.

The folder holds ``model.onnx`` and ``tokenizer.json`` as exporters of Hugging Face models write them, and perhaps
``config.json``, whose ``id2label`` names the outputs. Nothing is downloaded, and no code of the folder is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gate.errors import ScorerFault
from gate.model import Score
from gate.neural import Model, Tokens, Wordpieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gate.ports import ScorerContext

MOODS = ("negative", "neutral", "positive")
LEAST_TOKENS, MOST_TOKENS = 8, 4096
_SUM = 0.01
"""How far probabilities of one text may be from adding up to 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """A text classifier in an ONNX file."""

    path: str
    """Folder with model.onnx and tokenizer.json, from the policy's folder."""
    labels: dict[str, str] = field(default_factory=dict)
    """From each label of the model, or its number (0, 1 …), to negative, neutral or positive; several labels may mean
    the same. Without it the labels in config.json must be called negative, neutral and positive."""
    output: Literal["logits", "probabilities"] = "logits"
    """What the model gives for each label."""
    max_tokens: int = 128
    """How much of a text is read; most models take up to 512 tokens."""
    languages: tuple[str, ...] = ()
    """Languages the model reads, e.g. [en, de]; empty means any."""

    def __post_init__(self) -> None:
        """Refuse what no model can fit.

        Raises:
            ValueError: everything that is wrong.
        """
        problems = []
        if unknown := sorted(set(self.labels.values()) - set(MOODS)):
            problems.append(f"labels must lead to negative, neutral or positive, not to {unknown[0][:40]!r}")
        elif self.labels and not {"negative", "positive"} <= set(self.labels.values()):
            problems.append("labels must lead to negative and to positive, each at least once")
        if not LEAST_TOKENS <= self.max_tokens <= MOST_TOKENS:
            problems.append(f"max_tokens must be {LEAST_TOKENS} to {MOST_TOKENS}")
        if not self.path:
            problems.append("path must not be empty")
        if problems:
            raise ValueError(*problems)


class Scorer:
    """Adds up the probabilities of the labels that mean the same mood."""

    def __init__(self, options: Options, context: ScorerContext) -> None:
        """Open the model and try it once, so that whatever does not fit is said before anybody waits for a verdict.

        Raises:
            ScorerFault: a file is missing or is no model, or its outputs are not what ``labels`` says.
        """
        self._options = options
        folder = Path(context.folder, options.path)
        if not folder.is_dir():
            message = f"no folder at {folder}"
            raise ScorerFault(message, hint="expected a folder with model.onnx and tokenizer.json")
        self._wordpieces = Wordpieces(folder / "tokenizer.json", max_tokens=options.max_tokens)
        self._model = Model(folder / "model.onnx")
        # The longest text as well: a model with fewer positions than max_tokens fails on it, and should fail now.
        probe = self._wordpieces.tokens(["fine", "fine " * options.max_tokens])
        outputs = self._checked(self._model.run(probe, _rows), probe)
        self._columns = _columns(_moods(folder, options.labels, outputs.shape[1]))

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score each text; None where the model's tokenizer finds nothing in it.

        Raises:
            ScorerFault: the model failed.
        """
        tokens = self._wordpieces.tokens([text if text.strip() else "" for text in texts])
        wanted = [place for place, text in enumerate(texts) if text.strip() and tokens[place].numbers]
        scores: list[Score | None] = [None] * len(texts)
        if wanted:
            given = [tokens[place] for place in wanted]
            shares = self._shares(self._checked(self._model.run(given, _rows), given))
            for place, row in zip(wanted, shares.tolist(), strict=True):
                scores[place] = self._score(row)
        return scores

    def languages(self) -> frozenset[str]:
        """Whatever the options say."""
        return frozenset(each.lower() for each in self._options.languages)

    def _checked(self, outputs: NDArray[np.float32], given: Sequence[Tokens]) -> NDArray[np.float32]:
        import numpy as np

        name, shape = self._model.output
        if outputs.ndim != 2 or outputs.shape[0] != len(given) or outputs.shape[1] < 2:  # noqa: PLR2004 - two moods
            message = f"the model's output {name} has the shape {_shown(shape)}; expected texts × labels"
            raise ScorerFault(message, hint="export it as a text classifier (task text-classification)")
        if not np.isfinite(outputs).all():
            message = f"the model's output {name} holds values that are no finite numbers"
            raise ScorerFault(message, hint="half precision may overflow: export it in single precision")
        return outputs

    def _shares(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        import numpy as np

        numbers = outputs.astype(np.float64)
        if self._options.output == "logits":
            powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
            shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
            return shares
        if numbers.min() < -_SUM or np.abs(numbers.sum(axis=1) - 1).max() > _SUM:
            message = "the model's outputs are no probabilities: they are negative, or do not add up to 1"
            raise ScorerFault(message, hint="write output: logits")
        return np.clip(numbers, 0.0, 1.0)

    def _score(self, row: list[float]) -> Score:
        # Six digits: the last ones of single precision differ between processors.
        parts = {mood: round(sum(row[column] for column in columns), 6) for mood, columns in self._columns.items()}
        mood = round(parts["positive"] - parts["negative"], 6)
        return Score(parts["negative"], mood, neutral=parts.get("neutral"), positive=parts["positive"])


def _rows(output: NDArray[np.float32], _mask: NDArray[np.int64]) -> NDArray[np.float32]:
    import numpy as np

    return output.astype(np.float32)


def _moods(folder: Path, labels: dict[str, str], count: int) -> list[str]:
    """Return the mood that each output means."""
    names = _names(folder / "config.json", count)
    if not labels:
        moods = [name.strip().lower() for name in names]
        if set(moods) - set(MOODS) or not {"negative", "positive"} <= set(moods):
            message = f"the model's labels are {_listed(names)}; nothing says which mood each means"
            raise ScorerFault(message, hint="write labels: {label: negative, …}, with a line for each")
        return moods
    known = {**{str(number): number for number in range(count)}, **{name: i for i, name in enumerate(names)}}
    if unknown := [label for label in labels if label not in known]:
        message = f"labels names {unknown[0]!r}; the model's labels are {_listed(names)}"
        raise ScorerFault(message, hint="write each label as in config.json, or its number")
    found = {known[label]: mood for label, mood in labels.items()}
    if missing := [names[number] for number in range(count) if number not in found]:
        message = f"labels says nothing of {_listed(missing)}; the model has {count} labels: {_listed(names)}"
        raise ScorerFault(message, hint="every label means negative, neutral or positive")
    return [found[number] for number in range(count)]


def _names(config: Path, count: int) -> list[str]:
    """Return the labels in config.json, or their numbers where it names none."""
    if not config.is_file():
        return [str(number) for number in range(count)]
    try:
        written = json.loads(config.read_bytes()).get("id2label")
        names = {int(number): str(name) for number, name in (written or {}).items()}
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        message = f"{config} cannot be read as a model's configuration"
        raise ScorerFault(message, hint="it is optional: take it away, and give labels by number") from error
    if names and sorted(names) != list(range(count)):
        message = (
            f"config.json names {len(names)} labels ({_listed(list(names.values()))}); the model has {count} outputs"
        )
        raise ScorerFault(message, hint="model.onnx and config.json must belong together")
    return [names.get(number, str(number)) for number in range(count)]


def _columns(moods: list[str]) -> dict[str, list[int]]:
    return {mood: [i for i, each in enumerate(moods) if each == mood] for mood in MOODS if mood in moods}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:10])


def _shown(shape: tuple[object, ...]) -> str:
    return " × ".join(map(str, shape)) or "of a single number"
