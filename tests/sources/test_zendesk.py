"""What is special about Zendesk: an export by the last change, of which only new tickets count."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.errors import SourceDown
from gate.model import Request
from gate.ports import SourceContext
from gate.sources.zendesk import Options, Source
from tests.replies.zendesk import EMAIL, export, ticket
from tests.servers.http_server import Reply, Server
from tests.sources.conformance import NOW, SINCE, TOKEN, UNTIL, Post
from tests.support import ManualClock

if TYPE_CHECKING:
    from datetime import datetime

    from gate.model import Fetch

MINUTE = timedelta(minutes=1)


def source_at(server: Server, clock: ManualClock | None = None, **options: Any) -> Source:  # noqa: ANN401
    """Build a source for the account behind the server."""
    context = SourceContext("zendesk", "#brimly", Path(), "", lambda _reference: TOKEN, clock or ManualClock(NOW))
    return Source(Options(server=server.url, email=EMAIL, **options), context)


def ask(source: Source, cursor: str | None = None, until: datetime = UNTIL) -> Fetch:
    """Poll once."""
    return source.fetch(Request(SINCE, until, cursor, timedelta(seconds=8)))


def account(*tickets: dict[str, Any], size: int = 50) -> Server:
    """Serve these tickets."""
    return Server(answer=lambda request: export(request, tickets, size))


def test_a_ticket_is_whole() -> None:
    """Subject and first comment, the customer's number, the way it came, and the agent's page of it."""
    with account(ticket(Post(1, SINCE, "It crashes."))) as server:
        (mention,) = ask(source_at(server)).mentions
        assert mention.url == f"{server.url}/agent/tickets/35437"
    assert (mention.id, mention.text, mention.author) == ("35437", "Help\nIt crashes.", "20978392001")
    assert mention.labels == {"channel": "web", "priority": "high", "type": "incident"}
    assert mention.rating is None


def test_a_subject_made_of_the_first_words_is_not_doubled() -> None:
    """Chats have no subject of their own: Zendesk makes one of what was said first."""
    with account(ticket(Post(1, SINCE, "It crashes at once"), subject="It crashes…")) as server:
        (mention,) = ask(source_at(server)).mentions
    assert mention.text == "It crashes at once"


@pytest.mark.parametrize(("score", "stars"), [("good", 5.0), ("bad", 1.0), ("offered", None), ("unoffered", None)])
def test_satisfaction(score: str, stars: float | None) -> None:
    """A customer's own rating of the ticket is kept as stars; one that is only asked for is none."""
    with account(ticket(Post(1, SINCE, "It crashes."), satisfaction_rating={"score": score, "id": 4})) as server:
        (mention,) = ask(source_at(server)).mentions
    assert mention.rating == stars


def test_an_old_ticket_that_was_answered_is_not_new() -> None:
    """The export goes by the last change: a ticket from before the period does not count for being answered in it."""
    old = ticket(Post(1, SINCE - timedelta(days=3), "old"), updated=SINCE + MINUTE)
    with account(old, ticket(Post(2, SINCE + MINUTE, "new"))) as server:
        fetch = ask(source_at(server))
    assert [mention.text for mention in fetch.mentions] == ["Help\nnew"]
    assert fetch.complete


def test_a_new_ticket_that_changes_is_counted_once() -> None:
    """A ticket delivered before comes again with every change of it, and is known."""
    clock = ManualClock(NOW)
    tickets = [ticket(Post(1, NOW - 2 * MINUTE, "new"))]
    with Server(answer=lambda request: export(request, tickets, 50)) as server:
        source = source_at(server, clock)
        first = ask(source, until=NOW + timedelta(hours=1))
        for _minute in range(20):
            clock.wait(MINUTE)
            tickets[0] = ticket(Post(1, NOW - 2 * MINUTE, "new"), updated=clock.now() - MINUTE)
            fetch = ask(source, first.cursor, until=NOW + timedelta(hours=1))
            assert fetch.mentions == ()
    assert len(first.mentions) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "deleted"},
        {"is_public": False},
        {"submitter_id": 1},
    ],
    ids=["deleted or spam", "for colleagues only", "opened by an agent"],
)
def test_what_no_customer_says_is_left_out(fields: dict[str, Any]) -> None:
    """Deleted tickets, spam, and what agents write are no mentions, and no damage."""
    with account(ticket(Post(1, SINCE, "It crashes."), **fields)) as server:
        fetch = ask(source_at(server))
    assert (fetch.mentions, fetch.unreadable, fetch.complete) == ((), (), True)


