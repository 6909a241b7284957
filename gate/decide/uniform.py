"""Uniform numbers from a seed, the same on every machine and in every version of Python.

SplitMix64: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


def uniform(seed: int) -> Callable[[], float]:
    """Return a function that gives the next number in [0, 1) each time.

    >>> draw, again = uniform(7), uniform(7)
    >>> numbers = [draw() for _ in range(1000)]
    >>> numbers == [again() for _ in range(1000)], round(sum(numbers) / 1000, 1), max(numbers) < 1
    (True, 0.5, True)
    """
    state = seed

    def draw() -> float:
        nonlocal state
        state = (state + _STEP) & _WORD
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return ((mixed ^ (mixed >> 31)) >> 11) * 2.0**-53

    return draw
