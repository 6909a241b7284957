"""Hostile text, made harmless for each kind of writer."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.canonical import clean, dumps
from gate.errors import EvidenceFault
from gate.report import safe
from tests.hostile import HOSTILE

ANYTHING = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x1b\x07\x9b\x9d\x9c\r\n\t\u2028\u202e\u2066\u200b\ufe0f\u0301\ud800\U000e0041:#[]<>|`*_@!$&\\vso 0"
        ),
    )
)
WRITERS = [safe.terminal, safe.markdown]


def assert_one_visible_line(line: str) -> None:
    """Nothing in it moves the cursor, hides, reorders or cannot be written."""
    assert len(line.splitlines()) <= 1
    assert {unicodedata.category(sign) for sign in line}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    assert line == line.strip()
    line.encode()


def assert_no_command(line: str) -> None:
    """No CI runner finds a command in it, wherever the line is broken or glued to another."""
    assert "::" not in line
    assert "##[" not in line
    assert "##vso[" not in line.lower()


@pytest.mark.parametrize("writer", WRITERS)
def test_hostile_text_becomes_one_visible_line(writer: object) -> None:
    """No writer lets a control character, an invisible one or a line break through."""
    for _, text in HOSTILE:
        assert callable(writer)
        assert_one_visible_line(writer(text))


def test_hostile_text_is_no_command_for_a_runner() -> None:
    """What is printed to a job's log is no workflow command of GitHub or Azure."""
    for _, text in HOSTILE:
        assert_no_command(safe.terminal(text))
        assert_no_command(safe.one_line(text, 20))


def test_hostile_text_starts_no_markdown() -> None:
    """Nothing is left that could start a tag, link, image, table cell, code, emphasis, list, heading or mention."""
    for _, text in HOSTILE:
        line = safe.markdown(text)
        assert not re.search(r"[<>|`*_\[\]~\\$]", line)
        rendered = re.sub(r"&#\d+;", "&", line)
        assert not re.search(r"@\w|#\w|://|\bwww\.", rendered)
        assert not re.match(r"[-+=]|\d+[.)]", line)
        assert "&" not in re.sub(r"&#\d+;", "", line)


def test_hostile_text_is_text_in_json() -> None:
    """What is printed as JSON is ASCII without a command, and reads back as the canonical bytes do."""
    for name, text in HOSTILE:
        value = {"text": text, text: [name]}
        line = safe.json(value)
        assert line.isascii()
        assert line.isprintable()
        assert_no_command(line)
        assert "##" not in line
        assert json.loads(line) == json.loads(dumps(value))


@given(st.dictionaries(ANYTHING.map(clean), ANYTHING.map(clean) | st.floats(allow_nan=False, allow_infinity=False)))
def test_any_json_reads_back(value: dict[str, object]) -> None:
    """The escapes that break commands change no value."""
    line = safe.json(value)
    assert_no_command(line)
    assert json.loads(line) == value


def test_json_holds_no_nan() -> None:
    """A number that JSON cannot hold is refused as it is in the canonical form."""
    with pytest.raises(EvidenceFault):
        safe.json({"odds": float("nan")})


def test_lines_keep_their_indentation() -> None:
    """A message that we broke into lines stays so; what each line quotes is made safe."""
    assert safe.lines("faults:\n  a\x1b[31m: ::x\r::error::y\n") == "faults:\n  a: : :x : :error: :y\n"


@given(ANYTHING)
def test_any_text_is_safe_to_print(text: str) -> None:
    """Whatever people write, its terminal form is one visible line without commands, and stays as it is."""
    line = safe.terminal(text)
    assert_one_visible_line(line)
    assert_no_command(line)
    assert safe.terminal(line) == line


@given(ANYTHING, st.integers(1, 30))
def test_a_cut_line_fits(text: str, width: int) -> None:
    """A line is never wider than asked, and says when something is missing."""
    line = safe.one_line(text, width)
    assert safe.columns(line) <= width
    assert line == safe.terminal(text) or line.endswith("…")


@given(st.text(st.characters(categories=["L", "Nd"], max_codepoint=0x5FF), min_size=1))
def test_plain_words_stay_as_they_are(text: str) -> None:
    """Letters and digits of any script are not touched."""
    for writer in WRITERS:
        assert writer(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("\x1b]0;title\x07hi \x1b]8;;https://evil.example\x1b\\link", "hi link"),
        ("\x1b]never ended", "never ended"),
        ("a\r\n\tb\u2028c\x00d\x7f", "a b cd"),
        ("safe\u202etxt.exe\u2066x\u2069", "safetxt.exex"),
        ("pass\u200bword\u00ad\ufeff", "password"),
        ("Z" + "\u0335" * 50 + "!", "Z" + "\u0335" * 3 + "!"),
        ("\ud83d half", "\ufffd half"),
        ("::error::boom", ": :error: :boom"),
        ("  ::set-output name=a::b", ": :set-output name=a: :b"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("##v\u200bso[x] ###[group]", "# #vso[x] ## #[group]"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_terminal(text: str, expected: str) -> None:
    """Whole escape sequences go, words stay, commands are broken by a space."""
    assert safe.terminal(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@alice see #12, GH-7", "@&#8203;alice see #&#8203;12, GH-&#8203;7"),
        ("a | b", "a &#124; b"),
        ("[x](http://y)", "&#91;x&#93;(http&#58;&#8203;//y)"),
        ("1. one", "1&#46; one"),
        ("- - -", "&#45; - -"),
        ("58 % of 43, fine.", "58 % of 43, fine."),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    """What would act becomes an entity, or gets a zero-width space where GitHub looks after rendering."""
    assert safe.markdown(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://posts.example/@ann/1?a=1&b=2", "https://posts.example/@ann/1?a=1&amp;b=2"),
        ("https://posts.example/(x)|y", "https://posts.example/%28x%29%7Cy"),
        ("javascript:alert(1)", ""),
        ("https://bank.example@evil.example/", ""),
        ("https://posts.example/ x", ""),
        ("https://posts.example/\n::error::x", ""),
        ('https://posts.example/"onclick="x', ""),
        ("https://posts.example/<b>", ""),
        ("https://пример.example/", ""),
        ("", ""),
    ],
)
def test_link(url: str, expected: str) -> None:
    """Only plain web addresses are linked, and what could end the link is percent-encoded."""
    assert safe.link(url) == expected


def test_wide_letters_take_two_columns() -> None:
    """Chinese and emoji are cut by what they take on the screen."""
    assert safe.one_line("发布以后不能登录", 9) == "发布以后…"
    assert safe.one_line("abc", 0) == ""
    assert safe.one_line("00\u094d00", 3) == "00\u094d…"


@pytest.mark.parametrize("unit", ["\x9d", "\x1b]", "\x1b[", "\x1b ", "a\u0301", "##", "::", "\u202e", "0", "@"])
def test_long_hostile_text_is_cut(unit: str) -> None:
    """A million signs of anything come out as a line of bounded length."""
    text = unit * 1_000_000
    assert len(safe.terminal(text)) <= 3 * safe.MAX_CHARACTERS
    assert len(safe.markdown(text)) <= 15 * safe.MAX_CHARACTERS
