"""Lines are read by a quick parser where that makes no difference, and never where it would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from gate.sources.file.json_lines import parse, parse_strictly

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.sampled_from(["id", "text", "labels", "a:b", 'q"', "ü", ""])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(['":', " :", "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Objects as any tool may write them: keys twice, odd spaces, constants that JSON has not, cut off."""
    pairs = draw(st.lists(st.tuples(NAMES, VALUES), max_size=5))
    spaces = st.sampled_from(["", "", " ", "\t"])
    members = [f"{json.dumps(name)}{draw(spaces)}:{draw(spaces)}{json.dumps(value)}" for name, value in pairs]
    line = "{" + ",".join(members) + "}"
    return line.encode()[: draw(st.none() | st.integers(0, len(line)))]


def outcome(read: Callable[[bytes], object], raw: bytes) -> object:
    """Return what comes of a line, or the words it is refused with."""
    try:
        return repr(read(raw))
    except ValueError as error:
        return error.args


@given(lines() | st.binary(max_size=30))
@example(b'{"id": 1, "id": 2, "text" : 3}')
@example(b'{"labels": {"a": 1, "a": 2}, "text": "x"}')
@example(b'{"text": "\\ud83d"}')
@example(b'{"rating": NaN}')
@example(b'{"id": 123456789012345678901234567890}')
def test_the_quick_way_is_no_other_way(raw: bytes) -> None:
    """Whatever a line holds, it is read or refused as by the standard library's parser with its strict rules."""
    assert outcome(parse, raw) == outcome(parse_strictly, raw)
