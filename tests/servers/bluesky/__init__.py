"""A real Bluesky network on 127.0.0.1: accounts, posts, search and deletions as at Bluesky itself.

Where it is not like the public one: search is a case-sensitive substring of the text, answers anonymous requests too,
and takes no notice of ``since``, ``until``, ``lang`` and ``tag``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from itertools import count
from typing import TYPE_CHECKING, Any

import requests

from tests.servers import installing
from tests.servers.redis import redis
from tests.servers.running import folder, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tests.servers.postgresql import PostgreSQL

PASSWORD = "invented-account-password"
TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can post."""

    service: str
    did: str
    handle: str
    token: str
    """Of the session; short-lived, as at Bluesky."""
    password: str = PASSWORD

    def app_password(self, name: str = "gate") -> str:
        """Make an app password, as users do for a client."""
        return str(self.call("com.atproto.server.createAppPassword", name=name)["password"])

    def post(
        self,
        text: str,
        *,
        at: datetime,
        langs: Sequence[str] = ("en",),
        tags: Sequence[str] = (),
        reply_to: dict[str, Any] | None = None,
    ) -> str:
        """Post and return the URI; each ``#tag`` in the text is marked as one, as Bluesky's own client does.

        Args:
            text: what is posted.
            at: stands in the post as ``createdAt``, which clients are free to choose.
            langs: BCP 47 tags.
            tags: tags that do not stand in the text.
            reply_to: the ``reply`` of the record.
        """
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post",
            "text": text,
            "createdAt": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "langs": list(langs),
            "facets": [_facet(text, word) for word in text.split() if word.startswith("#") and len(word) > 1],
        }
        record |= {"tags": list(tags)} if tags else {}
        record |= {"reply": reply_to} if reply_to else {}
        made = self.call("com.atproto.repo.createRecord", repo=self.did, collection=record["$type"], record=record)
        return str(made["uri"])

    def delete(self, uri: str) -> None:
        """Delete a post of this account."""
        collection, key = uri.split("/")[-2:]
        self.call("com.atproto.repo.deleteRecord", repo=self.did, collection=collection, rkey=key)

    def call(self, method: str, **body: object) -> dict[str, Any]:
        """Call a procedure of the account's server in its name."""
        return _call(self.service, method, body, self.token)


@dataclass(frozen=True, slots=True)
class Bluesky:
    """A running network."""

    pds: str
    """Server of accounts; what a client with an app password talks to. No slash at the end."""
    appview: str
    """What the public API is at Bluesky."""
    _control: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def account(self, name: str = "") -> Account:
        """Make an account; without a name, under a new one."""
        handle = f"{name or f'user-{next(self._numbers)}'}.test"
        body = {"handle": handle, "email": f"{handle}@example.invalid", "password": PASSWORD}
        made = _call(self.pds, "com.atproto.server.createAccount", body)
        return Account(self.pds, made["did"], handle, made["accessJwt"])

    def settle(self) -> None:
        """Return once everything posted and deleted before can be seen in search."""
        requests.post(self._control, timeout=TIMEOUT).raise_for_status()

    def search(self, query: str, **parameters: str | int) -> dict[str, Any]:
        """Search as the public API does, for tests that want to know what the network itself says."""
        reply = requests.get(
            f"{self.appview}/xrpc/app.bsky.feed.searchPosts", {"q": query, **parameters}, timeout=TIMEOUT
        )
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found


@contextmanager
def bluesky(postgresql: PostgreSQL) -> Iterator[Bluesky]:
    """Run a network in a database of its own; it takes some ten seconds to start, and 400 MB.

    Raises:
        CannotInstall: its packages could not be had.
        CannotStart: something is not installed, or would not start.
    """
    home, node = installing.bluesky(), installing.node() / "bin" / "node"
    plc, pds, appview, control = (free_port() for _ in range(4))
    with redis() as redis_port, folder() as place:
        environ = {
            "DB_POSTGRES_URL": postgresql.new_database(),
            "DB_POSTGRES_SCHEMA": "gate",
            "REDIS_HOST": f"127.0.0.1:{redis_port}",
            "LOG_ENABLED": "0",
            "PLC_PORT": str(plc),
            "PDS_PORT": str(pds),
            "APPVIEW_PORT": str(appview),
            "CONTROL_PORT": str(control),
        }
        command = [str(node), str(home / "network.mjs")]
        log = place / "log"
        with running(command, lambda: "everything is up" in log.read_text(errors="replace"), log, environ=environ):
            yield Bluesky(f"http://localhost:{pds}", f"http://localhost:{appview}", f"http://127.0.0.1:{control}")


def _call(service: str, method: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = requests.post(f"{service}/xrpc/{method}", json=body, headers=headers, timeout=TIMEOUT)
    assert reply.ok, f"{method}: {reply.status_code} {reply.text}"
    answer: dict[str, Any] = reply.json() if reply.content else {}
    return answer


def _facet(text: str, word: str) -> dict[str, Any]:
    # Facets count bytes of UTF-8.
    start = len(text[: text.index(word)].encode())
    return {
        "index": {"byteStart": start, "byteEnd": start + len(word.encode())},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": word[1:]}],
    }
