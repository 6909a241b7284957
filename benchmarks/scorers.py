"""How well each scorer reads posts it never saw, and how fast: writes the table of docs/scorers.md.

    python benchmarks/scorers.py                                                all posts, all scorers; writes the page
    python benchmarks/scorers.py --sample 400 --scorers blend embedding         prints only

Sets of ../shared/data/labelled that no scorer was trained on. AUC is that of P(negative) for negative against the rest;
AvgRec the mean recall of the classes, F1 the mean F1 of negative and positive. A post is given the class whose probability
is largest over its share among everyday tweets (the card's prior), VADER's by the customary bounds of ±0.05. ECE is the
expected calibration error of P(negative) in ten bins. Posts a second are counted by processor time, in one process; those of
``embedding``, which runs its batches on all processors, by the time of one of them times two.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gate.wiring_scorers import build_scorer, default_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gate.model import Score

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "labelled"
SETS = ("tweeteval-validation", "usair", "united", "hotstar", "jira", "javalib")
CLASSES = ("negative", "neutral", "positive")
BINS = 10
PAGE = ROOT / "docs" / "scorers.md"
BEGIN, END = "<!-- begin:readings -->\n", "<!-- end:readings -->\n"
SCORERS = ("vader", "blend", "embedding")
PUBLISHED = {"SVM": "0.629", "fastText": "0.629", "RoBERTa-base": "0.713", "the best": "0.737"}
"""AvgRec on SemEval-2017 in Barbieri et al., "TweetEval", Findings of EMNLP 2020, and on its leader board."""
CORES = 2
ROUNDS = 5
PAIRED = 2000


def auc(scores: Sequence[float], negative: Sequence[bool]) -> float:
    """Chance that a negative post scores above another one; ties count half."""
    ordered = sorted(zip(scores, negative, strict=True))
    rank_sum, place = 0.0, 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end][0] == ordered[place][0]:
            end += 1
        rank_sum += sum(is_negative for _, is_negative in ordered[place:end]) * (place + end + 1) / 2
        place = end
    found = sum(negative)
    return (rank_sum - found * (found + 1) / 2) / (found * (len(ordered) - found))


def calibration_error(scores: Sequence[float], negative: Sequence[bool]) -> float:
    """Mean gap between stated and found share of negatives, weighted by bin."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, is_negative in zip(scores, negative, strict=True):
        bins[min(int(score * BINS), BINS - 1)].append((score, is_negative))
    gaps = (abs(sum(s for s, _ in part) - sum(n for _, n in part)) for part in bins)
    return sum(gaps) / len(scores)


def label(score: Score, prior: Sequence[float], allowed: Sequence[str]) -> str:
    """Choose a class."""
    if score.neutral is None or score.positive is None:
        plain = "negative" if score.score <= -0.05 else "positive" if score.score >= 0.05 else "neutral"  # noqa: PLR2004
        return plain if plain in allowed else ("negative" if score.score < 0 else "positive")
    shares = dict(zip(CLASSES, (score.negative, score.neutral, score.positive), strict=True))
    return max(allowed, key=lambda name: shares[name] / prior[CLASSES.index(name)])


def measure(name: str, posts: Sequence[dict[str, str]], prior: Sequence[float]) -> list[str]:
    """Return the cells of one row."""
    scorer = build_scorer(name, default_options("scorers", name))
    texts = [post["text"] for post in posts]
    scorer.score(texts[:20])
    started = time.process_time()
    scores = scorer.score(texts)
    rate = len(texts) / (time.process_time() - started) * (CORES if name == "embedding" else 1)
    read = [(score, post["label"]) for score, post in zip(scores, posts, strict=True) if score is not None]
    truth = [given for _, given in read]
    allowed = [each for each in CLASSES if each in set(truth)]
    found = [label(score, prior, allowed) for score, _ in read]
    negative, shares = [given == "negative" for given in truth], [score.negative for score, _ in read]
    recall = {c: sum(f == t == c for f, t in zip(found, truth, strict=True)) / truth.count(c) for c in allowed}
    precise = {c: sum(f == t == c for f, t in zip(found, truth, strict=True)) / max(1, found.count(c)) for c in allowed}
    f1 = [2 * recall[c] * precise[c] / max(1e-9, recall[c] + precise[c]) for c in ("negative", "positive")]
    error = "–" if name == "vader" else f"{calibration_error(shares, negative):.3f}"
    average = sum(recall.values()) / len(recall)
    return [f"{auc(shares, negative):.3f}", f"{average:.3f}", f"{sum(f1) / 2:.3f}", error, f"{rate:,.0f}"]


def table(names: Sequence[str], sample: int) -> Iterator[str]:
    """Yield the lines of the table as they are measured."""
    card = json.loads((ROOT / "gate" / "scorers" / "blend" / "card.json").read_text(encoding="utf-8"))
    yield "| set | scorer | AUC negative | AvgRec | F1 | ECE | posts/s |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for name in SETS:
        posts = read(name)
        if sample and len(posts) > sample:
            posts = random.Random(1).sample(posts, sample)
        for scorer in names:
            yield f"| {name} | {scorer} | {' | '.join(measure(scorer, posts, card['prior']))} |"
    for system, recall in PUBLISHED.items():
        yield f"| SemEval-2017 | {system}, as published | – | {recall} | – | – | – |"


def read(name: str) -> list[dict[str, str]]:
    """Read one set."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def times_faster() -> float:
    """Return how many times the posts a second our VADER reads beside the library's, median of turns about."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    from gate.lexicon import FastVader

    texts = [post["text"] for post in read(SETS[0])[:PAIRED]]
    taken: dict[str, list[float]] = {"library": [], "ours": []}
    analyzers = {"library": SentimentIntensityAnalyzer(), "ours": FastVader()}
    for _ in range(ROUNDS):
        for name, analyzer in analyzers.items():
            started = time.process_time()
            for text in texts:
                analyzer.polarity_scores(text)
            taken[name].append(time.process_time() - started)
    return statistics.median(a / b for a, b in zip(taken["library"], taken["ours"], strict=True))


def main() -> int:
    """Print the table, and write it to its page if it is whole."""
    parser = argparse.ArgumentParser(description="Accuracy and speed of scorers on posts they never saw.")
    parser.add_argument("--sample", type=int, default=0, help="posts of each set at most; 0 takes all")
    parser.add_argument("--scorers", nargs="+", default=list(SCORERS))
    arguments = parser.parse_args()
    if not DATA.is_dir():
        print(f"needs the labelled posts in {DATA.relative_to(ROOT.parent)}, which are not there", file=sys.stderr)
        return 2
    known = [name for name in arguments.scorers if name != "embedding" or find_spec("onnxruntime")]
    lines = []
    for line in table(known, arguments.sample):
        print(line, flush=True)
        lines.append(line)
    lines += [
        "",
        f"`vader` reads {times_faster():.1f} times as many posts a second as the library's `polarity_scores`, with its results.",
    ]
    print("\n".join(lines[-2:]))
    if known == list(SCORERS) and not arguments.sample:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}{chr(10).join(lines)}\n{END}{after}", encoding="utf-8")
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
