"""Writes what another implementation says of two bounds, for tests/decide/test_oracles.py to compare ours with.

    pip install ville==0.1.0 && python -m tools.reference_bounds

ville (BSD-3) brings scipy and is needed for nothing else, so its numbers are kept and not it: tests/decide/reference_bounds.json.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "decide" / "reference_bounds.json"
LOOKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 400)
SIGMA, RHO2, ALPHA_CHANGE = 0.5, 0.0009, 0.01
"""Standard deviation of a value, the scale of Robbins' mixture, and its level."""
CAP, ALPHA_MEAN = 0.5, 0.05
"""How much of the wealth the empirical Bernstein bound stakes at most, and its level."""


def values() -> list[float]:
    """Draw skewed values in [0, 1]."""
    chance = random.Random(3)  # noqa: S311 - not a secret
    return [chance.betavariate(0.6, 1.7) for _ in range(max(LOOKS))]


def main() -> int:
    """Ask ville, and write."""
    import ville  # type: ignore[import-not-found]

    bernstein = ville.EmpiricalBernsteinCS(alpha=ALPHA_MEAN, c=CAP, intersect=True)
    robbins = ville.GaussianMixtureCS(sigma=SIGMA, alpha=ALPHA_CHANGE, intersect=False)
    robbins.rho_ = SIGMA**4 / RHO2  # its scale of the same mixture
    found: dict[str, dict[str, list[float]]] = {"mean": {}, "change": {}}
    for look, value in enumerate(values(), 1):
        for name, bound in (("mean", bernstein), ("change", robbins)):
            bound.update([value])
            if look in LOOKS:
                found[name][str(look)] = [float(end) for end in bound.interval()]
    REFERENCE.write_text(json.dumps({"made with": "ville 0.1.0", **found}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
