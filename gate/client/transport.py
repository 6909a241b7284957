"""Requests to the service: time limits, further tries where they cannot do harm, and faults in words that help."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests

from gate.errors import Fault, KeyReused, NoSuchRun, PolicyFault, RunElsewhere, RunOver, ServiceFault, UsageFault
from gate.http.address import address_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gate.ports import Clock

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between tries; the last one again and again while patience lasts."""
SAID_FROM = 4.0
"""Seconds of a pause from which on it is told: whoever mistyped the address is not to wait in silence."""
TRY_AGAIN = frozenset({429, 502, 503, 504})
NOT_DONE = frozenset({429, 503})
"""Of these, answers of the service itself that it did nothing; behind the others it may have done it."""
_ROLES = "ask whoever runs the service for a token with that role, for that repository"

_LOG = logging.getLogger(__name__)


class Transport:
    """Speaks to one service. Not to be shared between threads."""

    def __init__(
        self, url: str, token: str | Callable[[], str], timeout: timedelta, patience: timedelta, clock: Clock
    ) -> None:
        """Take where and as whom; a token that is a function is asked for before each request.

        Raises:
            UsageFault: the address is none that a token may be sent to.
        """
        self._base = url.rstrip("/")
        if problem := address_problem(self._base, option="the address of the service"):
            raise UsageFault(problem, hint="e.g. https://gate.example.com, or http://127.0.0.1:8080 on this machine")
        self._token = token
        self._timeout = timeout.total_seconds()
        self._patience = patience
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False  # A .netrc would put another Authorization over ours.
        self._session.proxies = requests.utils.get_environ_proxies(self._base)
        self._session.headers["User-Agent"] = "sentiment-gate-client"

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        again: bool = True,
    ) -> requests.Response:
        """Return a successful answer.

        Args:
            method: of HTTP.
            path: below the service's address.
            query: what is None is left out.
            body: becomes JSON.
            headers: beside ours.
            again: whether the same request may be sent twice, as nobody knows whether the first one arrived.

        Raises:
            ServiceFault: it cannot be reached, or failed, for as long as patience lasts.
            UsageFault: it refused.
        """
        ends, tries = self._clock.now() + self._patience, 0
        while True:
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            try:
                reply = self._send(method, path, query, body, headers)
            except requests.RequestException as error:
                fault = ServiceFault(f"the service {self._base} cannot be reached: {_short(error)}",
                                     hint="see that it runs, and that --service or GATE_URL names it")  # fmt: skip
                if not (again or isinstance(error, requests.ConnectTimeout)):
                    raise fault from error
            else:
                if reply.ok:
                    return reply
                if reply.status_code not in TRY_AGAIN:
                    raise _refusal(reply)
                fault = ServiceFault(f"the service {self._base} answers {reply.status_code} {reply.reason}",
                                     hint="try again in a while")  # fmt: skip
                if not (again or reply.status_code in NOT_DONE):
                    raise fault
                pause = max(pause, _retry_after(reply))
            if self._clock.now() + timedelta(seconds=pause) > ends:
                raise fault
            if pause >= SAID_FROM:
                _LOG.warning("the service %s does not answer; trying again in %g s", self._base, pause)
            self._clock.wait(timedelta(seconds=pause))
            tries += 1

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: object,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        token = self._token if isinstance(self._token, str) else self._token()
        headers = {**(headers or {}), "Authorization": f"Bearer {token}"}
        params: Any = {name: value for name, value in (query or {}).items() if value is not None}
        return self._session.request(
            method, self._base + path, params=params, json=body, headers=headers, timeout=self._timeout,
            allow_redirects=False,
        )  # fmt: skip


def _refusal(reply: requests.Response) -> Exception:
    """Return the error that a problem (RFC 9457) stands for."""
    try:
        told = reply.json()
        kind, detail, hint = (str(told.get(name, "")) for name in ("type", "detail", "hint"))
        errors = [each for each in told.get("errors", []) if isinstance(each, dict)]
    except (ValueError, AttributeError):
        message = f"the service answered {reply.status_code} {reply.reason}"
        return ServiceFault(message, hint="see that --service is the address of a gate service")
    kind = kind.rpartition(":")[2]
    message = detail or f"{reply.status_code} {reply.reason}"
    if kind == "policy":
        return PolicyFault(tuple(map(_fault, errors)), hint=hint)
    if kind == "request":
        message = "; ".join([f"{each.get('field', '')}: {each.get('message', '')}" for each in errors]) or message
    known = {
        "no-such-run": NoSuchRun,
        "run-over": RunOver,
        "run-elsewhere": RunElsewhere,
        "key-reused": KeyReused,
    }
    if kind in known:
        return known[kind](message, hint=hint)
    if reply.status_code in {401, 403}:
        return UsageFault(f"the service refused: {message}", hint=hint or _ROLES)
    if reply.status_code < 500:  # noqa: PLR2004 - ours to mend below
        return UsageFault(message, hint=hint)
    return ServiceFault(message, hint=hint)


def _fault(told: Mapping[str, Any]) -> Fault:
    line = told.get("line", 0)
    return Fault("gate.yml", line if isinstance(line, int) else 0, str(told.get("field", "")),
                 str(told.get("message", "")), str(told.get("hint", "")))  # fmt: skip


def _retry_after(reply: requests.Response) -> float:
    text = reply.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0.0  # noqa: PLR2004


def _short(error: requests.RequestException) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return str(reason or error).rpartition(": ")[2][:200]
