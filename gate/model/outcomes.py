"""The fixed words: outcomes, decisions, reasons for which a mention does not count, sides of the deploy."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What the evidence says. The exit code of each is a contract with pipelines."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    WAITING = "waiting"

    @property
    def exit_code(self) -> int:
        """Process exit status of a command that ends with this outcome."""
        return _EXIT_CODES[self]

    @property
    def final(self) -> bool:
        """Whether the run is over once this outcome is reached."""
        return self is not Outcome.WAITING


_EXIT_CODES = {
    Outcome.PASS: 0,
    Outcome.FAIL: 10,
    Outcome.INCONCLUSIVE: 11,
    Outcome.ERROR: 12,
    Outcome.WAITING: 13,
}


class Decision(StrEnum):
    """What the pipeline should do about the rollout."""

    PROMOTE = "promote"
    HOLD = "hold"
    HALT = "halt"


class DropReason(StrEnum):
    """Why a fetched mention does not count. Every dropped mention has exactly one."""

    UNREADABLE = "unreadable"
    OUTSIDE_WINDOW = "outside_window"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    REPOST = "repost"
    AUTHOR_VOTED = "author_voted"
    CONVERSATION_COUNTED = "conversation_counted"
    LANGUAGE = "language"
    ACCOUNT_AGE = "account_age"
    BLOCKED_WORD = "blocked_word"
    REQUIRED_WORD = "required_word"
    UNSCORABLE = "unscorable"


class Period(StrEnum):
    """On which side of the deploy a mention was written."""

    BASELINE = "baseline"
    POST = "post"
