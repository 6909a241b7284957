"""Which scorer reads a text: by the language the platform states, else by the one detected."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gate.language.detection import detect
from gate.language.tags import may_be, primary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gate.model import Score
    from gate.ports import Scorer

LONGEST_TAG = 35
"""Characters that RFC 5646, section 4.4.1, asks everybody to have room for; what is longer is no tag."""


@dataclass(frozen=True, slots=True)
class Route:
    """A scorer, by the name it has in the policy."""

    name: str
    scorer: Scorer


@dataclass(frozen=True, slots=True)
class Choice:
    """Who reads one text, or why nobody does."""

    route: Route | None
    language: str
    """As stated or detected; empty where nobody can tell."""
    detected: bool = False
    """Whether the language was detected, not stated."""

    @property
    def refusal(self) -> str:
        """For people: why no scorer reads it."""
        found = f"detected {self.language}; " if self.detected else ""
        return f"{found}the scorer does not read {'it' if self.detected else self.language}"


class Routes:
    """One scorer, or several by language."""

    def __init__(
        self,
        default: Route | None,
        languages: Mapping[str, Route] | None = None,
        *,
        detector: Callable[[str], str] = detect,
    ) -> None:
        """Say who reads what.

        Args:
            default: reads the languages not named, as far as it can; without one, they are refused.
            languages: primary tag to who reads it. The first also reads what nobody can tell the language of,
                where there is no default.
            detector: from text to tag; empty for unknown.
        """
        self._default = default
        self._languages = {primary(tag): route for tag, route in (languages or {}).items()}
        self._detect = detector
        everyone = [*self._languages.values(), *([default] if default else [])]
        self._everyone = list({route.name: route for route in everyone}.values())
        self._reads = {route.name: route.scorer.languages() for route in self._everyone}
        self.picky = bool(self._languages) or any(self._reads.values())
        """Whether the language matters at all; otherwise nobody need find it out."""
        self._by_tag = lru_cache(maxsize=256)(self._stated)  # a platform states few tags, each of them often

    @classmethod
    def of(cls, scorer: Scorer | Routes) -> Routes:
        """Return routes as they are, and a single scorer as the way for all it reads."""
        return scorer if isinstance(scorer, Routes) else cls(Route("", scorer))

    def wrapped(self, wrap: Callable[[int, Scorer], Scorer]) -> Routes:
        """Return the same ways to other scorers: ``wrap`` makes each of a number and of the one there is."""
        made = {each.name: Route(each.name, wrap(number, each.scorer)) for number, each in enumerate(self._everyone)}
        languages = {tag: made[route.name] for tag, route in self._languages.items()}
        return Routes(made[self._default.name] if self._default else None, languages, detector=self._detect)

    @property
    def routes(self) -> Sequence[Route]:
        """Every scorer once."""
        return self._everyone

    def choose(self, text: str, stated: str, *, detecting: bool = False) -> Choice:
        """Find who reads the text; its language is detected where none is stated and somebody asks for it.

        Args:
            text: what somebody wrote.
            stated: the platform's tag, or an empty string.
            detecting: detect the language even if all scorers read everything.
        """
        if choice := self._by_tag(stated[:LONGEST_TAG]):
            return choice
        if not (self.picky or detecting):
            return Choice(self._route(""), "")
        found = self._detect(text)
        return Choice(self._route(found), found, detected=bool(found))

    def _stated(self, tag: str) -> Choice | None:
        known = primary(tag)
        return Choice(self._route(tag), known) if known else None

    def score(self, chosen: Sequence[tuple[Route, str]]) -> list[Score | None]:
        """Score each text by its scorer, in order; each scorer is asked once."""
        if len(self._everyone) == 1:
            return list(self._everyone[0].scorer.score([text for _, text in chosen]))
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for place, (route, _) in enumerate(chosen):
            groups[route.name].append(place)
        scores: list[Score | None] = [None] * len(chosen)
        for places in groups.values():
            scorer = chosen[places[0]][0].scorer
            for place, score in zip(places, scorer.score([chosen[place][1] for place in places]), strict=True):
                scores[place] = score
        return scores

    def _route(self, tag: str) -> Route | None:
        code = primary(tag)
        if code in self._languages:
            return self._languages[code]
        if not code:
            # Unknown, or known by its script only: the first of those who might read it.
            for language, route in self._languages.items():
                if tag and may_be(tag, {language}):
                    return route
            fallback = self._default or next(iter(self._languages.values()), None)
        else:
            fallback = self._default
        if fallback is None:
            return None
        if tag and fallback is not self._default:
            return None
        return fallback if may_be(tag, self._reads[fallback.name]) else None
