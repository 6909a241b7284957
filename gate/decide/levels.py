"""What the statistical rules ask of their levels."""

from __future__ import annotations


def check_alpha(alpha: float) -> None:
    """Refuse a level that means nothing.

    Raises:
        ValueError: it is no probability, or none that leaves a choice.
    """
    if not 0 < alpha < 1:
        message = f"alpha is a probability between 0 and 1 (0.01 is usual), not {alpha:g}"
        raise ValueError(message)
