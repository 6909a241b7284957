"""Items of a reply become mentions or are told as unreadable, in words that quote nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.model import Mention
from gate.polling import Odd, Page, moment

AT = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-10T14:30:00Z",
        "2026-03-10T15:30:00+01:00",
        "2026-03-10T14:30:00.000000",
        "Tue, 10 Mar 2026 14:30:00 GMT",
        "Tue, 10 Mar 2026 15:30:00 +0100",
        AT.timestamp(),
        int(AT.timestamp()),
        int(AT.timestamp() * 1000),
        str(int(AT.timestamp())),
    ],
    ids=repr,
)
def test_times_of_apis(written: object) -> None:
    """RFC 3339, RFC 2822, seconds and milliseconds are read, in UTC."""
    assert moment(written) == AT
    assert moment(written).tzinfo is UTC


@pytest.mark.parametrize(
    "written", ["", "soon", None, True, [], {}, "9" * 400, float("nan"), float("inf"), -1e300, "1,2"], ids=repr
)
def test_no_time(written: object) -> None:
    """What is no time is told without a quote of it."""
    with pytest.raises(Odd) as raised:
        moment(written)
    assert str(raised.value) == "a time in it cannot be read"


def read(item: Any) -> Mention | None:  # noqa: ANN401  # any JSON
    """Read an item as a careless source would."""
    if item == "advertisement":
        return None
    return Mention(item["id"], moment(item["at"]), item["text"], author=item.get("author", ""))


def test_items_that_are_no_posts() -> None:
    """Advertisements are left out, broken items are told each, and the others come."""
    good = {"id": "1", "at": AT.isoformat(), "text": "half \ud83d of it"}
    broken = [{"id": "2"}, {**good, "id": ""}, {**good, "id": 3}, {**good, "text": None}, {**good, "at": "x"}, None, 7]
    page = Page.of(["advertisement", good, *broken], read)
    assert [mention.text for mention in page.mentions] == ["half \ufffd of it"]
    assert [each.why for each in page.unreadable] == [
        "no 'at' in it",
        "it has no id or no text",
        "it has no id or no text",
        "it has no id or no text",
        "a time in it cannot be read",
        "not of the shape of a post",
        "not of the shape of a post",
    ]
    assert page.reads == 9
    assert len(page.keys) == 9


def test_times_are_in_utc() -> None:
    """A source that returns local time gets UTC; one that returns none in particular is told."""
    local = AT.astimezone(timezone(timedelta(hours=2)))
    page = Page.of([local, AT.replace(tzinfo=None)], lambda at: Mention("1", at, "text"))
    assert page.mentions[0].created_at.tzinfo is UTC
    assert [each.why for each in page.unreadable] == ["its time has no zone"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(json_values, max_size=5))
def test_any_json_is_a_page(items: list[Any]) -> None:
    """Whatever an API sends as items, each is a mention or unreadable, with at most 80 characters of it."""
    page = Page.of(items, read)
    assert len(page.mentions) + len(page.unreadable) == sum(item != "advertisement" for item in items)
    assert all(len(each.quote) <= 80 for each in page.unreadable)
