"""The scorer ``blend``: what it reads in posts about releases, and that company and memory do not change a score."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.language import says_something
from gate.scorers.blend import Options, Scorer
from gate.scorers.blend.hashing import CHAR_SIZES, char_groups
from gate.scorers.blend.model import DEFAULT_WEIGHTS, Blend, Weights, shipped
from gate.scorers.blend.phrases import PhraseWeights, _highest
from gate.scorers.blend.products import times
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """Load the weights once."""
    return Scorer(Options())


def negatives(scorer: Scorer, texts: Sequence[str]) -> list[float]:
    """Return P(negative) of each."""
    scores = scorer.score(texts)
    assert all(scores)
    return [score.negative for score in scores if score]


COMPLAINTS = (
    "the new login is horrible",
    "new profile page is appalling",
    "the latest firmware is pathetic",
    "this new timeline is unbearable",
    "lousy update",
    "login fails with the new version",
    "the new upload is stuck at 99%",
)
NEWS = ("the new login", "new profile page", "the new firmware", "a new sidebar today", "new update", "the new office")
PRAISE = (
    "the new login is terrific",
    "new profile page is stunning",
    "the latest firmware is rock solid",
    "this new timeline is delightful",
    "stellar release",
)


def test_new_things_are_judged_by_what_is_said_of_them(scorer: Scorer) -> None:
    """Every complaint about something new ranks above all news, and what is only named passes for no complaint."""
    complaints, news, praise = (negatives(scorer, texts) for texts in (COMPLAINTS, NEWS, PRAISE))
    assert min(complaints) > max(*news, *praise)
    assert min(complaints) > 0.5 > max(*news, *praise)


PLAIN = ("ok", "OK.", "new update", "the new login", "so-so", "version 7")


def test_a_few_plain_words_are_less_than_praise(scorer: Scorer) -> None:
    """Short texts that say next to nothing lie between complaints and words of praise, and are not read with certainty."""
    complaints, plain, praise = (
        [score.score for score in scorer.score(texts) if score]
        for texts in (COMPLAINTS, PLAIN, ("great", "terrific", "love it", "the new login is terrific"))
    )
    assert max(complaints) < min(plain)
    assert max(plain) < min(praise)
    assert max(plain) < 0.7


def test_a_score_does_not_depend_on_the_other_posts(scorer: Scorer) -> None:
    """Alone, in any place of a batch, or beside posts that end in the middle of a phrase: the same score."""
    texts = [*(text for _, text in HOSTILE), *COMPLAINTS, "not", "good", "it is not", "good at all", "never", *PRAISE]
    readable = [text for text in texts if says_something(text)]
    together = negatives(scorer, readable)
    alone = [negatives(scorer, [text])[0] for text in readable]
    backwards = negatives(scorer, readable[::-1])[::-1]
    assert together == pytest.approx(alone, abs=1e-6)
    assert together == pytest.approx(backwards, abs=1e-6)


def test_it_may_forget_the_words_it_has_met(scorer: Scorer) -> None:
    """After more different words than it remembers, the same posts score the same."""
    before = negatives(scorer, COMPLAINTS)
    flood = [" ".join(f"w{chr(97 + k % 26)}{chr(97 + k // 26 % 26)}{chr(97 + k // 676 % 26)}{chr(97 + k // 17576)}"
                      for k in range(start, start + 160)) for start in range(0, 220_000, 160)]  # fmt: skip
    scorer.score(flood)
    assert negatives(scorer, COMPLAINTS) == pytest.approx(before, abs=1e-6)


@given(
    st.lists(st.text(st.characters(), min_size=1, max_size=12) | st.sampled_from(["a", "ok", "won't", "3", "\ud83d"]))
)
def test_letter_groups_are_the_checksums_of_every_three_four_and_five_bytes(words: list[str]) -> None:
    """Worked out together, they are those of each word by itself, in its order; what starts with no letter has none."""
    framed = [f"<{word}>".encode("utf-8", "surrogatepass") if word[0].isalpha() else b"" for word in words]
    each = [
        [crc32(word[start : start + size]) for size in CHAR_SIZES for start in range(len(word) - size + 1)]
        for word in framed
    ]
    hashes, sizes = char_groups(words)
    assert sizes.tolist() == [len(groups) for groups in each]
    assert hashes.tolist() == [group for groups in each for group in groups]


def test_phrases_are_whole_numbers_until_the_maximum() -> None:
    """So the order in which a processor adds them cannot change a score; whichever three words meet, two bytes hold them."""
    weights = shipped().phrases
    assert weights.border.dtype == np.int16
    highest = np.stack([np.abs(weights.border)] * 3).astype(int)
    for first in range(0, len(weights.known) + 1, 4096):
        rows = weights.added(np.arange(first, min(first + 4096, len(weights.known) + 1)))
        assert all(added.dtype == np.int16 for added in rows)
        highest = np.maximum(highest, [np.abs(added).max(axis=0) for added in rows])
    assert highest.sum(axis=0).max() < 2**15


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_the_highest_of_each_post_is_found(lengths: list[int], seed: int) -> None:
    """By windows that double in width, as by looking at every row."""
    rows = np.random.default_rng(seed).integers(-99, 99, (sum(lengths), 3), np.int16)
    starts = np.cumsum([0, *lengths[:-1]])
    expected = np.maximum.reduceat(rows, starts).tolist()
    assert _highest(rows, np.zeros_like(rows), starts, np.array(lengths)).tolist() == expected


@given(st.integers(0, 700), st.integers(1, 50), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_products_a_few_rows_at_a_time_are_the_products(height: int, middle: int, width: int, seed: int) -> None:
    """However many rows: no row is lost, moved or met twice."""
    random = np.random.default_rng(seed)
    rows, table = (random.integers(-9, 9, shape).astype(np.float32) for shape in ((height, middle), (middle, width)))
    assert np.array_equal(times(rows, table), rows @ table)


def test_weights_of_another_version_are_refused() -> None:
    """A file whose phrases have another shape is named, not misread."""
    with np.load(DEFAULT_WEIGHTS, allow_pickle=False) as stored:
        arrays = dict(stored)
    arrays["phrase vectors"] = arrays["phrase vectors"][:-1]
    with pytest.raises(ValueError, match="do not fit"):
        PhraseWeights(arrays)
    assert Weights().dense.shape[1] == 3


def test_scorers_of_one_process_share_what_was_read_and_keep_apart_what_they_met(tmp_path: Path) -> None:
    """A second scorer reads no file again and scores as if it were alone; weights at another path are read each time."""
    first, second = Blend(), Blend()
    assert first._weights is second._weights  # noqa: SLF001 - that it is shared is what a second scorer gains
    first.score_batch(list(PRAISE))
    assert second.score_batch(list(COMPLAINTS)) == first.score_batch(list(COMPLAINTS))
    other = tmp_path / "weights.npz"
    with np.load(DEFAULT_WEIGHTS, allow_pickle=False) as stored:
        np.savez(other, **{**stored, "temperature": stored["temperature"] * 2})
    softer = Blend(other).score_batch(["the new login is horrible"])
    assert softer[0][0] < first.score_batch(["the new login is horrible"])[0][0]


def test_explain_names_words_and_phrases(scorer: Scorer) -> None:
    """The word of complaint comes first among what was said, and is below zero."""
    words = dict(scorer.explain("the new login is horrible"))
    assert any("horrible" in word and weight < 0 for word, weight in words.items())
    assert sum(words.values()) < 0
