"""Bets on a mood that turns some time after the deploy.

Bets that began at the deploy have lost by then on all that was calm, and take the later part of the pool for bad, so that they pay
little. So a part of the wealth is kept back. A third of it is staked anew each time the last such stake has come to nothing: bets
that begin now, for a pool in which all so far is as before. A stake that grows is left alone, like a CUSUM chart between its
resets (Page, Continuous inspection schemes, Biometrika 1954); but here all that is lost is paid for out of what was kept back, so the
whole stays a supermartingale: when to stake, and how much, is settled by past ranks alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.decide.bets import Hands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.decide.bets import Family, Terms

KEPT = 0.25
"""The part of all wealth that is kept back at the deploy, if the baseline has no threads. In one with threads it is this by
phi squared: a long thread looks just like a mood that turns late."""
PART = 1 / 3
"""The part of what is left that is staked each time."""
FIRST, EVERY = 20, 0.25
"""A stake that has come to nothing is noticed after 20 mentions, then after a quarter more of those since the deploy."""


class Late:
    """The wealth that is kept back, and the bets made with some of it."""

    __slots__ = ("_families", "_hands", "_kept", "_next", "_staked", "_terms")

    def __init__(self, terms: Terms, families: Sequence[Family], kept: float) -> None:
        """Keep so much wealth back; nothing of it is staked yet."""
        self._terms = terms
        self._families = families
        self._kept = kept
        self._staked = 0.0
        self._hands: Hands | None = None
        self._next = FIRST

    def play(self, p: float, exponent: float, later: int, seen: int) -> float:
        """Fold in the rank of one mention and return about what is held then; the arguments are those of ``Hands.play``."""
        if later >= self._next:
            self._next = later + max(FIRST, int(later * EVERY))
            self._reconsider(later)
        return self._kept + (self._hands.play(p, exponent, later, seen) if self._hands else 0.0)

    def held(self) -> float:
        """What was kept back and is not staked, and what the bets hold."""
        return self._kept + (self._hands.held() if self._hands else 0.0)

    def divide(self, unit: float) -> None:
        """Count in another unit from now on."""
        self._kept /= unit
        self._staked /= unit
        if self._hands:
            self._hands.divide(unit)

    def _reconsider(self, later: int) -> None:
        held = self._hands.held() if self._hands else 0.0
        if held and held >= self._staked:
            return
        whole = self._kept + held
        self._staked = PART * whole
        self._kept = whole - self._staked
        self._hands = Hands(self._terms, self._families, self._staked, later)
