"""A reply → one score a text, or None where the service says that it cannot read the text."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import jmespath

from gate.errors import ScorerFault
from gate.model import Score

if TYPE_CHECKING:
    from gate.scorers.http.options import Options

_HINT = "compare results, id and the paths of the numbers with what the service answers"
_ROUNDING = 0.02
"""Services round probabilities to two digits, so that three of them may add up to a little more than 1."""


class Reading:
    """The JMESPath expressions of the options, compiled once."""

    def __init__(self, options: Options) -> None:
        """Compile them."""
        self._options = options
        names = ("results", "refused", "id", "negative", "neutral", "positive", "score")
        self._paths = {name: jmespath.compile(path) for name in names if (path := getattr(options, name))}

    def scores(self, body: bytes, count: int) -> list[Score | None]:
        """Return a score for each of ``count`` texts.

        Raises:
            ScorerFault: it is no JSON, or not what the options describe, or a score is missing.
        """
        try:
            reply = json.loads(body)
        except (ValueError, RecursionError):
            what = f"{len(body)} bytes that are no JSON" if body else "nothing"
            message = f"the scoring service answered with {what}"
            raise ScorerFault(message, hint="a proxy or a login page may stand in between; check url") from None
        refused = self._refused(reply, count)
        results = self._find("results", reply)
        if not isinstance(results, list):
            message = f"results is {_kind(results)} in the reply of the scoring service; expected a list"
            raise ScorerFault(message, hint=_HINT)
        found = self._numbered(results, count)
        missing = [number for number in range(count) if number not in found and number not in refused]
        if missing:
            message = f"the scoring service left out {len(missing)} of {count} texts (the first is number {missing[0]})"
            raise ScorerFault(message, hint=_HINT)
        return [None if number in refused else self._score(found[number]) for number in range(count)]

    def _refused(self, reply: object, count: int) -> set[int]:
        if "refused" not in self._paths:
            return set()
        numbers = self._find("refused", reply)
        if not isinstance(numbers, list | None):
            message = f"refused is {_kind(numbers)} in the reply of the scoring service; expected a list of numbers"
            raise ScorerFault(message, hint=_HINT)
        return {_number(each, count) for each in numbers or []}

    def _numbered(self, results: list[Any], count: int) -> dict[int, Any]:
        if "id" in self._paths:
            numbers = [_number(self._find("id", result), count) for result in results]
        elif len(results) == count:
            numbers = list(range(count))
        else:
            message = f"the scoring service answered with {len(results)} results for {count} texts"
            raise ScorerFault(message, hint="give id, so that results are matched with texts")
        if len(set(numbers)) < len(numbers):
            message = "the scoring service answered twice for the same text"
            raise ScorerFault(message, hint=_HINT)
        return dict(zip(numbers, results, strict=True))

    def _score(self, result: object) -> Score:
        if "score" in self._paths:
            return self._mapped(_finite(self._find("score", result), "score"))
        shares = {
            name: self._share(name, result) for name in ("negative", "neutral", "positive") if name in self._paths
        }
        if sum(shares.values()) > 1 + _ROUNDING:
            written = ", ".join(f"{name} {share:g}" for name, share in shares.items())
            message = f"the probabilities of the scoring service add up to more than 1: {written}"
            raise ScorerFault(message, hint=_HINT)
        mood = shares["positive"] - shares["negative"]
        return Score(
            negative=shares["negative"], score=mood, neutral=shares.get("neutral"), positive=shares["positive"]
        )

    def _share(self, name: str, result: object) -> float:
        share = _finite(self._find(name, result), name)
        if not 0 <= share <= 1:
            message = f"{name} is {share:g} in the reply of the scoring service; expected a probability, 0 to 1"
            raise ScorerFault(message, hint="for another scale use score with lowest and highest")
        return share

    def _mapped(self, value: float) -> Score:
        low, high = self._options.lowest, self._options.highest
        if not min(low, high) <= value <= max(low, high):
            message = f"score is {value:g} in the reply of the scoring service; expected {low:g} to {high:g}"
            raise ScorerFault(message, hint="set lowest and highest to the service's scale")
        good = (value - low) / (high - low)
        return Score(negative=1 - good, score=2 * good - 1)

    def _find(self, name: str, value: object) -> Any:  # noqa: ANN401 - any JSON
        try:
            return self._paths[name].search(value)
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            message = f"{name} cannot be applied to the reply of the scoring service"
            raise ScorerFault(message, hint=_HINT) from error


def _number(value: object, count: int) -> int:
    # Numbers come back as they were sent, as text, or as the place in the list.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdecimal() and len(text) <= len(str(count)) and int(text) < count:
        return int(text)
    message = f"the scoring service named a text that it was not sent ({_kind(value)})"
    raise ScorerFault(message, hint=_HINT)


def _finite(value: object, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    message = f"{name} is {_kind(value)} in the reply of the scoring service; expected a number"
    raise ScorerFault(message, hint=_HINT)


def _kind(value: object) -> str:
    """What a value is, without quoting it: it comes from outside."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "absent or null"}
    return kinds.get(type(value), "a number")
