"""What people say: their words, harmless to show, with those that moved the score, and what to hide at first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gate.model import Period
from gate.report import safe
from gate.report.html.view import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gate.report.dossier import Dossier, Voice

    Explain = Callable[[str], Sequence[tuple[str, float]]]
    """From a text to its words and what they weigh, strongest first; below zero is towards negative."""

MOST = 20
LONGEST = 600
"""Characters shown of one text."""
MOST_WORDS = 4
"""Words named as having moved the score."""
LEAST = 0.35
"""Part of the strongest word's weight that another one must have to be named."""
_WORD = re.compile(r"[\w'’-]+")
_ACTS = (
    (re.compile(r"<[a-z!/?][^<>]*>?|&(?:#\d+|#x[0-9a-f]+|lt|gt);|javascript:|data:text/", re.IGNORECASE), "markup"),
    (re.compile(r"^\s*::|##(?:vso)?\[|##teamcity\[", re.MULTILINE), "a command for a pipeline"),
    (re.compile(r"\{\{|\{%|\$\{|\$\(|<\?"), "code for a template or a shell"),
    (re.compile(r"ignore (?:all |any )?(?:previous|prior|above) instructions", re.IGNORECASE), "orders for a machine"),
    (re.compile(r"(?:^|\s)@(?:everyone|here|channel)\b", re.IGNORECASE), "a call to everyone"),
    # Not the joiner and the selector, which emoji are made with.
    (
        re.compile(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff"
            r"\U000e0000-\U000e0fff]"
        ),
        "invisible characters",
    ),
    (re.compile(r"[\u0300-\u036f\u0488\u0489]{4}"), "letters piled up"),
)
"""What somebody writes to act on whoever shows it, and what to call it."""


class Piece(NamedTuple):
    """Some of a text."""

    text: str
    tone: str
    """``bad`` or ``good`` if these words moved the score that way; else empty."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One mention to show."""

    score: str
    tone: str
    source: str
    at: str
    pieces: tuple[Piece, ...]
    words: tuple[tuple[str, str], ...]
    """Words that moved the score most, each with ``bad`` or ``good``."""
    link: str
    """Of the post; empty where there is none, or none fit to be followed."""
    hidden: str
    """Why to show it only when asked to; empty otherwise."""


def quotes(dossier: Dossier, explain: Explain | None = None, most: int = MOST) -> tuple[Quote, ...]:
    """Return the mentions since the deploy whose text is kept, most negative first."""
    said = [voice for voice in dossier.voices if voice.text and voice.period is Period.POST]
    said.sort(key=lambda voice: (-voice.negative, -voice.created_at.timestamp()))
    return tuple(_quote(voice, explain) for voice in said[:most])


def hostile(text: str) -> str:
    """Return what a text holds that may act on its reader, or hide from them; empty for a usual one.

    >>> hostile("it crashes at login"), hostile("<script>alert(1)</script>")
    ('', 'markup')
    """
    for pattern, name in _ACTS:
        if pattern.search(text):
            return name
    return ""


def pieces(text: str, moved: Iterable[tuple[str, float]]) -> tuple[Piece, ...]:
    """Cut a text, safe to show already, at the words and pairs of words that moved its score.

    >>> [piece.text for piece in pieces("it just crashes, just now", [("just crashes", -1.0)])]
    ['it ', 'just crashes', ', just now']
    """
    words = [(found[0].casefold(), *found.span()) for found in _WORD.finditer(text)]
    marked: dict[int, tuple[int, str]] = {}
    taken: set[int] = set()
    for name, weight in moved:
        wanted = name.casefold().split()
        for first in range(len(words) - len(wanted) + 1):
            place = range(first, first + len(wanted))
            if taken.isdisjoint(place) and [words[number][0] for number in place] == wanted:
                taken.update(place)
                marked[words[first][1]] = words[place[-1]][2], "bad" if weight < 0 else "good"
    cut: list[Piece] = []
    end = 0
    for start, (stop, tone) in sorted(marked.items()):
        cut += [Piece(text[end:start], ""), Piece(text[start:stop], tone)]
        end = stop
    return tuple(piece for piece in (*cut, Piece(text[end:], "")) if piece.text)


def telling(moved: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the words that moved a score most: few, and none that hardly did."""
    named = [(name, weight) for name, weight in moved if name and not name.startswith("(")]
    least = LEAST * max((abs(weight) for _, weight in named), default=0)
    return [(name, weight) for name, weight in named[:MOST_WORDS] if abs(weight) >= least]


def _quote(voice: Voice, explain: Explain | None) -> Quote:
    text = voice.text or ""
    shown = safe.terminal(text)
    shown = shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"
    moved = telling(explain(text)) if explain else []
    strongest = [(safe.one_line(word, 40), "bad" if weight < 0 else "good") for word, weight in moved]
    return Quote(
        score=signed(voice.score),
        tone="bad" if voice.negative > 0.5 else "",  # noqa: PLR2004 - as every report counts
        source=safe.one_line(voice.source, 60),
        at=f"{voice.created_at:%Y-%m-%d %H:%M} UTC",
        pieces=pieces(shown, moved),
        words=tuple(strongest),
        # Jinja escapes it once more; ``safe.link`` has done so for writers that do not.
        link=safe.link(voice.url or "").replace("&amp;", "&"),
        hidden=hostile(text),
    )
