"""Apple's public feed of reviews: one for each country, newest first, ten pages of fifty at most.

Apple documents it no more. Its shape, as it is seen to answer: ``feed.entry`` is a list, one object where there is one
review, and missing where there is none; every value stands under ``label``. Old feeds begin with the app itself.
Pages are said to come empty now and then although they are not, so an empty page is believed only where nothing
speaks against it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import Client
from gate.model import Cost, Mention, Rate
from gate.polling import Odd, Page, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.appstore.options import Options

PAGES = 10
WHO = "Apple's review feed"


class Feed:
    """Asks for pages of reviews."""

    cost = "1 or 2 requests a country and poll, up to 10 after a pause; free"

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Ask nothing yet."""
        hints = {404: "check `app` and `countries`: the app must be sold there", 400: "check `app` and `countries`"}
        key = "the public feed takes no key: give private_key: ${NAME} to ask App Store Connect instead"
        self.client = Client(options.server, context, who=WHO, hints={**hints, 401: key, 403: key})
        self._app = options.app
        self._countries = options.countries or ("us",)
        self.rate = Rate(look=Cost(requests=len(self._countries)), free=True)
        self._filled: set[str] = set()

    def walks(self) -> dict[str, Callable[[Stretch, str | None], Page]]:
        """Return how to ask for a page, by country."""
        return {country: partial(self._page, country) for country in self._countries}

    def look(self) -> Page:
        """Ask for one page."""
        return self._ask(self._countries[0], 1)

    def _page(self, country: str, _stretch: Stretch, place: str | None) -> Page:
        return self._ask(country, int(place or 1))

    def _ask(self, country: str, number: int) -> Page:
        path = f"/{country}/rss/customerreviews/page={number}/id={self._app}/sortby=mostrecent/json"
        feed = self.client.get(path, remember=True).json_object().get("feed")
        if not isinstance(feed, dict):
            message = f"{WHO} answered with JSON of an unknown shape (no feed in it)"
            raise SourceDown(message, hint="see whether the feed still exists; the next look tries again")
        found = feed.get("entry", [])
        entries = [found] if isinstance(found, dict) else found
        if not isinstance(entries, list):
            message = f"{WHO} answered with JSON of an unknown shape (entry is no list)"
            raise SourceDown(message, hint="see whether the feed still exists; the next look tries again")
        if entries:
            self._filled.add(country)
        elif number < _last(feed) or (number == 1 and country in self._filled):
            message = f"{WHO} sent page {number} of {country} empty although it holds reviews"
            raise SourceDown(message, hint="it does so now and then; the next look tries again")
        end = number >= PAGES
        following = None if end or not entries else str(number + 1)
        ends = f"the public feed of {country} shows the newest {PAGES * 50} reviews only" if end else ""
        return Page.of(entries, partial(_mention, country), next=following, ends=ends)


def _mention(country: str, entry: Mapping[str, Any]) -> Mention | None:
    if "im:rating" not in entry:
        return None  # the app itself
    if "updated" not in entry:
        message = "it does not say when it was written"
        raise Odd(message)
    author = entry.get("author", {})
    return Mention(
        id=_label(entry, "id"),
        created_at=moment(_label(entry, "updated")),
        text="\n".join(filter(None, (_label(entry, "title").strip(), _label(entry, "content").strip()))),
        author=_label(author, "uri").rpartition("/")[2] or _label(author, "name"),
        url=entry.get("link", {}).get("attributes", {}).get("href", ""),
        version=_label(entry, "im:version"),
        rating=float(_label(entry, "im:rating")),
        likes=max(0, int(_label(entry, "im:voteSum") or 0)),
        labels={"country": country},
    )


def _label(entry: Mapping[str, Any], name: str) -> str:
    label = entry.get(name, {}).get("label", "")
    if not isinstance(label, str):
        raise TypeError
    return label


def _last(feed: Mapping[str, Any]) -> int:
    """Return the number of the last page, as far as the feed says so."""
    links = feed.get("link")
    for link in links if isinstance(links, list) else []:
        attributes = link.get("attributes") if isinstance(link, dict) else None
        if isinstance(attributes, dict) and attributes.get("rel") == "last":
            found = re.search(r"/page=(\d{1,2})/", str(attributes.get("href")), re.ASCII)
            return int(found[1]) if found else 0
    return 0
