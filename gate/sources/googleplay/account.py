"""Signing in as a Google service account: a token signed with its key is swapped for one that opens the API (RFC 7523).

Not with google-auth: its transport brings a session of its own, without our time limits, redaction and proxy rules,
and what it would do here is one signed token and one POST.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.errors import SourceDown, SourceRefused
from gate.http import Client, signed

if TYPE_CHECKING:
    from datetime import datetime

    from gate.model import Cost
    from gate.ports import SourceContext
    from gate.sources.googleplay.options import Options

SCOPE = "https://www.googleapis.com/auth/androidpublisher"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE = timedelta(hours=1)
"""The longest Google takes for the token with which one asks for a token."""
SPARE = timedelta(minutes=2)
WHO = "Google's token service"


class Account:
    """Lets a client in, once an hour."""

    def __init__(self, options: Options, context: SourceContext) -> None:
        """Ask nothing yet, and leave the key where it is."""
        self._reference = options.key
        self._address = options.token_url
        self._context = context
        key = f"make a new key for the account and put its file into {options.key}"
        hints = {400: f"{key}: it may be revoked, or this machine's clock be wrong", 401: key}
        self._client = Client(options.token_url, context, who=WHO, hints=hints)
        self._until: datetime | None = None

    def start(self, timeout: timedelta) -> None:
        """Start a poll, see ``Client.start``."""
        self._client.start(timeout)

    def spent(self) -> Cost:
        """Return the requests made since ``start``."""
        return self._client.spent()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def let_in(self, client: Client) -> None:
        """Give the client a token, unless the one it has is good for some time to come.

        Raises:
            SourceRefused: the key is none, or Google does not take it.
            SourceDown: no proper answer this time.
        """
        now = self._context.clock.now()
        if self._until and now < self._until:
            return
        email, private_key, key_id = self._key_file()
        issued = int(now.timestamp())
        times = {"iat": issued, "exp": issued + int(LIFE.total_seconds())}
        claims = {"iss": email, "scope": SCOPE, "aud": self._address, **times}
        headers = {"kid": key_id} if key_id else {}
        assertion = signed(claims, private_key, reference=self._reference, algorithm="RS256", headers=headers)
        reply = self._client.post("", form={"grant_type": GRANT, "assertion": assertion}, again=True).json_object()
        token, life = reply.get("access_token"), reply.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(life, int):
            message = f"{WHO} answered without a token"
            raise SourceDown(message, hint="the next look tries again")
        client.authorize(token, hide=self._context.secret(self._reference))
        self._until = now + timedelta(seconds=life) - SPARE

    def _key_file(self) -> tuple[str, str, str]:
        reference = self._reference
        try:
            account = json.loads(self._context.secret(reference))
            email, private_key, key_id = (account.get(name, "") for name in _FIELDS)
        except (AttributeError, ValueError):
            email = private_key = key_id = None
        if not (email and private_key and all(isinstance(each, str) for each in (email, private_key, key_id))):
            message = f"what {reference} holds is not the key file of a service account"
            hint = f"put all of the JSON file that Google Cloud makes into {reference}, or name it in {reference[2:-1]}_FILE"
            raise SourceRefused(message, hint=hint)
        return email, private_key, key_id


_FIELDS = ("client_email", "private_key", "private_key_id")
