"""Which posts of the stream a query means: it brings all there are, and what is wanted is found here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gate.filters import PhraseFinder

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_OPERATOR = re.compile(r"-.|(from|to|mentions|domain|lang|since|until|url):|(OR|AND)$")


class Query:
    """Words, phrases and hashtags, all of which a post must have."""

    def __init__(self, query: str) -> None:
        """Take the query as users wrote it."""
        terms = _terms(query)
        self._tags = {term[1:].casefold() for term in terms if term.startswith("#")}
        self._phrases = [term for term in terms if not term.startswith("#")]
        self._finder = PhraseFinder(self._phrases)

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Say whether a post is meant.

        Args:
            record: ``app.bsky.feed.post``.
        """
        if self._tags and not self._tags <= tags_of(record):
            return False
        text = record.get("text")
        return isinstance(text, str) and len(self._finder.find(text)) == len(set(self._phrases))

    def __bool__(self) -> bool:
        """Say whether it asks for anything."""
        return bool(self._tags or self._phrases)


def operators(query: str) -> list[str]:
    """Return what in a query only the search itself understands."""
    return [word for _, word in _TERM.findall(query) if _OPERATOR.match(word)]


def tags_of(record: Mapping[str, Any]) -> set[str]:
    """Return the hashtags of a post, folded: those marked in its text (facets), and those beside it."""
    found = [*(record.get("tags") or [])]
    for facet in record.get("facets") or []:
        found += [feature.get("tag") for feature in facet.get("features") or []]
    return {tag.casefold() for tag in found if isinstance(tag, str)}


def _terms(query: str) -> list[str]:
    squeezed = (" ".join((phrase or word).split()) for phrase, word in _TERM.findall(query))
    # One of each, whatever its case: the finder tells them apart no further.
    return list({term.casefold(): term for term in squeezed if term}.values())
