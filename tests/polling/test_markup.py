"""HTML becomes what a reader sees, whoever wrote it and however broken it is."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.polling import plain_text
from tests.hostile import HOSTILE


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>It&#39;s <b>down</b> &amp; out</p>", "It's down & out"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<a href='x>y' title=\"a>b\">link</a> after", "link after"),
        ("a <!-- hidden > --> b", "a b"),
        ("x<script>alert('<p>')</script>y<style>p{}</style>z", "xyz"),
        ("3 < 4 and 5 > 4, <3", "3 < 4 and 5 > 4, <3"),
        ("&lt;b&gt; stays", "<b> stays"),
        ("no markup at all", "no markup at all"),
        ("  many\t\t spaces \n\n\n and lines  ", "many spaces\nand lines"),
        ("<P CLASS=x>upper</P>", "upper"),
        ("<img alt='x' src=y>picture", "picture"),
        ("<!DOCTYPE html><?php x ?>text", "text"),
        ("unclosed <b", "unclosed"),
        ("unclosed <!-- comment", "unclosed"),
        ("&#x1F600; &#128512; &#99999999999; &nope;", "😀 😀 \ufffd &nope;"),
        ("<template><p>no</p></template>yes", "yes"),
        ("</p></p>stray", "stray"),
        ("<a-b>custom</a-b>", "custom"),
    ],
)
def test_what_a_reader_sees(markup: str, text: str) -> None:
    """Tags go, references are resolved, blocks become lines."""
    assert plain_text(markup) == text


def test_quotes_of_others_can_be_left_out() -> None:
    """What somebody quotes is not what they say."""
    markup = "<blockquote><p>It is bad</p><blockquote>older</blockquote></blockquote><p>I disagree</p>"
    assert plain_text(markup, without={"blockquote"}) == "I disagree"
    assert plain_text(markup) == "It is bad\nolder\nI disagree"


@given(st.text())
def test_escaped_text_comes_back(text: str) -> None:
    """What was escaped for HTML comes back as it was, but for white space and for long numbers of no character."""
    markup = f"<p>{html.escape(text)}</p>"
    assert "".join(plain_text(markup).split()) == "".join(text.split())


@given(st.text(alphabet="<>!-/'\"= ab&;#x\n", max_size=60))
def test_any_markup_is_read(markup: str) -> None:
    """Whatever the brackets, something comes back that holds no comment and no character that was not there."""
    assert set(plain_text(markup)) <= set(html.unescape(markup)) | {"\n", " ", "\ufffd"}


@pytest.mark.parametrize("text", [text for _, text in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_hostile_markup_is_read(text: str) -> None:
    """The hostile corpus is read as markup without an error, and no script of it as text."""
    assert "alert(1)</script>" not in plain_text(text)


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<", "<a ", "</", '<a href="', "<a b='>\"", "&#9", "<![CDATA[", "<?", "&", '<a =">" =\' ', "<blockquote>"],
)
def test_megabytes_of_nonsense_take_no_longer_than_others(piece: str) -> None:
    """A megabyte of unclosed anything comes back; a parser that looks for each end anew would take hours."""
    plain_text(piece * (1_000_000 // len(piece)) + "='>")


def test_a_reference_of_many_digits_is_no_error() -> None:
    """Python refuses to read a number of 5,000 digits; a post may hold one."""
    assert plain_text(f"a &#{'9' * 5000}; b") == "a \ufffd b"