def test_tickets_opened_for_a_customer_can_be_wanted() -> None:
    """What a form of one's own or an agent on the phone writes down counts where the policy says so."""
    with account(ticket(Post(1, SINCE, "It crashes."), submitter_id=1)) as server:
        assert len(ask(source_at(server, opened_by_others=True)).mentions) == 1


def test_channels_and_tags_narrow() -> None:
    """Only tickets that came by a channel, or that have a tag."""
    mail = ticket(Post(1, SINCE, "by mail"), via={"channel": "email"}, tags=["billing"])
    with account(mail, ticket(Post(2, SINCE, "by web"))) as server:
        by_channel = ask(source_at(server, channels=("web", "chat"))).mentions
        by_tag = ask(source_at(server, tags=("billing", "other"))).mentions
    assert [mention.text for mention in by_channel] == ["Help\nby web"]
    assert [mention.text for mention in by_tag] == ["Help\nby mail"]


def test_how_zendesk_is_asked() -> None:
    """By whole seconds first, then by its own cursor; as agent and token; deleted tickets are not even sent."""
    with account(*(ticket(Post(number, SINCE + number * MINUTE, "x")) for number in range(3)), size=2) as server:
        ask(source_at(server))
        first, second = server.requests
    assert first.query == {
        "start_time": str(int(SINCE.timestamp())),
        "per_page": "1000",
        "exclude_deleted": "true",
    }
    assert second.query == {"cursor": "MTU42", "per_page": "1000", "exclude_deleted": "true"}
    scheme, pair = first.headers["authorization"].split()
    assert (scheme, b64decode(pair).decode()) == ("Basic", f"{EMAIL}/token:{TOKEN}")


def test_the_last_minute_is_not_asked_for() -> None:
    """Zendesk refuses a start within the last minute, and holds that minute back: the fetch says what is settled."""
    with account() as server:
        source = source_at(server)
        fetch = source.fetch(Request(NOW - timedelta(seconds=10), NOW + MINUTE, None, timedelta(seconds=8)))
        assert server.requests[0].query["start_time"] == str(int((NOW - MINUTE).timestamp()))
    assert fetch.settled_until == NOW - MINUTE


def test_a_reply_that_does_not_end_is_an_outage() -> None:
    """Without end_of_stream nobody knows whether there is more: that is not silence."""
    with Server(Reply.of({"tickets": []})) as server, pytest.raises(SourceDown, match="whether there is more"):
        ask(source_at(server))


def test_ten_a_minute() -> None:
    """Past the limit Zendesk says how long to wait; nothing is asked before, and nothing is lost."""
    clock = ManualClock(NOW)
    tickets = [ticket(Post(number, SINCE + number * MINUTE, "x")) for number in range(6)]
    allowed = 2
    with account(*tickets, size=2) as server:
        true = server.answer
        server.answer = lambda request: (
            true(request) if len(server.requests) <= allowed else Reply.of({"error": "x"}, 429, retry_after="37")
        )
        source = source_at(server, clock)
        first = ask(source)
        with pytest.raises(SourceDown, match=r"in 37 s"):
            ask(source, first.cursor)
        asked = len(server.requests)
        allowed = 99
        clock.wait(timedelta(seconds=37))
        rest = ask(source, first.cursor)
    assert (len(first.mentions), first.complete, asked) == (4, False, 3)
    assert (len(rest.mentions), rest.complete) == (2, True)


def test_doctor() -> None:
    """One page of the last hour: how many tickets are new, and what a look costs."""
    old = ticket(Post(1, NOW - timedelta(days=3), "old"), updated=NOW - 5 * MINUTE)
    with account(old, ticket(Post(2, NOW - 9 * MINUTE, "new"))) as server:
        checks = source_at(server).check()
        assert len(server.requests) == 1
    assert checks[0].detail.startswith("1 new tickets in the last hour, 2 changed")
    assert "10 a minute" in checks[-1].detail


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"email": "somebody"}, "email must be"),
        ({"email": "a@b.example/token"}, "email must be"),
        ({"page_size": 0}, "page_size must be"),
        ({"max_pages": 0}, "max_pages"),
        ({"server": "http://acme.example"}, "server must use https"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    """Each names the option and the way out."""
    with pytest.raises(ValueError, match=said):
        Options(**{"server": "https://brimly.zendesk.com", "email": EMAIL, **options})
