"""HTML → plain text, in one pass and in linear time whatever it is fed.

Not with the standard library's parser: unclosed comments and tags make some of its versions look for their end again
from each place, and a character reference of many digits makes it raise.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote br dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr "
        "li main nav ol p pre section summary table td th tr ul",
    )
)
_SILENT = frozenset({"script", "style", "template", "title", "head", "noscript"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:-]{0,30})")
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")


def plain_text(markup: str, *, without: Collection[str] = ()) -> str:
    """Return what a reader of the HTML sees: tags away, references resolved, a line for each block.

    Args:
        markup: a piece of HTML, well-formed or not; text without tags passes unchanged but for white space.
        without: names of elements to leave out with all that is in them, e.g. ``blockquote`` for what others said.
    """
    silent = _SILENT | set(without)
    parts: list[str] = []
    inside: list[str] = []
    for text, tag in _pieces(markup):
        if text and not inside:
            parts.append(_resolved(text))
        if not (named := _NAME.match(tag)):
            continue
        name, closing = named[1].lower(), tag.startswith("/")
        if name in silent and not closing and name not in _VOID and not tag.endswith("/"):
            inside.append(name)
        elif closing and inside and name == inside[-1]:
            inside.pop()
        if name in _BLOCKS and not inside:
            parts.append("\n")
    return _LINES.sub("\n", _SPACE.sub(" ", "".join(parts))).strip()


def _pieces(markup: str) -> list[tuple[str, str]]:
    """Split into pairs of text and the tag after it; a tag is what stands between its brackets."""
    pieces = []
    start = place = 0
    endless: set[str] = set()
    while (opened := markup.find("<", place)) >= 0:
        after = markup[opened + 1 : opened + 4]
        if after == "!--":
            end, skip = _find(markup, "-->", opened + 4, endless), 3
        elif after[:1] in {"!", "?"} or _NAME.match(after):
            end, skip = _end_of_tag(markup, opened + 1, endless), 1
        else:
            place = opened + 1  # a bracket that stands for itself
            continue
        pieces.append((markup[start:opened], "" if after == "!--" else markup[opened + 1 : end]))
        start = place = len(markup) if end < 0 else end + skip
    return [*pieces, (markup[start:], "")]


def _end_of_tag(markup: str, start: int, endless: set[str]) -> int:
    """Find the bracket that closes a tag, past those in quoted values; where a quote never ends, the first one."""
    first = place = _find(markup, ">", start, endless)
    quote = _QUOTED.search(markup, start, first) if first >= 0 else None
    while quote and place - start < _LONGEST_TAG:
        closed = _find(markup, quote[0][-1], quote.end(), endless)
        if closed < 0:
            return first
        place = _find(markup, ">", closed + 1, endless)
        if place < 0:
            return first
        quote = _QUOTED.search(markup, closed + 1, place)
    return place


_QUOTED = re.compile(r"=\s*[\"']")
_LONGEST_TAG = 4000
"""A chain of quotes is followed this far, so that a tag which never ends costs no more."""


def _find(markup: str, wanted: str, start: int, endless: set[str]) -> int:
    """Find, but never look twice for what is not there any more: that is what makes it linear."""
    if wanted in endless:
        return -1
    found = markup.find(wanted, start)
    if found < 0:
        endless.add(wanted)
    return found


def _resolved(text: str) -> str:
    # Python refuses to read a number of thousands of digits; no character has one of more than seven.
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text
