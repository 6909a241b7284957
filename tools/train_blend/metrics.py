"""The figures of the model card."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    f1_score,
    recall_score,
    roc_auc_score,
)

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
_DENSITY_BINS = 64


def calibration_error(shares: Doubles, truth: NDArray[np.bool_], bins: int) -> float:
    """Expected gap between the stated share and the share found, over equal-width bins."""
    return sum(row["share"] * abs(row["stated"] - row["found"]) for row in reliability(shares, truth, bins))


def reliability(shares: Doubles, truth: NDArray[np.bool_], bins: int = 10) -> list[dict[str, float]]:
    """One row a non-empty bin: its posts, the mean share stated and the share found."""
    place = np.minimum((shares * bins).astype(int), bins - 1)
    rows = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            rows.append(
                {
                    "from": number / bins,
                    "posts": int(inside.sum()),
                    "share": float(inside.mean()),
                    "stated": float(shares[inside].mean()),
                    "found": float(truth[inside].mean()),
                }
            )
    return rows


def score_table(probabilities: Doubles, label: Ints, prior: Doubles, compound: Doubles) -> dict[str, Any]:
    """All figures of one set, VADER's beside.

    "plain" takes the likeliest class; "even" weighs the classes as if equally common, which is
    what a macro average rewards. Where a set has no neutral posts, neutral cannot be chosen.
    """
    negative = label == 0
    three = bool((label == 1).any())
    allowed = np.array([1.0, float(three), 1.0])
    even = (probabilities / prior * allowed).argmax(axis=1)
    plain = (probabilities * allowed).argmax(axis=1)
    usual = np.where(compound <= -0.05, 0, np.where(compound >= 0.05, 2, 1))
    if not three:
        usual = np.where(compound < 0, 0, 2)
    classes = [0, 1, 2] if three else [0, 2]
    figures: dict[str, Any] = {
        "posts": len(label),
        "negative share": round(float(negative.mean()), 4),
    }
    for name, choice in (("even", even), ("plain", plain), ("vader", usual)):
        recall = recall_score(label, choice, average="macro", labels=classes)
        f1 = f1_score(label, choice, average="macro", labels=[0, 2])
        figures[f"AvgRec {name}"] = round(float(recall), 4)
        figures[f"F1 {name}"] = round(float(f1), 4)
    figures["AUC"] = round(float(roc_auc_score(negative, probabilities[:, 0])), 4)
    figures["AUC vader"] = round(float(roc_auc_score(negative, -compound)), 4)
    figures["AUC gain"] = round(figures["AUC"] - figures["AUC vader"], 4)
    for bins in (10, 15):
        figures[f"ECE {bins}"] = round(calibration_error(probabilities[:, 0], negative, bins), 4)
    return figures


def _merged(edges: Doubles, masses: Doubles) -> tuple[Doubles, Doubles]:
    """Fewer bins, so that the first row's share of the mass of a bin never falls along them.

    Where it would fall (noise of a few posts), the neighbours become one bin.
    """
    rights: list[float] = []
    kept: list[Doubles] = []
    for right, mass in zip(edges[1:].tolist(), masses.T, strict=True):
        while kept and kept[-1][0] * mass[1] >= mass[0] * kept[-1][1]:
            mass = mass + kept.pop()
            rights.pop()
        kept.append(mass)
        rights.append(right)
    return np.array([edges[0], *rights]), np.array(kept).T


def densities(shares: Doubles, negative: NDArray[np.bool_]) -> dict[str, Any]:
    """The density of P(negative) among negative posts and among the others.

    Bins start with equally many posts; half a post is added to every bin so that no density is
    zero and no likelihood ratio infinite. Bins are merged until the ratio of negative to the
    others rises from each to the next. Densities integrate to one over [0, 1].
    """
    inner = np.quantile(shares, np.arange(1, _DENSITY_BINS) / _DENSITY_BINS)
    edges = np.unique(np.round(np.concatenate([[0.0], inner, [1.0]]), 6))
    sides = {"negative": shares[negative], "not negative": shares[~negative]}
    masses = np.array([np.histogram(side, edges)[0] + 0.5 for side in sides.values()])
    edges, masses = _merged(edges, masses)
    table: dict[str, Any] = {"edges": edges.tolist()}
    for (name, side), mass in zip(sides.items(), masses, strict=True):
        density = mass / mass.sum() / np.diff(edges)
        table[name] = {
            "posts": len(side),
            "counts": np.histogram(side, edges)[0].tolist(),
            "density": np.round(density, 6).tolist(),
        }
    return table
