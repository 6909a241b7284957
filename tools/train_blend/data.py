"""The labelled sets: which may be trained on, and the near-copies that must leave."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.scorers.blend.features import clean

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {"negative": 0, "neutral": 1, "positive": 2}
TWEETS = "semeval2013-2016"
TEST_ONLY = ("tweeteval-validation", "usair", "united", "hotstar", "jira", "javalib")
THUMBS = (
    "cs2", "steam-blairwitch", "steam-command", "steam-edgespace", "steam-flatout",
    "steam-homecoming", "steam-kinetic", "steam-postal", "steam-superpower", "steam-towns",
    "steam-urbanemp",
)  # fmt: skip
_NOISE = re.compile(r"https?\S+|@\w+|[\W_]+")
_SHINGLE = 6


@dataclass(frozen=True)
class Post:
    """One labelled text and the set it comes from."""

    text: str
    label: int
    source: str


def read(folder: Path, source: str) -> list[Post]:
    """All posts of one set, in file order."""
    with gzip.open(folder / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Post(row["text"], LABELS[row["label"]], source) for row in rows]


def _words(text: str) -> list[str]:
    return _NOISE.sub(" ", clean(text).lower()).split()


def _shingles(words: list[str]) -> set[str]:
    return {" ".join(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1)}


def without_copies(train: list[Post], test: list[Post]) -> tuple[list[Post], dict[str, int]]:
    """Training posts that copy neither one another nor a test post.

    A copy has the same words once links, names and punctuation are gone, or shares more than
    half of its six-word runs with the test posts. Very short texts ("good app") are no copies
    of one another in any way that could be avoided, so they stay, once for each label.
    """
    exact = {" ".join(words) for post in test if len(words := _words(post.text)) > 3}
    runs = set().union(*(_shingles(_words(post.text)) for post in test))
    kept: list[Post] = []
    seen: set[tuple[str, int]] = set()
    dropped = {"same as a test post": 0, "near a test post": 0, "repeated": 0}
    for post in train:
        words = _words(post.text)
        key = " ".join(words)
        own = _shingles(words)
        if key in exact:
            dropped["same as a test post"] += 1
        elif own and 2 * len(own & runs) > len(own):
            dropped["near a test post"] += 1
        elif (key, post.label) in seen:
            dropped["repeated"] += 1
        else:
            seen.add((key, post.label))
            kept.append(post)
    return kept, dropped
