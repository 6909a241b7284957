"""Speaks to GitHub as an App: a token signed with its key, and for it one of the installation in a repository.

Tokens are of any length and form; one is held until shortly before it expires, in memory only. What GitHub says of
rights and keys is never taken for the last word: whoever runs the App can mend it while the job still waits.
"""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, Limits, one_line, signed
from gate.policy import resolve_secret
from gate.ports import SourceContext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.http import Reply
    from gate.ports import Clock
    from gate.service.github.payload import Held
    from gate.service.sections import GitHubApp

VERSION = "2022-11-28"
JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
AGO = timedelta(seconds=60)
"""Clocks differ: the App's token is dated back."""
LIFE = timedelta(minutes=9)
"""Of the App's token; with ``AGO`` the ten minutes that GitHub allows."""
MARGIN = timedelta(minutes=5)
"""So long before it expires a token is not used any more."""
TIMEOUT = timedelta(seconds=10)
"""For one call, further tries of reading ones included."""
LARGEST = 2 * 1024 * 1024
UNAUTHORIZED, NOT_FOUND, INVALID = 401, 404, 422
DEPLOYMENTS: Mapping[str, str] = {"deployments": "write"}
CONTENTS: Mapping[str, str] = {"contents": "read"}

_LOG = logging.getLogger(__name__)


class NotThere(SourceRefused):
    """What was asked for does not exist, or the App may not see it."""


class Decided(SourceRefused):
    """GitHub takes no answer any more."""


