"""How VADER adds up the valences of a text; kept apart from the rules for single words."""

from __future__ import annotations

import math
from heapq import heappop, heappush


def weigh_but(values: list[float], places: list[int], pivot: int) -> None:
    """Halve what comes before the "but" and raise what follows, as the library does it.

    The library finds each value again by looking for its first equal in the list, so the value
    it changes may be an earlier one. The heaps give that first equal without the search. A zero
    stays a zero whatever it is multiplied by, so only words with a valence take part.
    """
    heaps: dict[float, list[int]] = {}
    for index, value in enumerate(values):
        heap = heaps.setdefault(value, [])
        heappush(heap, index)
        first = heap[0]
        if places[first] == pivot:
            continue
        heappop(heap)
        changed = value * (0.5 if places[first] < pivot else 1.5)
        values[first] = changed
        heappush(heaps.setdefault(changed, []), first)


def _emphasis(text: str) -> float:
    marks = min(text.count("!"), 4) * 0.292
    questions = text.count("?")
    if questions <= 1:
        return marks + 0
    return marks + (questions * 0.18 if questions <= 3 else 0.96)


def summarise(values: list[float], neutral_words: int, text: str) -> tuple[float, float, float, float]:
    """Shares of negative, neutral and positive and the compound, from the words' valences."""
    total_valence = float(sum(values))
    emphasis = _emphasis(text)
    if total_valence > 0:
        total_valence += emphasis
    elif total_valence < 0:
        total_valence -= emphasis
    compound = total_valence / math.sqrt(total_valence * total_valence + 15)
    positive = negative = 0.0
    for value in values:
        if value > 0:
            positive += value + 1
        else:
            negative += value - 1
    if positive > -negative:
        positive += emphasis
    elif positive < -negative:
        negative -= emphasis
    total = positive - negative + neutral_words
    compound = min(max(compound, -1.0), 1.0)
    return abs(negative) / total, neutral_words / total, positive / total, compound
