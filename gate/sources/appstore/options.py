"""What users may write under ``type: appstore``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from gate.http import address_problem
from gate.ports import Secret

FEED = "https://itunes.apple.com"
CONNECT = "https://api.appstoreconnect.apple.com"


@dataclass(frozen=True, slots=True)
class Options:
    """Reviews of one app, from some countries or all."""

    app: str
    """Apple's number of the app: 123456789 in apps.apple.com/…/id123456789."""
    countries: tuple[str, ...] = ()
    """Public feed: two letters each (us, gb), one feed a country, ``us`` if none is given. With a key: three letters
    each (USA, GBR), all countries if none is given."""
    private_key: Secret | None = None
    """Content of the .p8 file of an App Store Connect API key; with it the official API is asked."""
    key_id: Secret | None = None
    """Id of that key."""
    issuer: Secret | None = None
    """Issuer id of a team's key; leave it out for a key of one person."""
    late: timedelta = timedelta(days=1)
    """How late a review may be shown and still be heard: each poll looks this far back."""
    lag: timedelta = timedelta(0)
    """How long the end of the window waits for reviews that are shown late."""
    max_pages: int = 10
    """Pages read in one poll of a country; what is left is read by the next poll."""
    base_url: str = ""
    """Address to ask instead of Apple's, for a proxy or a test."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: the first thing that is wrong.
        """
        if problem := _problem(self):
            raise ValueError(problem)

    @property
    def official(self) -> bool:
        """Whether App Store Connect is asked."""
        return self.private_key is not None

    @property
    def server(self) -> str:
        """Address to ask."""
        return self.base_url or (CONNECT if self.official else FEED)


def _problem(options: Options) -> str:
    if not re.fullmatch(r"\d{5,12}", options.app, re.ASCII):
        return "app must be Apple's number of the app, e.g. 123456789 from apps.apple.com/…/id123456789"
    if options.official and options.key_id is None:
        return "key_id is missing: App Store Connect shows it beside the private key"
    if not options.official and (options.key_id or options.issuer):
        return "private_key is missing: key_id and issuer are of no use without it"
    shape, example = ("[A-Z]{3}", "USA") if options.official else ("[a-z]{2}", "us")
    if wrong := [each for each in options.countries if not re.fullmatch(shape, each)]:
        way = "with a key" if options.official else "for the public feed"
        return f"countries: {wrong[0]!r} is not written as {way}, e.g. {example}"
    if len(set(options.countries)) < len(options.countries):
        return "countries has one twice"
    if options.late < timedelta(0) or options.lag < timedelta(0):
        return "late and lag must not be below 0s"
    if options.max_pages < 1:
        return "max_pages must be at least 1"
    return address_problem(options.server, option="base_url")
