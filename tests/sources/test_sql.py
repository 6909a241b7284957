"""The source ``sql``: mentions from real databases, each once, however times are kept and rows arrive."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gate.errors import SourceDown, SourceRefused
from gate.policy import load_text
from gate.sources.sql import Options
from gate.sources.sql.statement import ordered_by
from tests.sources.sql_support import MINUTE, QUERY, TEXT, HurriedClock, Table, ask, refusal, source_of, texts
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from gate.model import Fetch

KINDS = ("sqlite text", "sqlite seconds", "sqlite milliseconds", "postgresql timestamptz", "postgresql seconds")


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    """An empty table of chats, in each database and kind of time."""
    software, kind = request.param.split()
    column = {"timestamptz": "timestamptz", "text": "text"}.get(kind, "bigint")
    times = {"timestamptz": "timestamp", "text": TEXT}.get(kind, kind)
    url = f"sqlite:///{tmp_path / 'chats.db'}"
    if software == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    made = Table(url, column, times)
    made.create()
    return made


@pytest.fixture
def chats(tmp_path: Path) -> Table:
    """An empty table in SQLite, with times in seconds."""
    made = Table(f"sqlite:///{tmp_path / 'chats.db'}", "bigint", "seconds")
    made.create()
    return made


@pytest.fixture
def server_chats(postgresql_url: str) -> Table:
    """An empty table in PostgreSQL."""
    made = Table(postgresql_url, "timestamptz", "timestamp")
    made.create()
    return made


def test_only_the_period_is_delivered(table: Table) -> None:
    """What was written from ``since`` to before ``until`` is delivered, oldest first, whole and in UTC."""
    edges = [(-1, "before"), (0, "first"), (59, "last"), (60, "after")]
    table.write((number, DEPLOY + each * MINUTE, words) for number, (each, words) in enumerate(edges))
    fetch = ask(source_of(table))
    assert texts(fetch.mentions) == ["first", "last"]
    first = fetch.mentions[0]
    assert (first.id, first.created_at, first.author, first.source) == ("1", DEPLOY, "customer-1", "sql")
    assert fetch.complete
    assert fetch.cost.requests == 1


def test_each_mention_comes_once(table: Table) -> None:
    """The next poll brings what is new, and what was written a little earlier but appeared late."""
    clock = ManualClock(DEPLOY + 2 * MINUTE)
    source = source_of(table, clock)
    table.write([(1, DEPLOY, "one"), (2, DEPLOY + MINUTE, "two"), (3, clock.now() - timedelta(seconds=10), "three")])
    first = ask(source, until=clock.now())
    table.write([(4, clock.now() - timedelta(seconds=20), "late"), (5, clock.now(), "four")])
    clock.wait(MINUTE)
    second = ask(source, until=clock.now(), cursor=first.cursor)
    clock.wait(MINUTE)
    third = ask(source_of(table, clock), until=clock.now(), cursor=second.cursor)
    found = [texts(each.mentions) for each in (first, second, third)]
    assert found == [["one", "two", "three"], ["late", "four"], []]


def test_more_than_a_poll_delivers_is_read_on(table: Table) -> None:
    """Past ``max_rows`` a poll says that there is more, and the next ones bring it, also within one moment."""
    table.write((number, DEPLOY + (number // 4) * MINUTE, str(number)) for number in range(10))
    found, cursor = [], None
    for _ in range(4):
        fetch = ask(source_of(table, max_rows=3), cursor=cursor)
        found += texts(fetch.mentions)
        cursor = fetch.cursor
        assert fetch.complete == (len(found) == 10)
        assert ("more than 3 mentions" in fetch.reason) == (len(found) < 10)
    assert found == [str(number) for number in range(10)]


def test_rows_in_any_order(chats: Table) -> None:
    """A query without an order is served the same: the oldest mentions first, and nothing left out."""
    chats.write((number, DEPLOY + ((number * 7) % 10) * MINUTE, str(number)) for number in range(10))
    source = source_of(chats, query=QUERY.replace("ORDER BY sent_at", ""), max_rows=4)
    first = ask(source)
    second = ask(source, cursor=first.cursor)
    third = ask(source, cursor=second.cursor)
    assert [each.complete for each in (first, second, third)] == [False, False, True]
    in_time = sorted(range(10), key=lambda number: (number * 7) % 10)
    assert texts(first.mentions + second.mentions + third.mentions) == [str(number) for number in in_time]


def test_late_rows_hold_back_the_end(chats: Table) -> None:
    """While rows may still come late, the source says up to when nothing more is to come."""
    clock = ManualClock(DEPLOY + 10 * MINUTE)
    fetch = ask(source_of(chats, clock, delay=5 * MINUTE), until=DEPLOY + 10 * MINUTE)
    assert fetch.settled_until == DEPLOY + 5 * MINUTE
    assert ask(source_of(chats, clock, delay=5 * MINUTE), until=DEPLOY + MINUTE).settled_until is None


def test_times_without_zone(server_chats: Table) -> None:
    """Times without a zone are read, and compared, in the zone that the policy names, also in summer."""
    server_chats.run("ALTER TABLE chats ALTER sent_at TYPE timestamp")
    summer = DEPLOY.replace(month=7)
    server_chats.run("INSERT INTO chats VALUES (1, '2026-07-10 15:59', 'before'), (2, '2026-07-10 16:00', 'first')")
    fetch = ask(source_of(server_chats, timezone="Europe/Berlin"), since=summer, until=summer + MINUTE)
    assert [(each.text, each.created_at) for each in fetch.mentions] == [("first", summer)]
    assert "no time zone; read as Europe/Berlin" in fetch.notes[0]
    with pytest.raises(SourceRefused, match="carries no time zone"):
        ask(source_of(server_chats), since=summer, until=summer + timedelta(hours=3))


def test_a_session_in_another_zone(server_chats: Table) -> None:
    """A server whose own zone is another one finds the same moments."""
    server_chats.run("ALTER ROLE gate SET timezone = 'Asia/Tokyo'")
    try:
        server_chats.write([(1, DEPLOY, "now")])
        (mention,) = ask(source_of(server_chats), until=DEPLOY + MINUTE).mentions
        assert mention.created_at == DEPLOY
    finally:
        server_chats.run("ALTER ROLE gate RESET timezone")


def test_times_in_text_with_fractions(chats: Table) -> None:
    """A fraction of a second behind a time in text puts nothing outside its period."""
    chats.run(
        "INSERT INTO chats VALUES (1, '2026-03-10T14:00:00.250Z', 'first', ''), (2, '2026-03-10T15:00:00Z', 'x', '')"
    )
    assert texts(ask(source_of(chats, times=TEXT)).mentions) == ["first"]


def test_columns_and_labels(server_chats: Table) -> None:
    """Columns are mapped by the policy or by their names; types of the database become ours."""
    query = (
        "SELECT gen_random_uuid() AS key, sent_at, body, 4.5::numeric AS rating, 12::numeric AS likes, "
        "true AS \"labels.vip\", NULL AS lang, 'de' AS locale FROM chats WHERE sent_at >= :since AND sent_at < :until"
    )
    columns = {"id": "key", "created_at": "sent_at", "text": "body", "labels.locale": "locale"}
    server_chats.write([(1, DEPLOY, "gut")])
    (mention,) = ask(source_of(server_chats, query=query, columns=columns)).mentions
    assert (len(mention.id), mention.rating, mention.likes, mention.lang) == (36, 4.5, 12, "")
    assert mention.labels == {"vip": "true", "locale": "de"}


def test_only_the_stream_counts(chats: Table) -> None:
    """Where a release names its stream, mentions of others are left out."""
    chats.write([(1, DEPLOY, "ours"), (2, DEPLOY, "theirs")])
    query = QUERY.replace("customer AS author", "body AS stream")
    assert texts(ask(source_of(chats, stream="ours", query=query)).mentions) == ["ours"]


def test_rows_that_are_no_mentions(chats: Table) -> None:
    """A row without text is counted once with its reason; a result of nothing else is refused."""
    source = source_of(chats)
    chats.run(f"INSERT INTO chats VALUES (1, {int(DEPLOY.timestamp())}, NULL, 'ann')")
    fault = refusal(source)
    assert "not one row could be read as a mention; row 1: no field 'text'" in fault.message
    chats.write([(2, DEPLOY, "fine")])
    first = ask(source)
    assert (texts(first.mentions), [each.why for each in first.unreadable]) == (
        ["fine"],
        ["no field 'text', or nothing in it"],
    )
    again = ask(source, until=DEPLOY + timedelta(hours=2), cursor=first.cursor)
    assert (again.mentions, again.unreadable) == ((), ())


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM chats RETURNING *) SELECT id, sent_at AS created_at, body AS text FROM gone",
        "SELECT nextval('numbers') AS id, sent_at AS created_at, body AS text FROM chats",
        "SELECT writing() AS id, sent_at AS created_at, body AS text FROM chats",
    ],
    ids=["a statement", "a sequence", "a function"],
)
def test_postgresql_is_never_written_to(server_chats: Table, statement: str) -> None:
    """Whatever a query does, and however it gets past the check of its words, nothing is changed."""
    server_chats.run("CREATE SEQUENCE numbers")
    server_chats.run(
        "CREATE FUNCTION writing() RETURNS bigint LANGUAGE sql AS 'INSERT INTO chats VALUES (9) RETURNING id'"
    )
    server_chats.write([(1, DEPLOY, "stays")])
    source = source_of(server_chats)
    query = statement + " WHERE sent_at >= :since AND sent_at < :until"
    object.__setattr__(source.options, "query", query)  # past Options, which refuse the first one by its words
    assert re.search("written to by the query|could not carry out the query", refusal(source).message)
    assert texts(ask(source_of(server_chats)).mentions) == ["stays"]


def test_sqlite_is_never_written_to(chats: Table) -> None:
    """SQLite is opened for reading only."""
    source = source_of(chats)
    object.__setattr__(source.options, "query", "DELETE FROM chats WHERE :since < :until RETURNING *")
    assert "written to by the query" in refusal(source).message


@pytest.mark.parametrize("software", ["sqlite", "postgresql"])
def test_a_query_that_takes_too_long_is_cut(request: pytest.FixtureRequest, software: str) -> None:
    """The database is stopped when the time of the poll is over, and the next step is named."""
    made: Table = request.getfixturevalue("chats" if software == "sqlite" else "server_chats")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT max(i) AS id, 0 AS created_at, '' AS text FROM n WHERE :since < :until"
    )
    with pytest.raises(SourceDown, match="took too long") as fault:
        ask(source_of(made, query=endless), seconds=0.3)
    assert "index" in fault.value.hint


def test_a_result_that_takes_too_long_is_delivered_in_parts(server_chats: Table) -> None:
    """What was read when the time was over is delivered, and the next poll goes on behind it."""
    server_chats.run(
        "INSERT INTO chats SELECT i, timestamptz '2026-03-10 14:00Z' + i / 100 * interval '1 s', i, '' "
        "FROM generate_series(0, 1999) i"
    )
    source, found, cursor = source_of(server_chats, HurriedClock(DEPLOY + timedelta(hours=1))), [], None
    fetches: list[Fetch] = []
    while not (fetches and fetches[-1].complete):
        fetches.append(ask(source, cursor=cursor, seconds=4))
        found += [each.id for each in fetches[-1].mentions]
        cursor = fetches[-1].cursor
    assert len(fetches) > 2
    assert all("in the time of a poll" in each.reason for each in fetches[:-1])
    assert found == [str(number) for number in range(2000)]


def test_an_unordered_result_that_takes_too_long_is_not_guessed_at(chats: Table) -> None:
    """Without an order, what comes after a cut is unknown: nothing is delivered, and the query is to have one."""
    chats.write((number, DEPLOY + (number % 7) * MINUTE, "words") for number in range(500))
    clock = HurriedClock(DEPLOY + timedelta(hours=1))
    with pytest.raises(SourceDown, match="not in order of time") as fault:
        ask(source_of(chats, clock, query=QUERY.replace("ORDER BY sent_at", "")), seconds=1)
    assert "ORDER BY" in fault.value.hint


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("DELETE FROM chats", "one SELECT"),
        ("SELECT 1; DROP TABLE chats", "one statement"),
        ("WITH x AS (INSERT INTO chats VALUES (1) RETURNING 1) SELECT 1", "INSERT does not"),
        ("SELECT * INTO copy FROM chats WHERE a > :since AND a < :until", "INTO does not"),
        ("SELECT * FROM chats", "lacks :since and :until"),
        ("SELECT * FROM chats WHERE a > :since", "lacks :until"),
        ("SELECT * FROM chats WHERE a > :since AND a < :until AND b = :team", "unknown parameter :team"),
        ("/* SELECT */ UPDATE chats SET a = 1", "one SELECT"),
    ],
)
def test_queries_that_are_refused(query: str, problem: str) -> None:
    """Only one statement that reads a period is taken."""
    with pytest.raises(ValueError, match=problem):
        Options("sqlite:///chats.db", query, times="seconds")


@pytest.mark.parametrize(
    "query",
    [
        "select 1 where 'a; drop table x' > :since and 2 < :until;",
        "WITH x AS (SELECT 1) SELECT * FROM x -- nothing to delete; really\nWHERE a > :since AND a < :until",
        "SELECT \"update\", a::text, '12:30' FROM t WHERE $$into$$ > :since AND a < :until",
    ],
)
def test_queries_that_are_taken(query: str) -> None:
    """Words in quotes and comments, casts and times are no statements and no parameters."""
    Options("sqlite:///chats.db", query, times="seconds")


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        (QUERY, True),
        ("SELECT a AS created_at FROM t ORDER BY created_at ASC, id", True),
        ("SELECT t.a AS created_at FROM t\nORDER BY t.a LIMIT 10;", True),
        ("SELECT a AS created_at FROM t ORDER BY a DESC", False),
        ("SELECT a AS created_at FROM t ORDER BY id", False),
        ("SELECT a AS created_at FROM t -- ORDER BY a", False),
        ("SELECT * FROM (SELECT a AS created_at FROM t ORDER BY a) AS x", False),
        ("SELECT a, b AS created_at FROM t ORDER BY a", False),
    ],
)
def test_order_is_known_only_where_it_is_plain(query: str, ordered: bool) -> None:  # noqa: FBT001
    """Reading stops before the end of a result only where its order is written plainly."""
    assert ordered_by(query, "created_at") is ordered


def test_reading_stops_where_nothing_more_is_due(chats: Table) -> None:
    """Of an ordered result no more is read than is delivered: the rest has to be read only once."""
    chats.write((number, DEPLOY + number * timedelta(seconds=1), str(number)) for number in range(3000))
    clock = HurriedClock(DEPLOY + timedelta(hours=1))
    looked = clock.time
    assert len(ask(source_of(chats, clock, max_rows=100)).mentions) == 100
    assert clock.time - looked < timedelta(seconds=5), "the clock is looked at once for every 200 rows"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "postgresql://gate:hunter2@db/chats"}, "a password in the file is refused"),
        ({"url": "postgresql://db/chats?password=hunter2"}, "a password in the file is refused"),
        ({"url": "chats.db"}, "must be one of SQLAlchemy's"),
        ({"url": "sqlite:///chats.db"}, "SQLite has no type for times"),
        ({"times": "hours"}, "must be timestamp, seconds"),
        ({"times": "%d.%m.%Y %H:%M"}, "must be timestamp, seconds"),
        ({"timezone": "Europe/Nowhere"}, "no time zone"),
        ({"columns": {"txt": "body"}}, "did you mean 'text'"),
        ({"max_rows": 0}, "max_rows must be 1"),
        ({"delay": timedelta(seconds=-1)}, "delay must not be below 0"),
    ],
)
def test_options_that_are_refused(options: dict[str, object], problem: str) -> None:
    """What cannot work is refused when the policy is read, and no password is in the message."""
    with pytest.raises(ValueError, match=problem) as fault:
        Options(**{"url": "${CHATS_URL}", "query": QUERY} | options)  # type: ignore[arg-type]
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize("url", ["${CHATS_URL}", "sqlite:///chats.db"])
def test_the_url_may_stand_in_the_policy(url: str) -> None:
    """A URL without a password may be written in gate.yml; any may be a reference to the environment."""
    text = f"""
