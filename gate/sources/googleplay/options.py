"""What users may write under ``type: googleplay``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from gate.http import address_problem
from gate.ports import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """Reviews of one app."""

    package: str
    """The app's package name, e.g. com.example.app."""
    key: Secret = Secret("${GOOGLE_PLAY_KEY}")
    """Content of the service account's key file (JSON)."""
    late: timedelta = timedelta(days=1)
    """How late a review may be shown and still be heard: each poll looks this far back."""
    lag: timedelta = timedelta(0)
    """How long the end of the window waits for reviews that are shown late."""
    max_pages: int = 10
    """Pages read in one poll; what is left is read by the next poll."""
    base_url: str = "https://androidpublisher.googleapis.com"
    """Address of the API, for a proxy or a test."""
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    """Address that hands out tokens, for a proxy or a test; never taken from the key file, which could name another."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: the first thing that is wrong.
        """
        if problem := _problem(self):
            raise ValueError(problem)


def _problem(options: Options) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", options.package, re.ASCII):
        return "package must be the app's package name, e.g. com.example.app"
    if options.late < timedelta(0) or options.lag < timedelta(0):
        return "late and lag must not be below 0s"
    if options.max_pages < 1:
        return "max_pages must be at least 1"
    return address_problem(options.base_url, option="base_url") or address_problem(
        options.token_url, option="token_url"
    )
