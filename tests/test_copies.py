"""Copies and near-copies of a text."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gate.filters.copies import COPIES_WITHIN, Copies, _words
from tests.support import DEPLOY


@given(st.text(max_size=300))
def test_any_text_is_its_own_copy_or_short(text: str) -> None:
    """Whatever is written, judging it twice never crashes, and a long text is recognised again."""
    copies = Copies()
    assert not copies.seen(text, DEPLOY)
    sentence = f"{text} one two three four five six seven eight"
    assert not Copies().seen(sentence, DEPLOY)
    fresh = Copies()
    fresh.seen(sentence, DEPLOY)
    assert fresh.seen(sentence, DEPLOY)


@given(st.text(st.sampled_from("abZ09_-.'@#:/ht ps\n\x1c"), max_size=60))
def test_a_letter_that_is_not_ascii_changes_no_other_word(text: str) -> None:
    """Plain texts are taken apart in another way than the rest, and into the same words."""
    assert _words(f"{text} é")[:-1] == _words(text)


def test_a_text_that_says_everything_twice_has_copies_too() -> None:
    """Its shingles are fewer than its words; the same with a word more at the end is a copy, other words are none."""
    copies = Copies()
    refrain = "give us back the old button " * 3
    assert not copies.seen(refrain, DEPLOY)
    assert copies.seen(f"{refrain} now", DEPLOY)
    assert not copies.seen("take away this new menu " * 3, DEPLOY)


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abcd")), max_size=60))
def test_a_copy_is_one_for_a_quarter_of_an_hour_after_the_last(written: list[tuple[int, str]]) -> None:
    """To the minute, however many others were written meanwhile, and a campaign that goes on for as long as it does."""
    copies, last, at = Copies(), dict.fromkeys("abcd", DEPLOY - timedelta(days=1)), DEPLOY
    for minutes, letter in written:
        at += timedelta(minutes=minutes)
        text = " ".join(f"{letter}{number}" for number in range(8))
        assert copies.seen(text, at) == (at - last[letter] <= COPIES_WITHIN)
        last[letter] = at


def test_the_same_words_again_are_a_copy_whatever_was_written_between() -> None:
    """A campaign that fills in two words in the middle, each text sent by many, is as many votes as it has texts."""
    copies = Copies()
    texts = [f"they broke my {one} again so please {other} it right now" for one in "abcdefg" for other in "hijklmn"]
    assert not any(copies.seen(text, DEPLOY) for text in texts)
    assert all(copies.seen(text, DEPLOY) for text in texts)


def test_a_text_delivered_late_is_judged_by_when_it_was_written() -> None:
    """Hours before, it is no copy; it hides nothing of what was written since, and has copies of its own time."""
    copies, text = Copies(), "one two three four five six seven eight nine"
    minute = timedelta(minutes=1)
    assert not copies.seen(text, DEPLOY)
    assert not copies.seen(text, DEPLOY - 300 * minute)
    assert copies.seen(text, DEPLOY - 299 * minute)
    assert copies.seen(text, DEPLOY + minute)
    assert copies.seen(text, DEPLOY - 10 * minute)
    assert copies.seen(text, DEPLOY + 16 * minute)
    assert not copies.seen(text, DEPLOY + 32 * minute)


@given(st.lists(st.integers(-15, 15), max_size=30))
def test_within_a_quarter_of_an_hour_any_order_tells_copies(minutes: list[int]) -> None:
    """However late each is delivered, the first text alone has a vote."""
    copies, text = Copies(), "one two three four five six seven eight nine"
    assert not copies.seen(text, DEPLOY)
    for each in minutes:
        assert copies.seen(text, DEPLOY + timedelta(minutes=each))
