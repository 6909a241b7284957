"""A pack of a real decision: a policy, a baseline, three looks, and the release that failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from gate.decide import Decider
from gate.evidence import Baseline, write_pack
from gate.model import Look, Period
from gate.policy import load_text
from gate.wiring_scorers import densities_of
from tests.hostile import HOSTILE
from tests.looks import COVERAGE, MINUTE, dropped
from tests.support import DEPLOY, release, scored

if TYPE_CHECKING:
    from pathlib import Path

    from gate.model import Scored

POLICY = """\
version: 1
release: "#brimly"
sources: [{type: file, path: mentions.jsonl}]
rules:
  - {type: share, alpha: 0.01, tolerate: 0.02}
  - {type: threshold, metric: mean_score, min: -0.9, min_mentions: 3}
minimum: {mentions: 10, authors: 5}
on: {inconclusive: hold, error: hold}
"""


@dataclass(frozen=True)
class Packed:
    """What went into a pack, for writing it once more."""

    fields: dict[str, Any]

    def write(self, folder: Path, **changes: object) -> Path:
        """Write the pack and return its folder."""
        write_pack(folder, **{**self.fields, **changes})
        return folder


def _hostile(number: int, mention: Scored) -> Scored:
    text = HOSTILE[number % len(HOSTILE)][1]
    return replace(mention, id=f"{number} {text}", conversation=text, phrases=(text,), text=text)


@pytest.fixture(scope="session")
def packed() -> Packed:
    """A run over hostile mentions, a hundred before the deploy and three looks after it."""
    policy = load_text(POLICY, path="gate.yml")
    decider = Decider(policy.decision_rules(), release(), densities_of(policy.scorer.type))
    before = tuple(scored(i, 0.1 + 0.002 * (i % 90), Period.BASELINE) for i in range(100))
    for mention in before:
        decider.fold_baseline(mention)
    looks = []
    for number in (1, 2, 3):
        kept = tuple(_hostile(40 * number + i, scored(40 * number + i, 0.95)) for i in range(40))
        for mention in kept:
            decider.fold(mention)
        at = DEPLOY + number * MINUTE
        verdict = decider.decide(at=at, closed=False, coverage=(COVERAGE,))
        gone = (dropped(number, detail=HOSTILE[number][1]), replace(dropped(9), created_at=None))
        looks.append(Look(number, at, kept, gone, verdict, at + MINUTE, ("slow",)))
    return Packed(
        {
            "policy_text": POLICY,
            "policy": policy.to_plain(),
            "versions": {"gate": "1", "scorer": "vader"},
            "release": release(),
            "looks": looks,
            "baseline": Baseline(before, (dropped(0),), (COVERAGE,), ("thin",)),
        }
    )


@pytest.fixture
def pack(packed: Packed, tmp_path: Path) -> Path:
    """The folder of a pack."""
    return packed.write(tmp_path / "evidence")
