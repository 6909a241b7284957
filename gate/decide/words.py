"""How numbers are said to people, the same in every sentence."""

from __future__ import annotations

from datetime import timedelta

EVEN = 0.5
"""The even chance: a mention whose chance of being negative is higher counts as negative in what people are told."""


def mentions(count: int) -> str:
    """``1 mention``, ``1,200 mentions``."""
    return f"{count:,} mention{'' if count == 1 else 's'}"


def people(count: int) -> str:
    """``1 author``, ``15 authors``."""
    return f"{count:,} author{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """``37 %``; one digit after the point below ten, where it matters.

    >>> percent(0.374), percent(0.042)
    ('37 %', '4.2 %')
    """
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.1f} %"  # noqa: PLR2004


def one_in(odds: float) -> str:
    """``1 in 2,300``: two significant digits, as more would pretend precision.

    Odds below one speak for a harmless release, and are not told finer than that.

    >>> one_in(2345.6), one_in(12), one_in(3e12), one_in(0.2)
    ('1 in 2,300', '1 in 12', '1 in over a billion', '1 in 1')
    """
    if odds > 1e9:  # noqa: PLR2004
        return "1 in over a billion"
    return f"1 in {int(float(f'{max(odds, 1.0):.2g}')):,}"


def chance(odds: float) -> str:
    """``1 in 2,300 if the release were harmless``; in words where the odds say nothing against it.

    >>> chance(2345.6), chance(1.2), chance(0.2)
    ('1 in 2,300 if the release were harmless', 'no evidence of harm', 'no evidence of harm')
    """
    return "no evidence of harm" if one_in(odds) == one_in(1) else f"{one_in(odds)} if the release were harmless"


def about(count: int) -> str:
    """``about 140``: two significant digits, rounded up, of an estimate; small numbers as they are.

    >>> about(7), about(43), about(131), about(1234)
    ('7', 'about 43', 'about 140', 'about 1,300')
    """
    step = 10 ** max(0, len(str(count)) - 2)
    return f"about {-(-count // step) * step:,}" if count > 10 else f"{count}"  # noqa: PLR2004


def longer(seen: int, needed: int, span: timedelta) -> str:
    """``6 more, or a baseline longer by 3 days at this rate``: what a baseline lacks, and how to get it.

    >>> longer(4, 10, timedelta(days=2))
    'that takes 6 more, or a baseline longer by 3 days at this rate'
    >>> longer(0, 10, timedelta(days=2))
    'a longer baseline.length or a baseline.file may bring them'
    """
    if not (seen and span):
        return "a longer baseline.length or a baseline.file may bring them"
    return (
        f"that takes {about(needed - seen)} more, or a baseline longer by {lasting(span * (needed - seen) / seen)} "
        "at this rate"
    )


def lasting(length: timedelta) -> str:
    """``3 h``: a rough length in its largest unit, rounded up.

    >>> lasting(timedelta(seconds=40)), lasting(timedelta(minutes=119)), lasting(timedelta(hours=2.2))
    ('1 min', '119 min', '3 h')
    >>> lasting(timedelta(days=3, hours=1))
    '4 days'
    """
    for unit, name, least in ((timedelta(days=1), "days", 2), (timedelta(hours=1), "h", 2)):
        if length > unit * least:
            return f"{-(-length // unit)} {name}"
    return f"{max(1, -(-length // timedelta(minutes=1)))} min"
