"""The source itself: pages of the last week's reviews, newest first.

By ``reviews.list`` of the Android Publisher API, version 3; "Reply to Reviews" describes it: the last week only, by the
last change, and only what has a text.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import Client, diagnose
from gate.model import Allowance, Check, Mention, Rate
from gate.policy.values import format_duration
from gate.polling import Odd, Page, Paging, collect
from gate.sources.googleplay.account import Account

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.model import Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext
    from gate.sources.googleplay.options import Options

REACH = timedelta(days=7)
"""How far back Google lists reviews, by their last change."""
TOLERATED = timedelta(hours=1)
"""How much may be missing at the far end of a period before it is worth saying."""
SHORT = timedelta(hours=3)
"""A window under this hears few reviews."""
LARGEST_PAGE = 100
WHO = "Google Play"


class Source:
    """Asks for the reviews of the last week, newest first."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Ask nothing yet, and leave the key where it is."""
        self._options = options
        self._context = context
        key = f"the account in {options.key}"
        hints = {
            401: f"make a new key for {key}: the one there is may be revoked",
            403: f"let {key} reply to reviews (Play Console, Users and permissions), and switch on the Google Play "
            "Android Developer API in its Cloud project",
            404: "check `package`, and that the account belongs to the developer of this app",
        }
        self._client = Client(options.base_url, context, who=WHO, hints=hints)
        self._account = Account(options, context)
        self._paging = Paging(
            WHO, resume="place", max_pages=options.max_pages, overlap=max(options.late, timedelta(minutes=2)),
            lag=options.lag,
        )  # fmt: skip
        self._unheard: dict[datetime, str] = {}
        """Starts of periods that reach further back than Google's list did when they were first asked for."""

    def fetch(self, request: Request) -> Fetch:
        """Return the reviews of the asked period that earlier polls did not return, oldest first.

        Raises:
            SourceRefused: Google says no.
            SourceDown: no proper answer this time.
        """
        self._start(request.timeout)
        fetch = collect(request, self._page, self._paging, self._context)
        fetch = replace(fetch, cost=fetch.cost + self._client.spent() + self._account.spent())
        now = self._context.clock.now()
        if request.cursor is None and request.since < now - REACH - TOLERATED:
            self._unheard[request.since] = f"{now - REACH:%Y-%m-%d %H:%M} UTC"
        if not fetch.complete or request.since not in self._unheard:
            return fetch
        reason = f"Google lists the last week only, back to {self._unheard[request.since]}; what is older cannot be had"
        return replace(fetch, complete=False, reason=reason, permanent=request.until <= now)

    def check(self) -> Sequence[Check]:
        """Ask for one review: says whether the key works, and when somebody last wrote."""
        self._start(timedelta(seconds=15))
        rate = Rate(allowed=Allowance(200, timedelta(hours=1)), free=True)
        checks = diagnose(self._client, self._look, cost="1 request a poll, and 1 an hour for a token; free", rate=rate)
        window = self._context.window
        if window is not None and window < SHORT:
            detail = f"the window is {format_duration(window)}, and reviews are shown minutes to hours after they were written"
            fix = "lengthen window.length to some hours or more, or write required: false for this source"
            checks.append(Check("window", ok=False, detail=detail, fix=fix))
        return checks

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._account.close()

    def _start(self, timeout: timedelta) -> None:
        self._client.start(timeout)
        self._account.start(timeout)

    def _look(self) -> str:
        page = self._ask(None, limit=1)
        if not page.mentions:
            return "no reviews with a text in the last week"
        age = self._context.clock.now() - page.mentions[0].created_at
        return f"the newest review was written {age.total_seconds() / 3600:,.1f} hours ago"

    def _page(self, _stretch: Stretch, place: str | None) -> Page:
        return self._ask(place, limit=LARGEST_PAGE)

    def _ask(self, place: str | None, *, limit: int) -> Page:
        self._account.let_in(self._client)
        path = f"/androidpublisher/v3/applications/{self._options.package}/reviews"
        reply = self._client.get(path, {"maxResults": limit, "token": place}).json_object()
        reviews, paging = reply.get("reviews", []), reply.get("tokenPagination", {})
        if not isinstance(reviews, list) or not isinstance(paging, dict) or reply.keys() - _KNOWN:
            message = f"{WHO} answered with JSON of an unknown shape"
            raise SourceDown(message, hint="see whether its API has changed; the next look tries again")
        return Page.of(reviews, _mention, next=paging.get("nextPageToken") or None)


_KNOWN = {"reviews", "tokenPagination", "pageInfo"}


def _mention(item: Mapping[str, Any]) -> Mention:
    said = next((each["userComment"] for each in item["comments"] if "userComment" in each), None)
    if said is None:
        message = "nobody but the developer says anything in it"
        raise Odd(message)
    device = said.get("deviceMetadata", {})
    labels = {
        "device": device.get("productName") or said.get("device"),
        "manufacturer": device.get("manufacturer"),
        "device_class": device.get("deviceClass"),
        "android": said.get("androidOsVersion"),
        # Of the device's settings, not of the text: what the text is in, the gate finds out itself.
        "language": said.get("reviewerLanguage"),
    }
    # Older reviews have a title, which a tab parts from the body. An edited review has its last time only.
    text = (said.get("originalText") or said["text"]).strip().replace("\t", "\n", 1)
    return Mention(
        id=item["reviewId"],
        created_at=_moment(said["lastModified"]),
        text=text,
        author=item.get("authorName", ""),
        version=said.get("appVersionName", ""),
        rating=float(said["starRating"]),
        likes=int(said.get("thumbsUpCount", 0)),
        labels={name: str(value) for name, value in labels.items() if value},
    )


def _moment(stamp: Mapping[str, Any]) -> datetime:
    seconds = datetime.fromtimestamp(int(stamp["seconds"]), UTC)
    return seconds + timedelta(microseconds=int(stamp.get("nanos", 0)) // 1000)
