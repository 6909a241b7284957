"""Measures what a scorer's negative and other posts look like, for the share test's bets.

    python tools/measure_densities.py vader [--data ../shared/data/labelled]
    python tools/measure_densities.py embedding --sets hotstar united usair jira --each 650

Writes gate/scorers/data/<scorer>.json; that of blend is written by tools/train_blend. Measured on SemEval 2013–2016 (Task A tweets) unless other sets are named: a trained
scorer must bring posts it was not trained on, as tools/train_blend does by folds. Of several sets take --each so many
negative and so many other posts: else the densities would tell sets apart that differ in mood.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

from gate.decide import ScoreDensities
from gate.wiring_scorers import build_scorer, default_options

ROOT = Path(__file__).resolve().parent.parent
SET = "semeval2013-2016"
DIGITS = 6


def plain(densities: ScoreDensities) -> dict[str, list[float]]:
    """Return the masses as JSON holds them."""
    parts = {"cuts": densities.cuts, "neg": densities.neg, "non": densities.non}
    return {name: [round(value, DIGITS) for value in values] for name, values in parts.items()}


def write(scorer: str, measured_on: str, posts: int, densities: ScoreDensities) -> Path:
    """Put them where the scorer's users find them."""
    target = ROOT / "gate" / "scorers" / "data" / f"{scorer}.json"
    content = {"measured_on": measured_on, "posts": posts, **plain(densities)}
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return target


def taken(path: Path, each: int | None) -> list[dict[str, str]]:
    """Read a set, or so many of its negative and of its other posts, evenly spread."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    if each is None:
        return posts
    kinds = [[post for post in posts if (post["label"] == "negative") is negative] for negative in (True, False)]
    return [kind[k * len(kind) // each] for kind in kinds for k in range(min(each, len(kind)))]


def main() -> int:
    """Score, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    parser.add_argument("scorer")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "labelled")
    parser.add_argument("--sets", nargs="+", default=[SET])
    parser.add_argument("--each", type=int, help="negative posts of each set, and as many others; default: all posts")
    arguments = parser.parse_args()
    posts = [post for name in arguments.sets for post in taken(arguments.data / f"{name}.jsonl.gz", arguments.each)]
    scorer = build_scorer(arguments.scorer, default_options("scorers", arguments.scorer))
    scores = scorer.score([post["text"] for post in posts])
    known = [(s.negative, p["label"] == "negative") for s, p in zip(scores, posts, strict=True) if s is not None]
    densities = ScoreDensities.from_labelled([s for s, _ in known], [negative for _, negative in known])
    target = write(arguments.scorer, ", ".join(arguments.sets), len(known), densities)
    print(f"{target.relative_to(ROOT)}: {len(known)} posts, {len(densities.neg)} bins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
