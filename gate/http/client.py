"""The client a source uses: ask, and get what came back or an error that says what to do.

client = Client(options.base_url, context, who="Acme", key=Key("token", options.token)).start(request.timeout)
posts = client.get("/posts", {"since": request.since}).json_list("posts")
"""

from __future__ import annotations

import json as json_module
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import requests

from gate import __version__
from gate.errors import SourceDown, SourceRefused
from gate.http.adapter import Adapter, guard
from gate.http.address import joined
from gate.http.breaker import breaker
from gate.http.deadline import Deadline, DeadlinePassed
from gate.http.memory import Memory
from gate.http.rates import quota, skew
from gate.http.replies import Reply
from gate.http.retry import Retry, RetryBudget
from gate.http.statuses import BROKEN, limited, refusal
from gate.http.stopping import pause
from gate.model import Cost

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Self

    from gate.http.adapter import Limits
    from gate.http.keys import Key
    from gate.http.rates import Quota
    from gate.ports import HttpContext

DEFAULT_TIMEOUT = timedelta(seconds=15)
"""For a request outside a poll, such as ``gate doctor``'s."""
ENOUGH = 1.0  # seconds: who does not answer within less is not to blame
OK, NOT_MODIFIED = 200, 304


class Client:
    """Talks to one origin: within the poll's time, with the key on the wire only, answered or refused."""

    def __init__(  # noqa: PLR0913  # most of them have one right value for most sources
        self,
        base_url: str,
        context: HttpContext,
        *,
        who: str,
        key: Key | None = None,
        headers: Mapping[str, str] | None = None,
        hints: Mapping[int, str] | None = None,
        limits: Limits | None = None,
        retry: Retry | None = None,
    ) -> None:
        """Prepare; nothing is connected, and no secret is looked up, before the first request.

        Args:
            base_url: scheme, host, and perhaps a path in front of every path.
            context: the plug's own: its clock, and where its secrets are.
            who: the service's name in messages, e.g. ``Mastodon``.
            key: its credentials.
            headers: sent with every request; nothing secret.
            hints: what to do about a status, where the source knows better than we do.
            limits: of one request, other than the usual ones.
            retry: how hard to try, other than usual.
        """
        self.base_url = base_url.rstrip("/")
        self.who = who
        self.requests = 0
        """Sent so far, further tries included."""
        self.quota: Quota | None = None
        """What the last reply says is left."""
        self.skew: timedelta | None = None
        """How far this machine's clock is ahead of the server's, by the last reply."""
        self._context = context
        self._clock = context.clock
        self._key = key
        self._headers = {"User-Agent": f"sentiment-gate/{__version__}", **(headers or {})}
        self._hints = {**(key.hints() if key else {}), **(hints or {})}
        self._retry = retry or Retry()
        self._adapter = Adapter(self.base_url, limits=limits, public_only=context.public_only)
        self._breaker = breaker(urlsplit(self.base_url).netloc, self._clock)
        self._session: requests.Session | None = None
        self._memory = Memory()
        self._blocked_until: datetime | None = None
        self.start(DEFAULT_TIMEOUT)

    def start(self, timeout: timedelta) -> Self:
        """Start a poll: the time within which all coming requests must be back, and a full budget of further tries."""
        self._adapter.deadline = self._deadline = Deadline(self._clock, timeout)
        self._budget = RetryBudget(self._retry, self._clock, self._deadline)
        self._sent_before, self._polled = self.requests, timeout
        return self

    def spent(self) -> Cost:
        """Return the requests made since ``start``."""
        return Cost(requests=self.requests - self._sent_before)

    def get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        remember: bool = False,
    ) -> Reply:
        """Ask for something.

        Args:
            path: below the base address, or a whole address of the same origin, e.g. that of the next page.
            query: None is left out; a list repeats its name; times become RFC 3339 in UTC.
            headers: for this request; nothing secret.
            accept: statuses that the source wants to see itself, beside 2xx.
            remember: ask only for what changed since the last time (ETag); see ``Reply.unchanged``.

        Raises:
            SourceRefused: it says no, and will again.
            SourceDown: no proper answer this time, or a rate limit.
            Cancelled: the process was told to stop.
        """
        url = joined(self.base_url, path, query)
        marks = self._memory.marks(url) if remember else {}
        statuses = {*accept, NOT_MODIFIED} if marks else accept
        reply = self._ask("GET", url, {**(headers or {}), **marks}, statuses, again=True)
        if marks and reply.status == NOT_MODIFIED and (known := self._memory.recall(url)):
            return replace(known, unchanged=True)
        if remember and reply.status == OK:
            self._memory.keep(url, reply)
        return reply

    def post(  # noqa: PLR0913  # as many as a request has parts
        self,
        path: str,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        again: bool = False,
        method: str = "POST",
    ) -> Reply:
        """Send a JSON value, a form or bytes; redirects are not followed.

        Args:
            path: as for ``get``.
            json: a value, or
            form: names and values, or
            raw: bytes, whose type ``headers`` say.
            query: as for ``get``, as are ``headers`` and ``accept``.
            headers: see there.
            accept: see there.
            again: whether sending it twice does no harm, as where it only searches; then it is tried again like a GET.
            method: another one that has a body, e.g. ``PATCH``.

        Raises:
            SourceRefused: as for ``get``, as are SourceDown and Cancelled.
        """
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        body = (urlencode(form) if form is not None else json_module.dumps(json)).encode() if raw is None else raw
        sent = {"Content-Type": kind, **(headers or {})}
        return self._ask(method, joined(self.base_url, path, query), sent, accept, again=again, body=body)

    def authorize(self, value: str, *, header: str = "Authorization", prefix: str = "Bearer ", hide: str = "") -> None:
        """Send this from now on: a token just issued. ``hide`` is taken out of replies too: the key it was made with."""
        if self._key and self._key.header == header:
            self._key = None  # the one from the environment, if it was not sent yet, must not replace this one
        self._adapter.authorize(headers={header: prefix + value}, secrets=(value, hide))

    def hold_until(self, moment: datetime) -> None:
        """Ask nothing before that time: the reply said so in words that only the source understands."""
        self._blocked_until = moment

    def close(self) -> None:
        """Close the connections."""
        if self._session:
            self._session.close()
            self._session = None

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], accept: Collection[int], *, again: bool, body: bytes = b""
    ) -> Reply:  # fmt: skip
        now = self._clock.now()
        if self._blocked_until and now < self._blocked_until:
            # Asking before the reset is refused for certain, and a busy caller may ask at once.
            raise limited(self.who, self._blocked_until, now)
        while True:
            try:
                response = self._send(method, url, headers, body)
                reply = self._judged(response, accept)
            except SourceDown as fault:
                wait = self._budget.wait_for(fault) if again else None
                if wait is None:
                    self._blocked_until = getattr(fault, "until", None)
                    raise
            else:
                return reply
            pause(self._clock, wait)

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        session, left = self._open(), self._deadline.seconds_left()
        self._breaker.admit(self._clock.now())
        self.requests += 1
        try:
            response = session.request(
                method, url, headers={**self._headers, **headers}, data=body or None, allow_redirects=method == "GET"
            )
        except SourceDown as fault:
            if isinstance(fault, DeadlinePassed) and left < ENOUGH:
                self._breaker.unsure()
            else:
                self._breaker.failed(fault.message, self._clock.now(), self._polled, fault.hint)
            raise
        except (requests.RequestException, ValueError):
            self._breaker.unsure()
            message = f"{self.who} redirects in a circle, or to what is no address"
            raise SourceRefused(message, hint="check the address in the options of this source") from None
        except BaseException:
            self._breaker.unsure()
            raise
        if response.status_code >= BROKEN:
            self._breaker.failed(f"status {response.status_code}", self._clock.now(), self._polled)
        else:
            self._breaker.succeeded()
        return response

    def _judged(self, response: requests.Response, accept: Collection[int]) -> Reply:
        now, headers, status = self._clock.now(), response.headers, response.status_code
        self.quota = quota(headers, now)
        self.skew = skew(headers.get("date", ""), now)
        if status in accept or status // 100 == 2:  # noqa: PLR2004  # 2xx is success
            return Reply(self.who, status, response.content, headers)
        raise refusal(status, headers, response.content, who=self.who, now=now, hints=self._hints)

    def _open(self) -> requests.Session:
        if self._session is None:
            if self._key:
                self._key.give(self._adapter, self._context.secret)
            self._session = guard(requests.Session(), self._adapter)
        return self._session
