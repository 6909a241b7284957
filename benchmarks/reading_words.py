"""How well languages are told apart on short posts, and whether emotions agree with people's labels.

    python benchmarks/reading_words.py

Needs ../shared/data/labelled (real posts with human labels) beside this project, and says so when it is not there.
Fails when more than one English post in 500 is taken for another language, fewer than three foreign posts in four are
seen, or an unhappy emotion is more often shown by posts that people call positive.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from gate.insight.emotion import EMOTIONS, strongest
from gate.language import detect, may_be

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT.parent / "shared" / "data" / "labelled"
ENGLISH = ("semeval2013-2016", "tweeteval-validation", "usair", "united", "jira", "javalib")
FELT = ("semeval2013-2016", "hotstar", "jira", "usair")
LATIN = frozenset({"de", "es", "fr", "pt", "it", "nl", "sv", "pl", "tr", "id", "fi"})


def posts(name: str, step: int) -> Iterator[tuple[str, str]]:
    """Yield text and label of every ``step``-th post of a set."""
    with gzip.open(LABELLED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % step == 0:
                post = json.loads(line)
                yield post["text"], post["label"]


def foreign() -> bool:
    """Print how many short posts in other languages written in Latin letters are seen to be no English."""
    rows = (ROOT / "tests" / "language" / "posts.txt").read_text(encoding="utf-8").splitlines()
    seen, of = Counter[str](), Counter[str]()
    for language, text in (row.split(" ", 1) for row in rows):
        if language in LATIN:
            of[language] += 1
            seen[language] += not may_be(detect(text), {"en"})
    each = ", ".join(f"{language} {seen[language]}/{of[language]}" for language in of)
    print(f"foreign posts seen: {seen.total()} of {of.total()} ({each})")
    return seen.total() >= 0.75 * of.total()


def english() -> bool:
    """Print how many posts labelled English are taken for another language, and how fast."""
    texts = [text for name in ENGLISH for text, _ in posts(name, 2)]
    detect("load the model, bitte sehr")
    start = time.process_time()
    wrong = sum(not may_be(detect(text), {"en"}) for text in texts)
    rate = len(texts) / (time.process_time() - start)
    print(
        f"English taken for foreign: {wrong} of {len(texts):,} ({wrong / len(texts):.2%}); {rate:,.0f} posts/s of CPU"
    )
    return wrong <= len(texts) / 500


def emotions() -> bool:
    """Print the share of posts that people call negative, by the strongest emotion shown."""
    fits = True
    print(f"{'negative, by emotion':<24}" + "".join(f"{name:>13}" for name in ("all", *EMOTIONS, "none shown")))
    for name in FELT:
        count, negative, positive = Counter[str](), Counter[str](), Counter[str]()
        for text, label in posts(name, 3):
            felt = strongest(text)
            for key in ("all", felt):
                count[key] += 1
                negative[key] += label == "negative"
                positive[key] += label == "positive"
        shares = [f"{negative[key] / max(count[key], 1):.0%}" for key in ("all", *EMOTIONS)]
        shares.append(f"({count[''] / count['all']:.0%})")
        print(f"{name:<24}" + "".join(f"{share:>13}" for share in shares))
        fits &= all(negative[emotion] >= positive[emotion] for emotion in EMOTIONS[:3])
    return fits


def main() -> int:
    """Measure; 1 past the marks."""
    if not LABELLED.is_dir():
        print("needs ../shared/data/labelled, which is not there: nothing was measured but the posts of the tests")
        return 0 if foreign() else 1
    return 0 if all([foreign(), english(), emotions()]) else 1


if __name__ == "__main__":
    sys.exit(main())
