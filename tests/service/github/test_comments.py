"""Comments fit, and hold nothing that acts, whatever is put into them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.report import safe
from gate.service.github import comments
from tests.hostile import HOSTILE
from tests.support import DEPLOY

WORDS = st.text(st.characters(), max_size=3000) | st.text("&<>@#`|*_:/\n\\\U0001f600", max_size=3000)
WHERE = comments.place("https://gate.example", "260310-140000-abc123")


@given(words=WORDS)
def test_every_comment_fits(words: str) -> None:
    """However long and odd the words, a comment has at most 1,024 characters, counted as GitHub might, and is whole."""
    until = DEPLOY + timedelta(hours=1)
    for comment in (
        comments.started(words, until, WHERE),
        comments.waits(words, until, WHERE),
        comments.answered("rejected", words, WHERE, dry_run=False),
        comments.suspicious(words, WHERE),
        comments.deaf([words, words], WHERE),
        comments.refused(words),
        comments.delayed(words),
    ):
        assert len(comment.encode("utf-16-le")) // 2 <= comments.LONGEST
        assert comment.startswith("**Sentiment Gate")
        assert "<!--" not in comment
    assert comments.waits(words, until, WHERE).endswith(WHERE)


@pytest.mark.parametrize("text", [text for _, text in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_hostile_words(text: str) -> None:
    """No markup, link, mention or command of the corpus comes through."""
    comment = comments.answered("rejected", text, "", dry_run=False)
    assert comment == f"**Sentiment Gate: rejected.** {safe.markdown(text)}".strip() or comment.endswith("…")
    assert len(comment) <= comments.LONGEST
    assert not re.search(r"<\w|\]\(|@\w|^::|##\[|##vso\[|https?://", comment, re.MULTILINE)


def test_long_reasons_are_cut_with_a_sign() -> None:
    """A reason that is too long ends in an ellipsis, with no half of an entity before it."""
    comment = comments.answered("approved", "<&>" * 1000, WHERE, dry_run=False)
    reason = comment.partition("** ")[2].partition("\n")[0]
    assert reason.endswith(";…")
    assert len(comment) > 900


def test_where_without_an_address() -> None:
    """A service that does not know its own address names the run, and links nowhere."""
    assert comments.place("", "r1") == "Run r1"
    assert comments.place("https://gate.example/sub", "r1") == "[Run r1](<https://gate.example/sub/runs/r1>)"
