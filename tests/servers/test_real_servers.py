"""The real servers do what the tests of the sources rely on."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import requests

from tests.servers.fixtures import or_say_why
from tests.servers.running import CannotStart, find, folder, running
from tests.support import DEPLOY

if TYPE_CHECKING:
    from tests.servers.bluesky import Bluesky
    from tests.servers.mastodon import Mastodon
    from tests.servers.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]


def test_postgresql_gives_each_an_empty_database(postgresql_server: PostgreSQL) -> None:
    """Each database is new, in UTF-8, and opens with a password only."""
    first, second = postgresql_server.new_database(), postgresql_server.new_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE mentions (text text)")
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mentions')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(first.replace("invented-password", "wrong"))


def test_bluesky_posts_are_found_paged_and_deleted(bluesky_server: Bluesky) -> None:
    """What an account posts is found by search, a page at a time, and no longer once it is deleted."""
    account = bluesky_server.account()
    uris = [account.post(f"höchst broken {each} #paged", at=DEPLOY + timedelta(minutes=each)) for each in range(3)]
    bluesky_server.settle()
    first = bluesky_server.search("#paged", limit=2, sort="latest")
    second = bluesky_server.search("#paged", limit=2, sort="latest", cursor=first["cursor"])
    assert [post["uri"] for post in first["posts"] + second["posts"]] == uris[::-1]
    assert first["posts"][0]["record"]["createdAt"] == "2026-03-10T14:02:00.000Z"
    assert first["posts"][0]["record"]["facets"][0]["features"][0]["tag"] == "paged"
    assert first["posts"][0]["author"]["handle"] == account.handle
    account.delete(uris[1])
    bluesky_server.settle()
    assert [post["uri"] for post in bluesky_server.search("#paged")["posts"]] == [uris[2], uris[0]]


def test_bluesky_app_password_opens_a_session(bluesky_server: Bluesky) -> None:
    """An app password logs in at the server of accounts, which then searches in the account's name."""
    account = bluesky_server.account()
    login = {"identifier": account.handle, "password": account.app_password()}
    opened = requests.post(f"{bluesky_server.pds}/xrpc/com.atproto.server.createSession", json=login, timeout=30).json()
    found = requests.get(
        f"{bluesky_server.pds}/xrpc/app.bsky.feed.searchPosts",
        {"q": "#nothing-of-the-kind"},
        headers={"authorization": f"Bearer {opened['accessJwt']}"},
        timeout=30,
    )
    assert (found.status_code, found.json()["posts"]) == (200, [])


def test_mastodon_statuses_are_found_and_deleted(mastodon_server: Mastodon) -> None:
    """What several accounts post stands in the timeline of its tag, newest first, and no longer once it is deleted."""
    ann, bob = mastodon_server.accounts[:2]
    posted = [ann.post("broken #tagged"), bob.post("works #tagged", language="de")]
    timeline = f"{mastodon_server.url}/api/v1/timelines/tag/tagged"
    found = requests.get(timeline, timeout=30).json()
    assert [status["id"] for status in found] == [each["id"] for each in posted[::-1]]
    assert [status["language"] for status in found] == ["de", "en"]
    assert {status["account"]["username"] for status in found} == {ann.name, bob.name}
    bob.delete(posted[1]["id"])
    assert [status["id"] for status in requests.get(timeline, timeout=30).json()] == [posted[0]["id"]]


def test_mastodon_fails_on_request(mastodon_server: Mastodon) -> None:
    """A fault holds for the path it was asked for, until it is mended."""
    timeline = f"{mastodon_server.url}/api/v1/timelines/tag/faulty"
    mastodon_server.fault("/api/v1/timelines/tag/faulty", type="status", status=503)
    try:
        assert requests.get(timeline, timeout=30).status_code == 503
    finally:
        mastodon_server.mend()
    assert requests.get(timeline, timeout=30).status_code == 200


def test_a_missing_program_is_named() -> None:
    """What is not installed is named with the package that has it."""
    with pytest.raises(CannotStart, match="apt-get install nosuch-server"):
        find("nosuch", "nosuch-server")


def test_a_server_that_fails_says_why() -> None:
    """The last words of a server that ends at once are in the error."""
    with folder() as place, pytest.raises(CannotStart, match=r"ended with 3: .*no such setting"):  # noqa: SIM117
        with running([sys.executable, "-c", "import sys; print('no such setting'); sys.exit(3)"], bool, place / "log"):
            pass


def test_no_server_outlives_its_tests(tmp_path: Path) -> None:
    """A server ends with the process that started it, even if that was killed."""
    script = (
        "import sys, os, signal, pathlib; from tests.servers.running import running\n"
        "log = pathlib.Path(sys.argv[1])\n"
        "with running(['sh', '-c', 'echo up; exec sleep 600'], log.read_text, log) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with suppress(ProcessLookupError):  # gone already
        left = os.pidfd_open(int(killed.stdout))
        ended, _, _ = select.select([left], [], [], 30)
        os.close(left)
        assert ended


@pytest.mark.parametrize(
    ("value", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["on a desk", "in CI"]
)
def test_a_missing_server_is_never_passed_over(
    monkeypatch: pytest.MonkeyPatch, value: str, outcome: type[BaseException]
) -> None:
    """A test whose server cannot start is skipped with the reason on a desk, and fails in CI."""
    monkeypatch.setenv("CI", value)
    with pytest.raises(outcome, match=r"Redis cannot be had here: nosuch .* apt-get install"), or_say_why("Redis"):
        find("nosuch", "redis-server")
