"""Emotions: what the lexicon says, its negations, and that no text breaks or slows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.insight.emotion import EMOTIONS, LEAST, emotions, strongest
from gate.insight.emotion_words import LEXICON
from tests.hostile import HOSTILE
from tests.support import calls

PHRASES = [phrase.strip() for table in LEXICON.values() for phrases in table.values() for phrase in phrases.split(",")]


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("I am furious, this is a scam", "anger"),
        ("ugh, the app keeps crashing and I am stuck", "frustration"),
        ("so disappointed, it used to be better", "sadness"),
        ("I love the new look 😍", "joy"),
        ("phew, it works again, thank you", "relief"),
        ("not happy with this", "sadness"),
        ("I'm not angry", ""),
        ("no problems so far", "relief"),
        ("can't wait for the next one", "joy"),
        ("the button is now blue", ""),
        ("can\u2019t log in any more", "frustration"),
        ("😡", "anger"),
        ("", ""),
    ],
)
def test_the_strongest_emotion(text: str, emotion: str) -> None:
    """Plain cases, as a person would read them."""
    assert strongest(text) == emotion


def test_each_phrase_stands_once() -> None:
    """The table has no entry twice, and each can be found in a text that holds nothing else."""
    assert len(PHRASES) == len(set(PHRASES))
    assert [phrase for phrase in PHRASES if not any(emotions(phrase).values())] == []


def test_a_refrain_counts_once() -> None:
    """Repeating one word does not make it stronger."""
    assert emotions("hate hate hate hate") == emotions("hate")


@given(st.lists(st.one_of(st.sampled_from([*PHRASES, "not", "!!", "NO", "😀", "\ud800"]), st.text(max_size=8))))
def test_any_text_gives_strengths(parts: list[str]) -> None:
    """Five numbers from 0 to below 1, the strongest of them named only when it is clear."""
    text = " ".join(parts)
    shown = emotions(text)
    assert tuple(shown) == EMOTIONS
    assert all(0 <= strength < 1 for strength in shown.values())
    best = strongest(text)
    assert (best == "") == (max(shown.values()) < LEAST)
    assert best == "" or shown[best] == max(shown.values())


@pytest.mark.parametrize(("name", "text"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_hostile_texts_give_strengths(name: str, text: str) -> None:
    """Also what attackers write."""
    assert tuple(emotions(text)) == EMOTIONS, name


@pytest.mark.parametrize("unit", ["used to ", "love ", ":'(", "a'", "😀", "not happy ", "x"])
def test_work_is_bounded(unit: str) -> None:
    """A megabyte makes no more calls than the part that is read; counted, not timed."""
    small = unit * (5_000 // len(unit))
    assert calls(emotions, unit * 200_000) <= calls(emotions, small) + 50
    assert calls(emotions, small) <= 5 * calls(emotions, unit * (1_250 // len(unit))) + 50
