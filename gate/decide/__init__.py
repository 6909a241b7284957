"""The decision core: evidence in, verdict out. No I/O, no clock, no randomness of its own.

A rule is one file: a frozen dataclass of options and the state it builds. ``RULES`` names them.
"""

from gate.decide.decider import Decider
from gate.decide.densities import ScoreDensities
from gate.decide.keyword import Keyword
from gate.decide.ladder import Minimum, On, Rules
from gate.decide.rules import RULES, Rule
from gate.decide.share import Share
from gate.decide.surge import Surge
from gate.decide.threshold import Threshold

__all__ = [
    "RULES",
    "Decider",
    "Keyword",
    "Minimum",
    "On",
    "Rule",
    "Rules",
    "ScoreDensities",
    "Share",
    "Surge",
    "Threshold",
]
