"""Which scorer reads which text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from gate.language import Route, Routes
from gate.model import Score

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Fixed:
    """Gives every text the same score, and remembers what it was asked."""

    score_given: float
    reads: frozenset[str] = frozenset()
    asked: list[list[str]] = field(default_factory=list)

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Return the one score; nothing for a blank text."""
        self.asked.append(list(texts))
        return [Score(negative=0.5, score=self.score_given) if text.strip() else None for text in texts]

    def languages(self) -> frozenset[str]:
        """As told."""
        return self.reads


EN = Route("en", Fixed(0.1, frozenset({"en"})))
DE = Route("de", Fixed(0.2, frozenset({"de"})))
UK = Route("uk", Fixed(0.3, frozenset({"uk"})))
ANY = Route("any", Fixed(0.4))


@pytest.mark.parametrize(
    ("routes", "text", "stated", "name"),
    [
        (Routes(EN), "whatever", "en-US", "en"),
        (Routes(EN), "whatever", "de", None),
        (Routes(EN), "lol", "", "en"),
        (Routes(EN), "lol", "und", "en"),
        (Routes(EN), "ich kann mich nicht mehr anmelden", "", None),
        (Routes(EN), "ich kann mich nicht mehr anmelden", "en", "en"),
        (Routes(ANY), "ich kann mich nicht mehr anmelden", "", "any"),
        (Routes(None, {"en": EN, "de": DE}), "ich kann mich nicht mehr anmelden", "", "de"),
        (Routes(None, {"en": EN, "de": DE}), "whatever", "pt", None),
        (Routes(None, {"en": EN, "de": DE}), "no puedo iniciar sesión desde ayer", "", None),
        (Routes(None, {"en": EN, "de": DE}), "gg", "", "en"),
        (Routes(ANY, {"en": EN, "de": DE}), "gg", "", "any"),
        (Routes(ANY, {"en": EN, "de": DE}), "whatever", "pt", "any"),
        (Routes(DE, {"en": EN}), "whatever", "pt", None),
        (Routes(None, {"en": EN, "uk": UK}), "супер супер дуже", "", "uk"),
        (Routes(None, {"no": ANY}), "takk", "nb", "any"),
    ],
)
def test_the_language_says_who_reads(routes: Routes, text: str, stated: str, name: str | None) -> None:
    """The platform's word first, then what can be detected; what nobody reads is refused, what nobody knows is read."""
    choice = routes.choose(text, stated)
    assert (choice.route.name if choice.route else None) == name


def test_the_refusal_names_the_language_and_how_it_is_known() -> None:
    """A release manager sees whether the platform said so or the gate detected it."""
    assert Routes(EN).choose("x", "pt-BR").refusal == "the scorer does not read pt"
    assert Routes(EN).choose("アップデートしてから開けない", "").refusal == "detected ja; the scorer does not read it"


def test_nobody_detects_what_nobody_asks_for() -> None:
    """A scorer that reads every language costs no detection, unless a filter asks for the language."""
    asked: list[str] = []

    def german(text: str) -> str:
        asked.append(text)
        return "de"

    routes = Routes(ANY, detector=german)
    assert routes.choose("text", "").language == ""
    assert asked == []
    assert routes.choose("text", "", detecting=True).language == "de"


def test_scores_come_back_in_order_and_each_scorer_is_asked_once() -> None:
    """Texts of two languages, mixed, are scored in two batches."""
    english, german = Fixed(0.1), Fixed(0.2)
    en, de = Route("en", english), Route("de", german)
    scores = Routes(None, {"en": en, "de": de}).score([(en, "a"), (de, "b"), (en, " "), (en, "c")])
    assert [score and score.score for score in scores] == [0.1, 0.2, None, 0.1]
    assert (english.asked, german.asked) == ([["a", " ", "c"]], [["b"]])
