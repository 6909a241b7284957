"""Questions on Stack Overflow and every other site of Stack Exchange."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import Client, Key, address_problem, diagnose
from gate.http.statuses import limited, refusal
from gate.model import Allowance, Mention, Rate
from gate.polling import Page, Paging, collect, moment, native_id, plain_text
from gate.ports import About, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gate.http import Reply
    from gate.model import Check, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext

ABOUT = About(
    channel="Stack Exchange: questions on Stack Overflow or another site, by words or tags",
    auth="none; a free key of stackapps.com raises the quota",
    cost="free; 1 request for each 100 questions",
    delay="about a minute, until the search has indexed it",
    limits="10,000 requests a day with a key, 300 without, for an address; it names times to wait, which are kept",
    stored="what the policy keeps of any mention; posts are under CC BY-SA",
    terms="name the author and link the post wherever its text is shown",
)
WHO = "Stack Exchange"
PAGE_SIZE = 100
ERROR = 400
"""The status of all errors of the API."""
THROTTLED = 502
"""Its own number, in the body, for too many requests."""
LONGEST_BACKOFF = 86_400
"""Seconds; anything longer is nonsense."""
SCARCE = 0.1
"""Part of the day's quota below which people are warned."""
_CODE = frozenset({"pre"})
"""Listings and logs say nothing of a mood."""
_HINTS = {ERROR: "check site, query, tags and key"}


@dataclass(frozen=True, slots=True)
class Options:
    """One search on one site."""

    site: str = "stackoverflow"
    """Short name of the site, as in the addresses of its API: stackoverflow, serverfault, gaming …"""
    query: str = ""
    """Words to look for; where it is empty, `tags` alone, or without these the policy's release."""
    tags: tuple[str, ...] = ()
    """Hear only questions with one of these tags."""
    key: Secret | None = None
    """Key of an application registered at stackapps.com, as a reference: `${NAME}`."""
    max_pages: int = 10
    """Pages of 100 questions read in one poll; what is left is read by the next poll."""
    base_url: str = "https://api.stackexchange.com/2.3"
    """Address of the API."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: a number out of range, or an address or a site that is none.
        """
        if problem := address_problem(self.base_url, option="base_url"):
            raise ValueError(problem)
        if not self.site or not all(each.isalnum() or each in "-." for each in self.site):
            message = "site must be the short name of a site, e.g. stackoverflow"
            raise ValueError(message)
        if not 1 <= self.max_pages <= 25:  # noqa: PLR2004  # the last page that the API shows without a login
            message = "max_pages must be from 1 to 25"
            raise ValueError(message)


class Source:
    """Asks for the questions of a period, newest first."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nothing is asked before the first poll."""
        self._options = options
        self._context = context
        key = Key("key", options.key, query="key")
        self._client = Client(options.base_url, context, who=WHO, key=key, hints=_HINTS)
        self._paging = Paging(WHO, max_pages=options.max_pages, overlap=timedelta(minutes=5))

    def fetch(self, request: Request) -> Fetch:
        """Return the questions of the asked period that earlier polls did not return.

        Raises:
            SourceRefused: the API says no.
            SourceDown: no proper answer this time, or it wants to be left alone for a while.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Ask for one question."""
        rate = Rate(allowed=Allowance(10_000 if self._options.key else 300, timedelta(days=1)), free=True)
        return diagnose(
            self._client, self._newest, cost=f"free; 1 to {self._options.max_pages} requests a look", rate=rate
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _newest(self) -> str:
        answer = self._ask({"pagesize": 1})
        left, most = answer.get("quota_remaining"), answer.get("quota_max")
        key = "with a key" if self._options.key else "without a key"
        quota = f"; {left:,} of {most:,} requests left today, {key}" if isinstance(left, int) and most else ""
        return f"{self._options.site} answers{quota}"

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        times = {"fromdate": int(stretch.since.timestamp()), "todate": -int(-stretch.until.timestamp() // 1)}
        number = int(place or 1)
        answer = self._ask({**times, "page": number, "pagesize": PAGE_SIZE, "filter": "withbody"})
        page = Page.of(answer["items"], self._mention, next=str(number + 1) if answer.get("has_more") else None)
        left, most = answer.get("quota_remaining"), answer.get("quota_max")
        if isinstance(left, int) and isinstance(most, int) and left < SCARCE * most:
            page = replace(page, notes=(f"less than a tenth of today's {most:,} requests to Stack Exchange is left",))
        return page

    def _ask(self, query: Mapping[str, object]) -> dict[str, Any]:
        options = self._options
        words = options.query or ("" if options.tags else self._context.release)
        reply = self._client.get(
            "/search/advanced",
            {
                "site": options.site,
                "q": words or None,
                "tagged": ";".join(options.tags) or None,
                "order": "desc",
                "sort": "creation",
                **query,
            },
            accept=(400,),
        )
        answer = self._accepted(reply)
        reply.json_list("items")
        self._heed(answer)
        return answer

    def _accepted(self, reply: Reply) -> dict[str, Any]:
        """Return the object in a reply; each of the API's errors is a 400 with a number of its own.

        Raises:
            RateLimited: too many requests.
            SourceRefused: any other error.
        """
        if reply.status != ERROR:
            return reply.json_object()
        now, told = self._context.clock.now(), dict[str, Any]()
        with suppress(SourceDown):
            told = reply.json_object()
        if told.get("error_id") != THROTTLED:
            raise refusal(ERROR, reply.headers, reply.content, who=WHO, now=now, hints=_HINTS)
        seconds = re.search(r"in (\d{1,6}) seconds", str(told.get("error_message")))
        until = now + timedelta(seconds=int(seconds[1])) if seconds else None
        if until:
            self._client.hold_until(until)
        raise limited(WHO, until, now)

    def _heed(self, answer: Mapping[str, Any]) -> None:
        """Keep to the time that a good answer wants to pass before the next request."""
        backoff = answer.get("backoff")
        if isinstance(backoff, int) and 0 < backoff <= LONGEST_BACKOFF:
            self._client.hold_until(self._context.clock.now() + timedelta(seconds=backoff))

    def _mention(self, question: Mapping[str, Any]) -> Mention:
        owner = question.get("owner") or {}
        number = native_id(question["question_id"])
        return Mention(
            id=number,
            created_at=moment(question["creation_date"]),
            text=f"{plain_text(question['title'])}\n{plain_text(question.get('body') or '', without=_CODE)}".strip(),
            author=str(owner.get("user_id") or owner.get("display_name") or ""),
            url=question.get("link") or "",
            likes=max(question.get("score") or 0, 0),
            conversation=number,
            labels={"site": self._options.site},
        )