version: 1
release: "#acme24"
sources: [{{type: sql, url: "{url}", times: seconds, query: "{QUERY}"}}]
window: {{length: 45m, every: 60s}}
on: {{inconclusive: hold, error: hold}}
"""
    assert load_text(text).sources[0].options.url == url


def test_a_missing_column_is_named(chats: Table) -> None:
    """A field that the query does not return is named with the ones it does, and the next step."""
    fault = refusal(source_of(chats, query=QUERY.replace(" AS created_at", "")))
    assert "no column 'created_at' for the field 'created_at'; it returns id, sent_at" in fault.message
    assert "`columns: {created_at: …}`" in fault.hint


def test_databases_that_refuse(tmp_path: Path, server_chats: Table, chats: Table) -> None:
    """A wrong file, table, password or driver is named with its next step, and never with the password."""
    (tmp_path / "notes.db").write_text("these are no tables\n" * 100)
    wrong_password = server_chats.url.replace("invented-password", "hunter2")
    cases = [
        (Table(f"sqlite:///{tmp_path}/nosuch.db", "", "seconds"), "cannot be opened", "correct the path"),
        (Table(f"sqlite:///{tmp_path}/notes.db", "", "seconds"), "is not a database", "SQLite wrote"),
        (Table(wrong_password, "", "timestamp"), "let us not in: .*password authentication failed", "password"),
        (Table(server_chats.url + "-no", "", "timestamp"), "let us not in: .*does not exist", "database in the URL"),
        (
            Table("oracle://u:hunter2@h/d", "", "timestamp"),
            "there is no driver for oracle",
            "pip install oracledb, and begin the URL with oracle+oracledb://",
        ),
        (Table("mysql://u:hunter2@h/d", "", "timestamp"), "there is no driver for mysql", "pip install pymysql"),
        (Table("nosuch://u:hunter2@h/d", "", "timestamp"), "there is no driver for nosuch", "install"),
        (Table("no url at all hunter2", "", "timestamp"), "cannot be read", "sqlite:///"),
        (Table(chats.url, "", "timestamp"), "no type for times", "times: seconds"),
    ]
    for table, message, hint in cases:
        with pytest.raises(SourceRefused, match=message) as fault:
            ask(source_of(table))
        assert hint in fault.value.hint
        assert "hunter2" not in fault.value.message + fault.value.hint + fault.value.quote
    server_chats.run("ALTER TABLE chats RENAME TO talks")
    assert 'relation "chats" does not exist' in refusal(source_of(server_chats)).message


def test_a_database_that_is_down(server_chats: Table) -> None:
    """A server that is not there may be there at the next look."""
    gone = Table("postgresql://gate:hunter2@127.0.0.1:1/chats", "", server_chats.times)
    with pytest.raises(SourceDown, match="does not answer") as fault:
        ask(source_of(gone))
    assert "hunter2" not in fault.value.message


def test_what_people_wrote_is_only_quoted(server_chats: Table) -> None:
    """An error of the database that repeats what stands in a row keeps it out of the message."""
    server_chats.write([(1, DEPLOY, "my number is 0170")])
    fault = refusal(source_of(server_chats, query=QUERY.replace("SELECT id", "SELECT body::int AS id")))
    assert "0170" in fault.quote
    assert "0170" not in fault.message + fault.hint


def test_another_version_s_cursor_is_refused(chats: Table) -> None:
    """A stored place that is not ours is not guessed at."""
    for cursor in ("{}", "[]", "x", '{"v": 2}'):
        with pytest.raises(SourceRefused, match="cannot be read"):
            ask(source_of(chats), cursor=cursor)
