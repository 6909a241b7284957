"""The words of the domain: what a mention is, what a look saw, what was decided.

Standard library only, and frozen: evidence is folded in arrival order and never rewritten.
All times are timezone-aware and in UTC; all durations are ``timedelta``.
"""

from gate.model.mentions import NOTHING, Dropped, Mention, Score, Scored, Unreadable
from gate.model.occasions import Intent, Occasion
from gate.model.outcomes import Decision, DropReason, Outcome, Period
from gate.model.polls import Allowance, Budget, Check, Cost, Fetch, Gone, Rate, Request, Room
from gate.model.verdicts import Coverage, Finding, Look, Release, Tally, Verdict

__all__ = [
    "NOTHING",
    "Allowance",
    "Budget",
    "Check",
    "Cost",
    "Coverage",
    "Decision",
    "DropReason",
    "Dropped",
    "Fetch",
    "Finding",
    "Gone",
    "Intent",
    "Look",
    "Mention",
    "Occasion",
    "Outcome",
    "Period",
    "Rate",
    "Release",
    "Request",
    "Room",
    "Score",
    "Scored",
    "Tally",
    "Unreadable",
    "Verdict",
]
