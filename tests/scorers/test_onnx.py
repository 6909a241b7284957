"""The scorer ``onnx``: a tiny real model in a folder, and every way a folder can be wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import ScorerFault
from gate.ports import ScorerContext
from gate.scorers.onnx import Options, Scorer
from tests.hostile import HOSTILE
from tests.neural import tiny
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

LABELS = {"NEG": "negative", "NEU": "neutral", "POS": "positive"}


def scorer(folder: Path, **options: Any) -> Scorer:  # noqa: ANN401 - any option
    """Open the model in a folder, as a policy beside it would."""
    given = {"path": folder.name, "labels": LABELS} | options
    return Scorer(Options(**given), ScorerContext(folder.parent, str, ManualClock()))


def test_a_model_in_a_folder_scores(tmp_path: Path) -> None:
    """The labels' probabilities become moods; a blank text has no score."""
    bad, blank, good = scorer(tiny.folder(tmp_path / "m")).score(["bad", " ", "Good good"])
    assert blank is None
    assert bad
    assert good
    whole = math.exp(2) + 1 + math.exp(-2)
    assert bad.negative == pytest.approx(math.exp(2) / whole, abs=1e-6)
    assert bad.positive == pytest.approx(math.exp(-2) / whole, abs=1e-6)
    assert bad.score == pytest.approx((math.exp(-2) - math.exp(2)) / whole, abs=2e-6)
    assert good.negative < 0.001


def test_company_changes_no_score(tmp_path: Path) -> None:
    """A text has the same score alone, among many of other lengths, and in another order."""
    opened = scorer(tiny.folder(tmp_path / "m"))
    texts = [f"{'so ' * (number % 90)}bad {'good ' * (number % 3)}" for number in range(300)]
    together = opened.score(texts)
    assert together[::-1] == opened.score(texts[::-1])
    assert together[:20] == [opened.score([text])[0] for text in texts[:20]]


def test_hostile_texts_are_scored_or_dropped(tmp_path: Path) -> None:
    """No text makes it fail, and a long one is cut, not refused."""
    texts = [text for _, text in HOSTILE]
    scores = scorer(tiny.folder(tmp_path / "m")).score(texts)
    assert [score is None for score in scores] == [not text.strip() for text in texts]
    assert all(0 <= score.negative <= 1 for score in scores if score)


def test_several_labels_may_mean_the_same(tmp_path: Path) -> None:
    """Labels may be given by number, and their probabilities add up."""
    folder = tiny.folder(tmp_path / "m", labels=("1 star", "2 stars", "5 stars"))
    (score,) = scorer(folder, labels={"0": "negative", "2 stars": "negative", "2": "positive"}).score(["fine"])
    assert score
    assert score.neutral is None
    assert score.negative + (score.positive or 0) == pytest.approx(1, abs=1e-5)


def test_plain_labels_need_no_mapping(tmp_path: Path) -> None:
    """A model whose labels are called negative, neutral and positive needs no labels."""
    folder = tiny.folder(tmp_path / "m", labels=("Negative", "neutral", "POSITIVE"))
    (score,) = scorer(folder, labels={}).score(["bad"])
    assert score
    assert score.negative > 0.8


def test_all_three_inputs_are_fed(tmp_path: Path) -> None:
    """A model that also takes a mask and segments is given them."""
    content = tiny.model(tiny.TABLE, inputs=("input_ids", "attention_mask", "token_type_ids"))
    (score,) = scorer(tiny.folder(tmp_path / "m", content)).score(["bad"])
    assert score
    assert score.negative > 0.8


def wrong_rows(count: int) -> bytes:
    """Write a model that knows fewer tokens than its tokenizer."""
    return tiny.model(tiny.TABLE[:count])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a model that onnxruntime can run"),
        (b"version https://git-lfs.example/spec/v1\n", "is not a model that onnxruntime can run"),
        (tiny.model(tiny.TABLE, pooled=False), "shape batch × sequence × 3; expected texts × labels"),
        (tiny.model([[1.0]] * 8), "shape batch × 1; expected texts × labels"),
        (tiny.model([[math.nan] * 3] * 8), "no finite numbers"),
        (tiny.model(tiny.TABLE, inputs=("input_ids", "pixels")), "takes input_ids, pixels; expected"),
        (wrong_rows(3), "failed on"),
        (tiny.model([[0.0] * 5] * 8), r"config.json names 3 labels \('NEG', 'NEU', 'POS'\); the model has 5 outputs"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_at_start(tmp_path: Path, content: bytes, said: str) -> None:
    """Before anything is scored it is said what was expected and what was found."""
    with pytest.raises(ScorerFault, match=said) as caught:
        scorer(tiny.folder(tmp_path / "m", content))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({}, "the model's labels are 'NEG', 'NEU', 'POS'; nothing says which mood"),
        ({"NEG": "negative", "POS": "positive"}, "labels says nothing of 'NEU'"),
        ({**LABELS, "NEUTRAL": "neutral"}, "labels names 'NEUTRAL'; the model's labels are 'NEG'"),
        ({**LABELS, "3": "neutral"}, "labels names '3'"),
    ],
)
def test_labels_that_do_not_fit_are_refused_at_start(tmp_path: Path, labels: dict[str, str], said: str) -> None:
    """Labels that are missing or unknown are named."""
    with pytest.raises(ScorerFault, match=said):
        scorer(tiny.folder(tmp_path / "m"), labels=labels)


def spoil_tokenizer(folder: Path) -> None:
    """Put something else in the tokenizer's place."""
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")


def spoil_configuration(folder: Path) -> None:
    """Put something else in the configuration's place."""
    (folder / "config.json").write_text("[]", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "no model at"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer at"),
        (spoil_tokenizer, "is not a tokenizer"),
        (spoil_configuration, "cannot be read as a model's configuration"),
        (lambda folder: folder.rename(folder.with_name("elsewhere")), "no folder at"),
    ],
)
def test_a_broken_folder_is_refused_at_start(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    """A file that is missing or is something else is named."""
    folder = tiny.folder(tmp_path / "m")
    spoil(folder)
    with pytest.raises(ScorerFault, match=said):
        scorer(folder)


def test_logits_are_not_taken_for_probabilities(tmp_path: Path) -> None:
    """A model said to give probabilities is found out when it gives something else."""
    with pytest.raises(ScorerFault, match="no probabilities"):
        scorer(tiny.folder(tmp_path / "m"), output="probabilities").score(["bad"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": ""}, "path must not be empty"),
        ({"labels": {"a": "angry"}}, "not to 'angry'"),
        ({"labels": {"a": "negative"}}, "to negative and to positive"),
        ({"max_tokens": 0}, "max_tokens must be"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    """A policy with an impossible option is refused when it is read."""
    with pytest.raises(ValueError, match=said):
        Options(**{"path": "m"} | options)
