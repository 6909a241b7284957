"""The scorer itself: batches, a deadline for each, further tries where the service is busy, a budget."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import ScorerFault, SourceDown, SourceFault
from gate.http import Adapter, Deadline, DeadlinePassed, Limits, reset_at, session
from gate.scorers.http.reply import Reading
from gate.scorers.http.template import Template

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

    from gate.model import Score
    from gate.ports import ScorerContext
    from gate.scorers.http.options import Options

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""
TRIES = 4
FIRST_WAIT = timedelta(seconds=1)
SPARE = 3
"""So many texts may be refused whatever their share: one post alone must not stop a run."""
MOST_REFUSED = 0.1
"""A service that cannot read more than this share of all texts is broken, or not meant for them."""
_SAID = 200


class Scorer:
    """Posts batches of texts, reads scores from the replies."""

    def __init__(self, options: Options, context: ScorerContext) -> None:
        """Prepare; nothing is sent yet."""
        self._options = options
        self._context = context
        self._template = Template(options.request)
        self._reading = Reading(options)
        self._session: requests.Session | None = None
        self._adapter: Adapter | None = None
        self._sent = self._asked = self._refused = 0

    def score(self, texts: Sequence[str]) -> list[Score | None]:
        """Score each text; None where it is blank, or where the service says it cannot read it.

        Raises:
            ScorerFault: no proper answer, a score is missing, or the budget is spent.
        """
        scores: list[Score | None] = [None] * len(texts)
        wanted = [place for place, text in enumerate(texts) if text.strip()]
        size = self._options.batch_size
        for start in range(0, len(wanted), size):
            places = wanted[start : start + size]
            found = self._batch([_cut(texts[place].strip(), self._options.max_bytes) for place in places])
            for place, score in zip(places, found, strict=True):
                scores[place] = score
        return scores

    def languages(self) -> frozenset[str]:
        """Whatever the options say."""
        return frozenset(each.lower() for each in self._options.languages)

    def _batch(self, texts: list[str]) -> list[Score | None]:
        scores = self._reading.scores(self._answer(self._template.filled(texts)), len(texts))
        self._asked += len(texts)
        self._refused += scores.count(None)
        if self._refused > max(SPARE, MOST_REFUSED * self._asked):
            message = f"the scoring service says it cannot read {self._refused} of {self._asked} texts"
            raise ScorerFault(message, hint="check the language and the length of texts that the service takes")
        return scores

    def _answer(self, body: bytes) -> bytes:
        deadline = Deadline(self._context.clock, self._options.timeout)
        wait = FIRST_WAIT
        for last in [False] * (TRIES - 1) + [True]:
            answer = self._try(body, deadline)
            if isinstance(answer, bytes):
                return answer
            fault, reset = answer
            wait = reset if reset is not None else wait
            if last or timedelta(seconds=self._left(deadline)) <= wait:
                raise fault
            self._context.clock.wait(wait)
            wait *= 2
        raise AssertionError  # the last try returns or raises

    def _try(self, body: bytes, deadline: Deadline) -> bytes | tuple[ScorerFault, timedelta | None]:
        """Send once; the fault is returned, not raised, where another try may help."""
        if self._sent >= self._options.max_requests:
            message = f"the scorer has sent its {self._options.max_requests} requests (max_requests)"
            raise ScorerFault(message, hint="raise max_requests or batch_size, or score fewer mentions")
        self._sent += 1
        try:
            response = self._post(body, deadline)
        except DeadlinePassed:
            raise self._late() from None
        except SourceDown as down:
            return ScorerFault(f"scoring service {down.message}", hint="check url and the network"), None
        except SourceFault as refused:
            message = f"scoring service {refused.message}"
            raise ScorerFault(message, hint=refused.hint) from None
        if response.ok and not response.is_redirect:
            return response.content
        fault = _refusal(response)
        if response.status_code not in BUSY:
            raise fault
        now = self._context.clock.now()
        reset = reset_at(response.headers, now)
        return fault, (reset - now if reset else None)

    def _post(self, body: bytes, deadline: Deadline) -> requests.Response:
        opened, adapter = self._open()
        adapter.deadline = deadline
        headers = {"content-type": "application/json", "accept": "application/json"}
        headers |= {name.lower(): value for name, value in self._options.headers.items()}
        # A redirect is not followed anywhere: it would repeat the request as a GET without the texts.
        return opened.post(self._options.url, data=body, headers=headers, allow_redirects=False)

    def _open(self) -> tuple[requests.Session, Adapter]:
        if self._session is None or self._adapter is None:
            headers: dict[str, str] = {}
            secrets: tuple[str, ...] = ()
            if self._options.token:
                headers, secrets = self._credentials(self._options.token)
            url = urlsplit(self._options.url)
            seconds = self._options.timeout.total_seconds()
            origin = f"{url.scheme}://{url.netloc}"
            limits, public_only = Limits(read=seconds), self._context.public_only
            self._adapter = Adapter(origin, headers=headers, secrets=secrets, limits=limits, public_only=public_only)
            self._session = session(self._adapter)
        return self._session, self._adapter

    def _credentials(self, reference: str) -> tuple[dict[str, str], tuple[str, ...]]:
        try:
            token = self._context.secret(reference)
        except SourceFault as fault:
            raise ScorerFault(fault.message, hint=fault.hint) from None
        if not (token.isascii() and token.isprintable()):
            message = f"the value of {reference} holds characters that no header may have"
            raise ScorerFault(message, hint="check what was pasted into it")
        return {self._options.token_header: self._options.token_prefix + token}, (token,)

    def _left(self, deadline: Deadline) -> float:
        try:
            return deadline.seconds_left()
        except DeadlinePassed:
            raise self._late() from None

    def _late(self) -> ScorerFault:
        host = urlsplit(self._options.url).netloc
        seconds = self._options.timeout.total_seconds()
        message = f"scoring service {host}: no whole answer within {seconds:g} seconds (timeout)"
        return ScorerFault(message, hint="raise timeout, or lower batch_size")


def _refusal(response: requests.Response) -> ScorerFault:
    status = response.status_code
    host = urlsplit(response.url).netloc
    said = "".join(each for each in " ".join(response.text[:1000].split()) if each.isprintable())[:_SAID]
    message = f"scoring service {host} answered {status}" + (f": {said}" if said else "")
    return ScorerFault(message, hint=_HINTS.get(status, "it redirects: write the new address as url" if
                       response.is_redirect else "compare request and headers with what the service expects"))  # fmt: skip


def _cut(text: str, size: int) -> str:
    # A lone surrogate cannot be sent as UTF-8; a character cut in half is left out.
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


_HINTS = {
    401: "check token, token_header and token_prefix",
    403: "the token may not use this service",
    404: "check url",
    413: "lower batch_size or max_bytes",
    429: "the service's rate limit is spent: raise timeout, or score fewer mentions",
}
