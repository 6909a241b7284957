"""Which emotion a post shows, for reports; no verdict may rest on it.

Method: a lexicon of our own (``emotion_words``) of some 300 English words, phrases and emoji.
Each phrase found adds its strength to its emotion, once however often it is repeated, so that one
refrain does not drown the rest. A negation up to two words before takes the phrase away, and turns
half of a negated joy or relief into disappointment ("not happy"). Capitals throughout, or "!!",
make all of it a quarter louder. A sum w becomes w / (w + 2), between 0 and 1.

Limits: it reads words, not sentences. Irony ("great, another crash") counts as joy beside
frustration; quoted, supposed and other people's feelings count as the writer's; a complaint that
names neither feeling nor failure shows nothing. Only counts over many posts mean something.
"""

from __future__ import annotations

import re

from gate.insight.emotion_words import LEXICON

EMOTIONS = tuple(LEXICON)
"""``sadness`` stands for disappointment too, ``relief`` for gratitude too."""
LEAST = 0.33
"""Strength from which an emotion counts as shown: one word that names it, or several that hint."""
LONGEST = 5000
"""Characters read: a post's feeling shows long before."""

_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "wasn't",
        "aren't",
        "weren't",
        "can't",
        "cannot",
        "won't",
        "wouldn't",
        "without",
        "dont",
        "hardly",
    ]
)
_REACH = 2
"""Words before a phrase in which a negation takes it away."""
_TURNS = frozenset({"joy", "relief"})
_HALF = 2.0
"""Sum of strengths that counts as half."""
_LOUD = 1.25
_SHORTEST_SHOUT = 8
"""Characters; "LOL" is no shouting."""
_TOKEN = re.compile(r":'?-?[()d](?!\w)|<3|[^\W\d_]+(?:'[^\W\d_]+)*|[\u2600-\u27bf\U0001f000-\U0001faff]")
_STRENGTHS = {
    phrase.strip(): (emotion, strength)
    for emotion, table in LEXICON.items()
    for strength, phrases in table.items()
    for phrase in phrases.split(",")
}
_MOST_WORDS = max(phrase.count(" ") for phrase in _STRENGTHS) + 1
_FIRST = frozenset(phrase.split()[0] for phrase in _STRENGTHS)


def emotions(text: str) -> dict[str, float]:
    """Return how strongly each emotion shows, from 0 (not at all) towards 1; in time linear in the text."""
    head = text[:LONGEST]
    tokens = _TOKEN.findall(head.lower().replace("\u2019", "'"))
    sums = dict.fromkeys(EMOTIONS, 0.0)
    seen: set[str] = set()
    place = 0
    while place < len(tokens):
        phrase, size = _phrase_at(tokens, place)
        if phrase and phrase not in seen:
            seen.add(phrase)
            emotion, strength = _STRENGTHS[phrase]
            if _NEGATIONS.isdisjoint(tokens[max(place - _REACH, 0) : place]):
                sums[emotion] += strength
            elif emotion in _TURNS:
                # "not happy" is a let-down; "not angry" tells nothing either way.
                sums["sadness"] += strength / 2
        place += size
    loud = _LOUD if "!!" in head or (len(head) > _SHORTEST_SHOUT and head.isupper()) else 1.0
    return {emotion: round(total * loud / (total * loud + _HALF), 4) for emotion, total in sums.items()}


def strongest(text: str) -> str:
    """Return the emotion that shows most, the first in ``EMOTIONS`` of equals; empty where none shows clearly."""
    shown = emotions(text)
    best = max(EMOTIONS, key=shown.__getitem__)
    return best if shown[best] >= LEAST else ""


def _phrase_at(tokens: list[str], place: int) -> tuple[str, int]:
    """Return the longest phrase of the lexicon that begins here, and how many words to move on."""
    if tokens[place] in _FIRST:
        for size in range(min(_MOST_WORDS, len(tokens) - place), 0, -1):
            phrase = " ".join(tokens[place : place + size])
            if phrase in _STRENGTHS:
                return phrase, size
    return "", 1
