"""A session at an account's server: opened with the app password, renewed when its token has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, Key
from gate.http.replies import REDACTED
from gate.http.statuses import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.http import Reply
    from gate.ports import SourceContext
    from gate.sources.bluesky.options import Options

WHO = "Bluesky"
REFUSALS = (400, 401)
"""An expired token is a 400 in one implementation and a 401 in another; what it is stands in the body."""
_OVER = {"ExpiredToken", "InvalidToken"}


class Session:
    """Asks as an account. A login is kept for the whole run: there may be only 300 a day."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Prepare; nobody logs in before the first request."""
        self._options = options
        self._context = context
        key = Key("app_password", options.app_password, header="")
        self._hints = {
            **key.hints(),
            401: f"check handle, and make a new app password for {options.app_password} (Settings → App passwords)",
        }
        self.client = Client(options.server, context, who=WHO, key=key, hints=self._hints)
        self._access = self._refresh = ""

    def get(self, method: str, query: Mapping[str, object]) -> Reply:
        """Call a query of the API.

        Raises:
            SourceRefused: it says no, at the login or here.
            SourceDown: no proper answer this time.
        """
        reply = self.answer(method, query)
        if reply.status in REFUSALS:
            now = self._context.clock.now()
            raise refusal(reply.status, reply.headers, reply.content, who=WHO, now=now, hints=self._hints)
        return reply

    def answer(self, method: str, query: Mapping[str, object]) -> Reply:
        """Call a query of the API whose refusals say something; they have a status of ``REFUSALS``.

        Raises:
            SourceRefused: it says no at the login, or in another way here.
            SourceDown: no proper answer this time.
        """
        if not self._access:
            self._log_in()
        reply = self._ask(method, query)
        if said(reply)[0] in _OVER:
            self._renew()
            reply = self._ask(method, query)
        return reply

    def _ask(self, method: str, query: Mapping[str, object]) -> Reply:
        return self.client.get(f"/xrpc/{method}", query, accept=REFUSALS)

    def _log_in(self) -> None:
        password = self._context.secret(self._options.app_password).strip()
        login = {"identifier": self._options.identifier, "password": password}
        self._open(self.client.post("/xrpc/com.atproto.server.createSession", json=login))

    def _renew(self) -> None:
        self.client.authorize(self._refresh)
        try:
            # It takes no body at all, not even an empty object.
            self._open(self.client.post("/xrpc/com.atproto.server.refreshSession", form={}))
        except SourceRefused:
            # It lives for weeks, but may be revoked; then only a login helps.
            self._log_in()

    def _open(self, reply: Reply) -> None:
        opened = reply.json_object()
        access, refresh = opened.get("accessJwt"), opened.get("refreshJwt")
        if not (isinstance(access, str) and isinstance(refresh, str) and access and refresh):
            message = f"{WHO} answered a login without tokens"
            raise SourceDown(message, hint="check server: it must be the address of the account's server")
        # A token that is issued again within its second is the same one, and known as a secret by then.
        self._access = self._access if access == REDACTED else access
        self._refresh = self._refresh if refresh == REDACTED else refresh
        self.client.authorize(self._access)


def said(reply: Reply) -> tuple[str, str]:
    """Return the name of the error in a refusal, and the words for people; empty where there is none."""
    if reply.status not in REFUSALS:
        return "", ""
    try:
        answer = reply.json_object()
    except SourceDown:
        return "", ""
    return str(answer.get("error") or ""), str(answer.get("message") or "")