class App:
    """One App of GitHub. Safe to share between threads."""

    def __init__(self, settings: GitHubApp, clock: Clock, environ: Mapping[str, str]) -> None:
        """Take its key's name; nothing is read or asked yet."""
        self._settings = settings
        self._clock = clock
        self._environ = environ
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def tell_of_its_key(self) -> None:
        """Log it if the key is not there or cannot sign, before the first job waits; it can be mended while one does."""
        try:
            self._signed()
        except SourceRefused as fault:
            _LOG.error("deployments that wait cannot be answered: %s: %s", fault.message, fault.hint)

    def review(self, held: Held, state: str, comment: str) -> None:
        """Approve or reject a deployment that waits.

        Raises:
            Decided: it waits no more.
            SourceDown: GitHub could not be told this time.
            Cancelled: the process was told to stop.
        """
        said = {"environment_name": held.environment, "state": state}
        try:
            self._post(held, {**said, "comment": comment})
        except Decided:
            # It may be the words that GitHub does not take; a job must not wait for weeks because of them.
            self._post(held, said)

    def comment(self, held: Held, comment: str) -> None:
        """Say how a deployment stands that waits. GitHub takes ten of these.

        Raises:
            Decided: it waits no more, or ten were said.
            SourceDown: GitHub could not be told this time.
            Cancelled: the process was told to stop.
        """
        self._post(held, {"environment_name": held.environment, "comment": comment})

    def try_to_comment(self, held: Held, comment: str) -> None:
        """Say it if it can be said now.

        Raises:
            Cancelled: the process was told to stop.
        """
        with suppress(SourceDown, SourceRefused):
            self.comment(held, comment)

    def file(self, held: Held, path: str) -> bytes:
        """Return a file of the repository at the deployed commit.

        Raises:
            NotThere: there is none.
            SourceDown: it could not be had this time.
            Cancelled: the process was told to stop.
        """
        with self._acting(held, CONTENTS) as client:
            query, headers = {"ref": held.sha}, {"Accept": RAW}
            address = f"/repos/{held.name}/contents/{path}"
            reply = client.get(address, query, headers=headers, accept={UNAUTHORIZED, NOT_FOUND})
            self._let_in(held, CONTENTS, reply)
            if reply.status == NOT_FOUND:
                message = f"there is no {path} at commit {held.sha[:10]}, or the App may not read contents"
                raise NotThere(message, hint="commit one, or name a policy for this repository in github.app.rules")
            return reply.content

    def _post(self, held: Held, said: Mapping[str, str]) -> None:
        with self._acting(held, DEPLOYMENTS) as client:
            # Built of what was checked: the address in the event is never called.
            address = f"/repos/{held.name}/actions/runs/{held.run}/deployment_protection_rule"
            reply = client.post(address, json=said, accept={UNAUTHORIZED, NOT_FOUND, INVALID})
            self._let_in(held, DEPLOYMENTS, reply)
            if reply.status == INVALID:
                message = (
                    f"GitHub takes no answer ({_said(reply)}): the deployment is decided already, or its job is over"
                )
                raise Decided(message)
            if reply.status == NOT_FOUND:
                message = f"GitHub knows no run {held.run} of {held.name} that waits, or the App may not answer there"
                raise SourceDown(message, hint="is the App still installed there, with deployments: write?")

    @contextmanager
    def _acting(self, held: Held, permissions: Mapping[str, str]) -> Iterator[Client]:
        """Open a client that holds a token of the installation for nothing but this."""
        try:
            token = self._token(held, permissions)
            client = self._client(token)
            try:
                yield client
            finally:
                client.close()
        except (NotThere, Decided):
            raise
        except SourceRefused as fault:
            # A missing right or a wrong key can be mended, and the job waits for weeks.
            raise SourceDown(fault.message, hint=fault.hint) from None

    def _let_in(self, held: Held, permissions: Mapping[str, str], reply: Reply) -> None:
        if reply.status == UNAUTHORIZED:
            with self._lock:
                self._tokens.pop(_key(held, permissions), None)
            message = "GitHub does not take the App's token any more"
            raise SourceDown(message, hint="the next try is made with a new one")

    def _token(self, held: Held, permissions: Mapping[str, str]) -> str:
        key = _key(held, permissions)
        with self._lock:
            known = self._tokens.get(key)
        if known and known[1] - MARGIN > self._clock.now():
            return known[0]
        client = self._client(self._signed())
        try:
            installation = held.installation or _whole(client.get(f"/repos/{held.name}/installation"), "id")
            asked = {"repository_ids": [held.repository], "permissions": dict(permissions)}
            reply = client.post(f"/app/installations/{installation}/access_tokens", json=asked, again=True)
            given = reply.json_object()
        finally:
            client.close()
        try:
            token, expires_at = str(given["token"]), datetime.fromisoformat(given["expires_at"])
        except (KeyError, TypeError, ValueError):
            message = "GitHub's answer holds no token"
            raise SourceDown(message, hint="it is tried again") from None
        with self._lock:
            self._tokens[key] = token, expires_at
        return token

    def _signed(self) -> str:
        now, reference = self._clock.now(), self._settings.private_key
        claims = {
            "iat": int((now - AGO).timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "iss": str(self._settings.id),
        }
        return signed(claims, resolve_secret(reference, self._environ), reference=reference, algorithm="RS256")

    def _client(self, token: str) -> Client:
        context = SourceContext("github", "", Path(), "", lambda name: resolve_secret(name, self._environ), self._clock)
        headers = {"Accept": JSON, "X-GitHub-Api-Version": VERSION}
        client = Client(self._settings.api, context, who="GitHub", headers=headers, limits=Limits(body=LARGEST))
        client.authorize(token)
        return client.start(TIMEOUT)


def _key(held: Held, permissions: Mapping[str, str]) -> str:
    return json.dumps([held.repository, held.installation, sorted(permissions.items())])


def _whole(reply: Reply, name: str) -> int:
    value: Any = reply.json_object().get(name)
    if not isinstance(value, int):
        message = f"GitHub's answer holds no {name}"
        raise SourceDown(message, hint="it is tried again")
    return value


def _said(reply: Reply) -> str:
    try:
        return one_line(str(reply.json_object().get("message", ""))) or str(reply.status)
    except SourceDown:
        return str(reply.status)
