"""A service on a run log of its own, an issuer to trust, and a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gate.service.app import create_app
from gate.service.services import Services
from gate.service.settings import Settings
from gate.store import NewToken
from gate.wiring_service import open_service
from tests.servers.http_server import Server
from tests.service.auth.issuer import CLIENT, CLIENT_SECRET, Issuer
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from gate.store import Store
    from gate.wiring_service import Counter

    MakeApp = Callable[..., Flask]
    MakeToken = Callable[..., str]

ENVIRONMENT = {"CLIENT_SECRET": CLIENT_SECRET}


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test owns."""
    return ManualClock()


@pytest.fixture
def counter(tmp_path: Path, clock: ManualClock) -> Iterator[Counter]:
    """The run log, and who takes orders."""
    with open_service(str(tmp_path / "gate.db"), clock, {"HOME": str(tmp_path)}) as opened:
        yield opened


@pytest.fixture
def store(counter: Counter) -> Store:
    """The run log."""
    return counter.store


@pytest.fixture
def make_app(counter: Counter, clock: ManualClock) -> MakeApp:
    """Builds the service with these settings; each call is another process as far as memory goes."""

    def make(**settings: object) -> Flask:
        known = Settings.model_validate(settings)
        return create_app(Services(counter.store, counter.runs, clock, known, ENVIRONMENT))

    return make


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    """A caller of a service with default settings."""
    return make_app().test_client()


@pytest.fixture
def make_token(store: Store) -> MakeToken:
    """Makes a token; roles by name, and repositories if it is not for all."""

    def make(
        *roles: str, name: str = "", repositories: list[str] | None = None, expires_at: datetime | None = None
    ) -> str:
        new = NewToken(name or f"{'-'.join(roles)}-{len(store.tokens())}", roles, repositories, expires_at)
        return store.issue_token(new)[1]

    return make


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Whom the service trusts."""
    with Server() as server:
        made = Issuer(server)
        server.answer = made.answer
        yield made


@pytest.fixture
def login_settings(issuer: Issuer) -> dict[str, Any]:
    """Settings of a service whose people log in there: release managers may override, everybody may read."""
    return {
        "public_url": "https://gate.example",
        "login": {
            "issuer": issuer.url,
            "client_id": CLIENT,
            "client_secret": "${CLIENT_SECRET}",
            "roles": {"release-managers": ["override"], "staff": ["read"]},
        },
    }
