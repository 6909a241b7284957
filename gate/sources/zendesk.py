"""Zendesk: what customers write when they open a ticket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown
from gate.http import Client, Key, address_problem, diagnose
from gate.model import Allowance, Mention, Rate
from gate.polling import Page, Paging, collect, moment, native_id
from gate.ports import About, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gate.model import Check, Fetch, Request
    from gate.polling import Stretch
    from gate.ports import SourceContext

ABOUT = About(
    channel="Zendesk: the first words of new support tickets",
    auth="an agent's e-mail address and an API token, made by an admin",
    cost="free: 1 request a poll, more after a pause",
    delay="1 to 2 minutes: Zendesk holds the last minute back",
    limits="10 exports a minute for the whole account, 1,000 tickets each",
    stored="tickets are private: never a text, unless the policy keeps text",
    terms="your own contract with your customers: say in it that tickets are read for this",
)
WHO = "Zendesk"
EXPORT = "/api/v2/incremental/tickets/cursor.json"
LAG = timedelta(minutes=1)
"""Zendesk leaves out what changed within the minute before a request."""
OVERLAP = timedelta(minutes=5)
LARGEST_PAGE = 1000
_STARS = {"good": 5.0, "bad": 1.0}


@dataclass(frozen=True, slots=True)
class Options:
    """New tickets of one account."""

    server: str
    """Address of the account, e.g. https://acme.zendesk.com."""
    email: str
    """E-mail address of the agent that the token is used as."""
    token: Secret = Secret("${ZENDESK_TOKEN}")
    """API token."""
    channels: tuple[str, ...] = ()
    """Only tickets that came this way, in Zendesk's words (web, email, api, chat …); all if none is given."""
    tags: tuple[str, ...] = ()
    """Only tickets with one of these tags; all if none is given."""
    opened_by_others: bool = False
    """Also tickets that somebody else opened for the customer: an agent on the phone, a form of yours by the API."""
    page_size: int = LARGEST_PAGE
    """Tickets asked for at once, 1 to 1000."""
    max_pages: int = 5
    """Pages read in one poll, of ten that Zendesk allows a minute; what is left is read by the next poll."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: the first thing that is wrong.
        """
        if problem := _problem(self):
            raise ValueError(problem)


def _problem(options: Options) -> str:
    if not re.fullmatch(r"[^\s:@/]+@[^\s:@/]+", options.email):
        return "email must be the e-mail address of an agent"
    if not 1 <= options.page_size <= LARGEST_PAGE:
        return f"page_size must be 1 to {LARGEST_PAGE}"
    if options.max_pages < 1:
        return "max_pages must be at least 1"
    return address_problem(options.server, option="server")


class Source:
    """Exports what changed, and keeps what is new.

    The export goes by the last change of a ticket, so that it also brings old tickets somebody has answered; they were
    written before the period and are left out. A new ticket that changes later comes again, and is known by then.
    """

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Ask nothing yet."""
        self._options = options
        self._context = context
        key = Key("token", options.token, user=f"{options.email}/token")
        hints = {
            401: f"check `email` and what {options.token} holds, and that API tokens are switched on in Admin Center",
            403: f"exports need an admin's rights: use the token in {options.token} with an admin's `email`",
            404: "check `server`: it is the account's own address, e.g. https://acme.zendesk.com",
        }
        self._client = Client(options.server, context, who=WHO, key=key, hints=hints)
        self._paging = Paging(WHO, order="any", resume="place", max_pages=options.max_pages, overlap=OVERLAP, lag=LAG)

    def fetch(self, request: Request) -> Fetch:
        """Return the tickets opened in the asked period that earlier polls did not return, oldest first.

        Raises:
            SourceRefused: Zendesk says no.
            SourceDown: no proper answer this time, or its limit is reached.
        """
        self._client.start(request.timeout)
        return collect(request, self._page, self._paging, self._context, spent=self._client.spent)

    def check(self) -> Sequence[Check]:
        """Export one page of the last hour."""
        cost = f"1 request a poll, up to {self._options.max_pages} after a pause, of 10 a minute; free"
        rate = Rate(allowed=Allowance(10, timedelta(minutes=1)), free=True)
        return diagnose(self._client, self._look, cost=cost, rate=rate)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _look(self) -> str:
        hour = self._context.clock.now() - timedelta(hours=1)
        page = self._ask(hour, None)
        new = sum(mention.created_at >= hour for mention in page.mentions)
        return f"{new} new tickets in the last hour, {page.reads} changed{' or more' if page.next else ''}"

    def _page(self, stretch: Stretch, place: str | None) -> Page:
        return self._ask(stretch.since, place)

    def _ask(self, since: datetime, place: str | None) -> Page:
        start = int(min(since, self._context.clock.now() - LAG).timestamp())  # Zendesk takes none of the last minute
        query: dict[str, object] = {"cursor": place} if place else {"start_time": start}
        query |= {"per_page": self._options.page_size, "exclude_deleted": True}
        reply = self._client.get(EXPORT, query)
        told, tickets = reply.json_object(), reply.json_list("tickets")
        following, over = told.get("after_cursor"), told.get("end_of_stream")
        if not isinstance(over, bool) or not (over or isinstance(following, str)):
            message = f"{WHO} does not say whether there is more"
            raise SourceDown(message, hint="see whether its API has changed; the next look tries again")
        return Page.of(tickets, self._mention, next=None if over else following)

    def _mention(self, ticket: Mapping[str, Any]) -> Mention | None:
        channel = (ticket.get("via") or {}).get("channel") or ""
        tags = set(ticket.get("tags") or ())
        # What is deleted is most often spam, which Zendesk deletes as it is marked; what is not public is for colleagues.
        if ticket.get("status") == "deleted" or ticket.get("is_public") is False:
            return None
        # The first comment is always the submitter's.
        if not self._options.opened_by_others and ticket.get("submitter_id") not in {None, ticket.get("requester_id")}:
            return None
        if self._options.channels and channel not in self._options.channels:
            return None
        if self._options.tags and not tags & set(self._options.tags):
            return None
        score = (ticket.get("satisfaction_rating") or {}).get("score")
        subject, words = (ticket.get("subject") or "").strip(), ticket["description"].strip()
        labels = {"channel": channel, "priority": ticket.get("priority"), "type": ticket.get("type")}
        return Mention(
            id=native_id(ticket["id"]),
            created_at=moment(ticket["created_at"]),
            # Zendesk takes a subject from the first words where a channel has none.
            text=words if words.startswith(subject.rstrip("….")) else f"{subject}\n{words}",
            author=str(ticket.get("requester_id") or ""),
            url=f"{self._options.server.rstrip('/')}/agent/tickets/{ticket['id']}",
            rating=_STARS.get(score) if isinstance(score, str) else None,
            labels={name: str(value) for name, value in labels.items() if value},
        )
