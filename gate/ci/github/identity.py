"""Who a workflow is: a token that GitHub signs for each job that may have one, so that nobody stores a secret.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

from gate.errors import ServiceFault, UsageFault
from gate.http.address import address_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from gate.ports import Clock

TIMEOUT = 10.0
"""Seconds."""
FRESH = timedelta(minutes=3)
"""Then another token is asked for: GitHub's are valid for five minutes."""
PAUSES = (timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=15))


class Identity:
    """Tokens of this job for one audience."""

    def __init__(
        self, environ: Mapping[str, str], audience: str, clock: Clock, tell_secret: Callable[[str], None]
    ) -> None:
        """Take what the runner gives a job with ``permissions: id-token: write``.

        Args:
            environ: of the process.
            audience: whom the tokens are for; nobody else takes them.
            clock: for their age.
            tell_secret: told each token before anything else is, so that the log hides it.

        Raises:
            UsageFault: the job has no such permission.
        """
        url, bearer = (environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
        if not (url and bearer):
            message = "the service needs to know who asks: this job has no identity, and no token was given"
            hint = "add `permissions: {id-token: write}` to the job, or give `token`; forks of others have no identity"
            raise UsageFault(message, hint=hint)
        if problem := address_problem(url, option="ACTIONS_ID_TOKEN_REQUEST_URL", query=True):
            raise UsageFault(problem, hint="the runner sets it; something has changed it")
        self._url = f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
        self._bearer = bearer
        self._clock = clock
        self._tell_secret = tell_secret
        self._token = ""
        self._until: datetime = clock.now()

    def token(self) -> str:
        """Return one that is valid for a minute at least.

        Raises:
            ServiceFault: GitHub gives none.
        """
        if not self._token or self._clock.now() >= self._until:
            asked = self._clock.now()
            self._token = self._ask()
            self._tell_secret(self._token)
            self._until = asked + FRESH
        return self._token

    def _ask(self) -> str:
        for pause in (*PAUSES, None):
            try:
                return self._once()
            except requests.RequestException as error:
                if pause is None:
                    what = getattr(error.response, "status_code", None) or type(error).__name__
                    message = f"GitHub gives this job no identity: {what}"
                    raise ServiceFault(message, hint="run the job again; see www.githubstatus.com") from error
                self._clock.wait(pause)
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def _once(self) -> str:
        with requests.Session() as session:
            session.trust_env = False  # A .netrc would put another Authorization over ours.
            session.proxies = requests.utils.get_environ_proxies(self._url)
            headers = {"Authorization": f"bearer {self._bearer}", "Accept": "application/json"}
            reply = session.get(self._url, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        reply.raise_for_status()
        try:
            return str(reply.json()["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise requests.RequestException(response=reply) from error
