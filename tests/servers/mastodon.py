"""A Mastodon server on 127.0.0.1: the third-party emulator mastodon-mock, which keeps state as a real one does.

Where it is looser than the real one: it answers anonymous requests, and tags are matched as written.
"""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.servers import installing
from tests.servers.running import answers, folder, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNTS = 40
TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can post."""

    service: str
    name: str
    token: str

    def post(self, text: str, *, language: str = "en", reply_to: str | None = None) -> dict[str, Any]:
        """Post now, and return the status as the server describes it."""
        body = {"status": text, "language": language} | ({"in_reply_to_id": reply_to} if reply_to else {})
        return self.call("POST", "/api/v1/statuses", body)

    def delete(self, status_id: str) -> None:
        """Delete a status of this account."""
        self.call("DELETE", f"/api/v1/statuses/{status_id}")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send any request in the account's name."""
        headers = {"authorization": f"Bearer {self.token}"}
        reply = requests.request(method, self.service + path, json=body, headers=headers, timeout=TIMEOUT)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text}"
        answer: dict[str, Any] = reply.json()
        return answer


@dataclass(frozen=True, slots=True)
class Mastodon:
    """A running server."""

    url: str
    """No slash at the end."""
    accounts: tuple[Account, ...]
    """All there are."""

    @property
    def token(self) -> str:
        """Return an access token that reads."""
        return self.accounts[0].token

    def fault(self, path: str, *, times: int | None = None, **effect: object) -> None:
        """Let requests to a path fail, e.g. ``type="status", status=503``; see mastodon-mock's fault injection.

        Args:
            path: of the API; ``*`` stands for anything.
            times: how often; None until ``mend``.
            effect: ``type`` is one of status, ratelimit, latency, malformed, timeout.
        """
        rule = {"match": {"path": path}, "effect": effect, "count": times}
        self.accounts[0].call("POST", "/api/v1/_mock/faults", rule)

    def mend(self) -> None:
        """Take all faults away."""
        self.accounts[0].call("DELETE", "/api/v1/_mock/faults")


@contextmanager
def mastodon(
    settings: str = "", *, port: int = 0, database: Path | None = None, ending: signal.Signals = signal.SIGTERM
) -> Iterator[Mastodon]:
    """Run a server that keeps everything in memory, or in a file from one run to the next.

    Args:
        settings: TOML for mastodon-mock, e.g. its table ``[ratelimit]``.
        port: where it listens; a free one unless given.
        database: file in which it keeps everything.
        ending: the signal that ends it.

    Raises:
        CannotInstall: the package could not be had.
        CannotStart: it would not start.
    """
    python = installing.python_packages() / "bin" / "python"
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    accounts = tuple(Account(url, f"user{each}", f"invented-token-{each}") for each in range(1, ACCOUNTS + 1))
    with folder() as place:
        kept = [f"[database]\npath = {json.dumps(str(database))}"] if database else []
        tables = [settings, *kept] + [
            f"[[seed.accounts]]\nusername = {json.dumps(each.name)}\naccess_token = {json.dumps(each.token)}"
            for each in accounts
        ]
        (place / "settings.toml").write_text("\n".join(tables))
        command = [str(python), "-m", "mastodon_mock", "serve", "--log-level=warning"]
        command += [] if database else ["--in-memory"]
        command += [f"--config={place / 'settings.toml'}", "--host=127.0.0.1", f"--port={port}"]
        with running(command, lambda: answers(port), place / "log", ending=ending):
            yield Mastodon(url, accounts)
