"""A service with a page, in this process: a real web server on a real store, and runs that the caller moves on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from gate.service.app import create_app
from gate.service.services import Services
from gate.service.settings import Settings
from gate.service.stopping import STOPPING
from gate.store import NewToken, Store
from tools.invented_runs import Clock, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


@dataclass
class Site:
    """The service, and what is done to it from behind."""

    app: Flask
    store: Store
    stage: Stage
    url: str = ""

    def token(self, *roles: str, name: str = "ann", repositories: Sequence[str] | None = None) -> str:
        """Make a token."""
        return self.store.issue_token(NewToken(name, roles or ("override",), repositories, by="test"))[1]

    def client(self, *roles: str, name: str = "ann", repositories: Sequence[str] | None = None) -> FlaskClient:
        """Return somebody who has logged in, without a browser."""
        client = self.app.test_client()
        client.post("/login", data={"token": self.token(*roles, name=name, repositories=repositories)})
        return client


class Quiet(WSGIRequestHandler):
    """Writes nothing for each request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Open an empty one, not yet on a port."""
    clock = Clock()
    with Store(str(folder / "gate.db"), clock) as store:
        stage = Stage(store, clock)
        try:
            yield Site(create_app(Services(store, stage.runs, clock, Settings(), {})), store, stage)
        finally:
            stage.close()


@contextmanager
def served(opened: Site) -> Iterator[Site]:
    """Put it on a port."""
    server = make_server("127.0.0.1", 0, opened.app, threaded=True, request_handler=Quiet)
    # Event streams read the store: they must be over before it closes.
    server.daemon_threads = False  # type: ignore[attr-defined]
    opened.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield opened
    finally:
        STOPPING.set()
        server.shutdown()
        server.server_close()
        thread.join()
        STOPPING.clear()
