"""Whether there is anything to read in a text: the same answer for every scorer that sees words."""

from __future__ import annotations


def says_something(text: str) -> bool:
    """Is there a letter, digit, mark or emoji in it? Control and format characters and lone surrogates are none."""
    # Nearly every text says so with its first letter.
    return bool(text) and (text[0].isalnum() or any(map(_is_seen, text)))


def _is_seen(letter: str) -> bool:
    return letter.isprintable() and not letter.isspace()
