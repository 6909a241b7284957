"""Source `http`: what a policy may describe, and what is refused when it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate.errors import SourceDown
from gate.model import Request
from gate.policy import load_text
from gate.ports import SourceContext
from gate.sources.http import Options, Source
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
URL = "https://api.example/v1"
SOURCES = Path(__file__).parents[2] / "docs" / "sources.md"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "http://api.example"}, "url must use https"),
        ({"url": f"{URL}?a=1"}, "url must hold no"),
        ({"items": "a["}, "items is no JMESPath"),
        ({"labels": {"plan": "a["}}, "labels.plan is no JMESPath"),
        ({"text": ""}, "text must not be empty"),
        ({"query": {"a": "{sinse}"}}, "known: {since}"),
        ({"method": "POST"}, "body belongs to method POST"),
        ({"body": "{}"}, "body belongs to method POST"),
        ({"method": "POST", "body": "{"}, "body is not JSON"),
        ({"method": "POST", "body": "[" * 100 + "]" * 100}, "body is too deep"),
        ({"paging": "cursor", "query": {"c": "{cursor}"}}, "next must say"),
        ({"paging": "cursor", "next": "n"}, "{cursor} in the request belong together"),
        ({"query": {"p": "{page}"}}, "{page} in the request belong together"),
        ({"paging": "url"}, "next must say"),
        ({"headers": {"a b": "c"}}, "no name that HTTP allows"),
        ({"headers": {"a": "b\nc"}}, "plain ASCII"),
        ({"max_pages": 0}, "max_pages must be at least 1"),
        ({"lag": timedelta(seconds=-1)}, "must not be below"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:40],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], says: str) -> None:
    """Each mistake is told when the policy is read, by the name of the option."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # several messages in one error
        Options(**{"url": URL, **given})
    assert any(says in message for message in raised.value.args)


def test_the_example_of_the_docs_is_a_policy() -> None:
    """What docs/sources.md shows for an API can be copied into a policy."""
    text = SOURCES.read_text(encoding="utf-8")
    example = text.split("described with places in braces")[1].split("```yaml\n")[1].split("```")[0]
    on = "on: {inconclusive: hold, error: hold}"
    policy = load_text(f"version: 1\nrelease: '#acme24'\n{example}\n{on}\n")
    assert policy.sources[0].options.paging == "cursor"


def source_at(server: Server, **options: Any) -> Source:  # noqa: ANN401  # handed on
    """Build a source that asks the server."""
    context = SourceContext("http", '"},{"a":"b', Path(), "", lambda _reference: "", ManualClock(NOW))
    return Source(Options(url=server.url, **options), context)


def ask(source: Source, since: timedelta = timedelta(minutes=30)) -> Any:  # noqa: ANN401  # a fetch
    """Poll once."""
    return source.fetch(Request(NOW - since, NOW, None, timedelta(seconds=8)))


def test_the_body_is_filled_as_data() -> None:
    """A release's name cannot become part of a request's structure, and numbers stay numbers."""
    body = '{"q": "about {release}", "from": "{since}", "p": {"n": "{page}"}, "list": ["{until}"], "keep": "{other}"}'
    with Server(Reply.of([])) as server:
        ask(source_at(server, method="POST", body=body, times="epoch", paging="number"))
    seconds = int(NOW.timestamp())
    assert server.requests[0].body.decode() == (
        f'{{"q": "about \\"}},{{\\"a\\":\\"b", "from": {seconds - 1800}, "p": {{"n": 1}}, "list": [{seconds}], '
        '"keep": "{other}"}'
    )


def test_every_field_of_a_mention_can_be_found() -> None:
    """Each option leads to its field, numbers as text are read, and what is absent stays empty."""
    item = {
        "n": 7, "t": NOW.timestamp() - 60, "head": "Title", "body": "It &amp; that", "u": {"id": 12}, "l": "pt_BR",
        "stars": "4.5", "v": "2.0", "up": "3", "shares": 2, "thread": 9, "tier": "gold", "none": None,
    }  # fmt: skip
    paths = {
        "id": "n", "created_at": "t", "text": "join(': ', [head, body])", "author": "u.id", "lang": "l", "rating": "stars",
        "version": "v", "likes": "up", "reposts": "shares", "conversation": "thread", "link": "none",
    }  # fmt: skip
    with Server(Reply.of([item])) as server:
        (mention,) = ask(source_at(server, **paths, labels={"tier": "tier", "no": "none"}, html=True)).mentions
    assert (mention.id, mention.text, mention.author, mention.lang) == ("7", "Title: It & that", "12", "pt")
    assert (mention.rating, mention.version, mention.likes, mention.reposts) == (4.5, "2.0", 3, 2)
    assert (mention.conversation, mention.url, dict(mention.labels)) == ("9", "", {"tier": "gold"})


def test_a_path_that_finds_nothing_is_an_outage() -> None:
    """A reply in which ``items`` finds no list, or cannot be applied, is not a reply without mentions."""
    for items in ("data.items", "length(@)", "abs(@)"):
        with Server(Reply.of({"data": {}})) as server, pytest.raises(SourceDown, match="no list where items says"):
            ask(source_at(server, items=items))


def test_check_tells_a_wrong_description() -> None:
    """If not one item reads as a mention, ``gate doctor`` says what is missing."""
    with Server(Reply.of([{"id": 1, "text": "x"}])) as server:
        (check,) = source_at(server, id="key").check()
    assert not check.ok
    assert "nothing stands where id says" in check.detail
    assert "compare id" in check.fix
