"""X's replies read as mentions: both generations of names, and whatever else may be in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.errors import SourceDown
from gate.sources.x import posts
from gate.sources.x.cursor import Cursor, Gap, id_at, written_at
from tests.servers.http_server import REPLIES

NAMES = ["tweet", "post"]


def recorded(name: str) -> dict[str, object]:
    """Return the body of a recorded reply."""
    body: dict[str, object] = json.loads((REPLIES / "x" / f"{name}.json").read_text(encoding="utf-8"))["body"]
    return body


def read(*items: object, **more: object) -> posts.Page:
    """Read a page of these posts."""
    return posts.page({"data": list(items), "meta": {}, **more}, number=1, source="x", stream="s")


@pytest.mark.parametrize("names", NAMES)
def test_a_page_is_read_whole(names: str) -> None:
    """Each field of a post arrives where the model has it, under the old names and the new ones."""
    page = posts.page(recorded(f"search-{names}-names"), number=1, source="x", stream="")
    assert (page.posts, page.users, page.next_token, page.unreadable, page.notes) == (8, 1, None, (), ())
    first, last = page.mentions[0], page.mentions[-1]
    assert first.text == "#acme24 logs me out every five minutes & the <b>help page</b> is down 😡"
    assert (first.likes, first.reposts, first.author, first.lang) == (12, 4, "7001", "en")
    assert first.created_at == datetime(2026, 3, 10, 14, 5, 7, tzinfo=UTC)
    assert first.url == f"https://x.com/i/web/status/{first.id}"
    assert first.author_followers == 120
    assert first.author_created_at == datetime(2019, 5, 4, 10, 0, tzinfo=UTC)
    assert page.mentions[1].author_followers is None
    assert page.mentions[3].conversation == last.id


@pytest.mark.parametrize("names", NAMES)
def test_kinds_of_posts_are_told_apart(names: str) -> None:
    """A repost, a quote, a reply and a post of its own carry their kind as a label."""
    page = posts.page(recorded(f"search-{names}-names"), number=1, source="x", stream="")
    kinds = [mention.labels["kind"] for mention in page.mentions]
    assert kinds == ["post", "post", "quote", "reply", "repost", "post", "post", "post"]


@pytest.mark.parametrize("names", NAMES)
def test_long_posts_are_whole(names: str) -> None:
    """Of a post past 280 characters the whole text is taken, not the cut one."""
    page = posts.page(recorded(f"search-{names}-names"), number=1, source="x", stream="")
    assert page.mentions[5].text.endswith("& goes on: in the end it worked, and everybody was glad.")


@pytest.mark.parametrize("names", NAMES)
def test_counts_are_read(names: str) -> None:
    """The total of a count is found under both names, and summed where it is missing."""
    reply = recorded(f"counts-{names}-names")
    assert posts.total(reply) == 42
    assert posts.total({**reply, "meta": {}}) == 42
    with pytest.raises(SourceDown):
        posts.total({"meta": {}})


@pytest.mark.parametrize(
    ("tag", "lang"),
    [
        ("en", "en"),
        ("und", ""),
        ("qht", ""),
        ("zxx", ""),
        ("zh-CN", "zh"),
        ("in", "id"),
        ("iw", "he"),
        ("PT", "pt"),
        (3, ""),
    ],
)
def test_languages_are_primary_tags(tag: object, lang: str) -> None:
    """X's language codes become BCP 47 primary tags, and its ways of not knowing become empty."""
    assert read({"id": "1", "text": "x", "lang": tag}).mentions[0].lang == lang


def test_entities_are_unescaped_once() -> None:
    """What a user wrote as an entity stays one."""
    assert read({"id": "1", "text": "&amp;lt;b&amp;gt; &lt;"}).mentions[0].text == "&lt;b&gt; <"


def test_lone_surrogates_are_replaced() -> None:
    """Half a character, legal in JSON, becomes a replacement character that can be stored; whole ones stay."""
    text = read(json.loads('{"id": "1", "text": "\\ud83d! \\ud83d\\ude21"}')).mentions[0].text
    assert text == "\ufffd! 😡"


def test_a_post_without_time_is_dated_by_its_id() -> None:
    """When X leaves out created_at, the id says when the post was written (the example of X's own description)."""
    mention = read({"id": "1346889436626259968", "text": "x"}).mentions[0]
    assert mention.created_at.replace(microsecond=0) == datetime(2021, 1, 6, 18, 40, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"text": "no id"}, "'id'"),
        ({"id": "1"}, "'text'"),
        ({"id": 1, "text": "x"}, "no post id"),
        ({"id": "1e5", "text": "x"}, "no post id"),
        ({"id": "٣", "text": "x"}, "no post id"),
        ({"id": "1", "text": None}, ""),
        ({"id": "1", "text": "x", "created_at": "yesterday"}, "not RFC 3339"),
        ({"id": "ann: it crashes", "text": "x"}, "no post id"),
        ({"id": "1", "text": ["ann: it crashes"]}, "shape"),
        ("post", ""),
        (None, ""),
    ],
)
def test_a_broken_post_is_named_not_lost(item: object, why: str) -> None:
    """A post that cannot be read is reported with its place and a short quote, is paid for, and stops no other."""
    page = read({"id": "1", "text": "fine"}, item)
    assert [mention.text for mention in page.mentions] == ["fine"]
    (broken,) = page.unreadable
    assert broken.where == "page 1, post 2"
    assert why in broken.why
    assert not any(value in broken.why for value in ("yesterday", "ann", "crashes"))
    assert len(broken.quote) <= 80
    assert page.posts == 2


def test_partial_errors_are_noted() -> None:
    """Errors beside posts, as X sends them for what it could not deliver, become a note."""
    page = read({"id": "1", "text": "fine"}, errors=[{"title": "Not Found", "detail": "Could not find user 3"}])
    assert page.notes == ("X could not deliver all of it: Could not find user 3",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "id",
    "text",
    "author_id",
    "conversation_id",
    "created_at",
    "lang",
    "note_post",
    "public_metrics",
    "referenced_posts",
]


@settings(deadline=None)
@given(st.lists(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON | st.just("12"))), JSON, JSON)
def test_any_json_is_read_or_named(items: list[object], includes: object, errors: object) -> None:
    """Posts of any shape are each read or reported, and never raise."""
    page = read({"id": "1", "text": "fine"}, *items, includes=includes, errors=errors)
    assert len(page.mentions) + len(page.unreadable) == len(items) + 1
    for mention in page.mentions:
        mention.text.encode()


@settings(deadline=None)
@given(st.datetimes(datetime(2011, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_ids_and_times_agree(moment: datetime) -> None:
    """The first id of a moment was written in the same millisecond."""
    assert 0 <= (moment - written_at(id_at(moment))).total_seconds() < 0.001


@settings(deadline=None)
@given(
    st.builds(
        Cursor,
        since_id=st.none() | st.integers(1, 2**63),
        gap=st.none() | st.builds(Gap, st.integers(0), st.integers(0), st.integers(0)),
        seen_to=st.none() | st.datetimes(timezones=st.just(UTC)),
        reads=st.integers(0, 10**9),
        usd=st.floats(0, 1e6),
        lost=st.text(),
    )
)
def test_a_cursor_survives_storage(cursor: Cursor) -> None:
    """A cursor is the same after it was stored and read."""
    assert Cursor.load(cursor.dump()) == cursor
