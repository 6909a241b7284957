"""Rule ``keyword``: several different people name a disaster in so many words.

Complaints such as "data loss" need no statistics: three authors are enough to stop and look.
One author counts once however often they write. A mention whose author is unknown counts as
one author of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gate.decide.words import people
from gate.model import Decision, Finding

if TYPE_CHECKING:
    from gate.decide.rules import Context
    from gate.model import Dropped, Scored


@dataclass(frozen=True, slots=True)
class Keyword:
    """Harm when enough authors use one of the phrases after the deploy."""

    any: tuple[str, ...]
    """Words or phrases; case and spacing do not matter, whole words only."""
    authors: int = 3
    """How many different authors it takes."""
    decision: Literal["halt", "hold"] = "halt"
    """What the pipeline is told when this rule finds harm: stop and roll back, or stop and wait for somebody."""

    def __post_init__(self) -> None:
        """Refuse a rule that can never or always trip."""
        if not any(phrase.strip() for phrase in self.any):
            message = "needs at least one phrase"
            raise ValueError(message)
        if self.authors < 1:
            message = "authors must be at least 1"
            raise ValueError(message)

    def state(self, context: Context) -> KeywordState:  # noqa: ARG002 - it needs none of it
        """Start with nobody having said it."""
        return KeywordState(self)


class KeywordState:
    """Who said one of the phrases so far."""

    def __init__(self, options: Keyword) -> None:
        """Take the phrases."""
        self._options = options
        self._phrases = frozenset(options.any)
        self._authors: set[str] = set()
        self._counts: dict[str, int] = {}

    def fold_baseline(self, scored: Scored) -> None:
        """Nothing: a disaster is one whatever was said before."""

    def fold(self, scored: Scored | Dropped) -> None:
        """Note the author of one mention after the deploy if it holds a phrase."""
        found = self._phrases.intersection(scored.phrases)
        author = f"{scored.source}:{scored.author or 'mention ' + scored.id}"
        if not found or author in self._authors:
            return
        self._authors.add(author)
        for phrase in found:
            self._counts[phrase] = self._counts.get(phrase, 0) + 1

    def harmful(self) -> bool:
        """Whether enough authors named a phrase."""
        return len(self._authors) >= self._options.authors

    def judge(self) -> Finding:
        """Compare the number of authors with the limit."""
        count, needed = len(self._authors), self._options.authors
        said = ", ".join(f"“{phrase}” ({n})" for phrase, n in sorted(self._counts.items(), key=lambda i: (-i[1], i[0])))
        if count >= needed:
            sentence = f"{people(count)} {'names' if count == 1 else 'name'} {said}; {needed} {'is' if needed == 1 else 'are'} enough to halt"
        else:
            sentence = f"{count} of {people(needed)} {'names' if needed == 1 else 'name'} a listed phrase" + (
                f": {said}" if said else ""
            )
        return Finding(
            rule="keyword",
            harm=self.harmful(),
            code="phrase_named" if count >= needed else "phrase_rare",
            sentence=sentence,
            decision=Decision(self._options.decision),
            numbers={"authors": count, "authors_needed": needed},
        )
