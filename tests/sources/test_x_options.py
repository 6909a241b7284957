"""What users may write for X, and what is refused before anything is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gate.errors import SourceRefused
from gate.ports import Source as SourcePort
from gate.ports import SourceContext
from gate.sources.x import Budget, Options, Source
from tests.servers.http_server import Reply, Server
from tests.sources.x_support import NOW, ask, source_at
from tests.support import ManualClock


def test_defaults_stand_alone() -> None:
    """Nothing has to be written: the key comes from X_BEARER_TOKEN, the budget is ten dollars of posts."""
    options = Options()
    assert options.bearer_token == "${X_BEARER_TOKEN}"
    assert options.budget == Budget(reads=2000, usd=None)
    assert not options.author_details


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"query": "a" * 513}, "query has 513 characters; your access level takes 512"),
        ({"query": "  "}, "query must not be empty"),
        ({"query_limit": 5000}, "query_limit must be 1 to 4096"),
        ({"page_size": 9}, "page_size must be 10 to 100"),
        ({"page_size": 101}, "page_size must be 10 to 100"),
        ({"max_pages": 0}, "max_pages must be at least 1"),
        ({"base_url": "http://api.x.com"}, "must use https"),
        ({"base_url": "https://user:pw@api.x.com"}, "no user name, password"),
        ({"base_url": "https://api.x.com/?key=1"}, "query or fragment"),
        ({"base_url": "ftp://api.x.com"}, "must be an https address"),
        ({"base_url": "api.x.com"}, "must be an https address"),
        ({"base_url": "https://api.x.com:port"}, "base_url is no address"),
        ({"base_url": "http://[::1"}, "base_url is no address"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], says: str) -> None:
    """An option X or safety would refuse is refused at once, with the reason."""
    with pytest.raises(ValueError, match=r".") as raised:
        Options(**options)  # type: ignore[arg-type]
    assert says in str(raised.value)


@pytest.mark.parametrize("options", [{"query": "a" * 512}, {"query": "a" * 4096, "query_limit": 4096}])
@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:80", "http://[::1]:8080", "http://localhost", "https://proxy.example/x"]
)
def test_possible_options_are_taken(options: dict[str, object], base_url: str) -> None:
    """The longest queries, this machine over http and a proxy's path are fine."""
    Options(base_url=base_url, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("budget", [{"reads": 9}, {"usd": 0.0}, {"usd": float("nan")}])
def test_a_budget_that_buys_nothing_is_refused(budget: dict[str, float]) -> None:
    """A budget below X's smallest page is a mistake."""
    with pytest.raises(ValueError, match="must be"):
        Budget(**budget)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("release", "query"),
    [
        ("#acme24", "#acme24"),
        ("acme24", "acme24"),
        ("Acme 24", '"Acme 24"'),
        ("from:me", '"from:me"'),
        ('a" OR "b', '"a  OR  b"'),
    ],
)
def test_a_release_becomes_a_query(release: str, query: str) -> None:
    """A hashtag or word is searched as it is; anything else as a phrase, so that no operator slips in."""
    with Server(Reply.recorded("x/search-empty.json")) as server:
        context = SourceContext("x", release, Path(), "", lambda _: "token", ManualClock(NOW))
        ask(Source(Options(base_url=server.url, probe=False), context))
    assert server.requests[0].query["query"] == query


@pytest.mark.parametrize("release", ["", '"', "a" * 513])
def test_a_release_that_cannot_be_searched_is_refused(release: str) -> None:
    """A release that makes no query is refused, and the next step is to write one."""
    context = SourceContext("x", release, Path(), "", lambda _: "token", ManualClock(NOW))
    with pytest.raises(SourceRefused) as raised:
        ask(Source(Options(), context))
    assert "its own query" in raised.value.hint


def test_a_path_before_the_api_is_kept() -> None:
    """A proxy that serves X's API under a path of its own is asked there."""
    with Server(Reply.recorded("x/search-empty.json")) as server:
        ask(source_at(f"{server.url}/x-api/"))
    assert server.requests[0].path == "/x-api/2/tweets/search/recent"


def test_it_is_a_source_and_closes_twice() -> None:
    """The class fits the port, and closing it again or unused does no harm."""
    with Server(Reply.recorded("x/search-empty.json")) as server:
        source = source_at(server)
        assert isinstance(source, SourcePort)
        source.close()
        ask(source)
        source.close()
        source.close()
        assert ask(source).complete


def test_reading_the_options_imports_no_tweepy() -> None:
    """The first poll imports tweepy; a policy that names the source does not."""
    code = "import sys, gate.sources.x as x; x.Options(); print('tweepy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
