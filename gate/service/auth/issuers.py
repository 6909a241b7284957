"""Those who sign identity tokens, and the keys they sign with (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt

from gate.errors import GateError, SourceDown, SourceRefused
from gate.http import Adapter, Deadline, Limits, address_problem, json_object, session

if TYPE_CHECKING:
    from datetime import datetime

    from gate.ports import Clock

Background = Callable[[Callable[[], None]], None]
"""Does something beside what asked for it."""
Fetch = Callable[[str], Mapping[str, Any]]
"""Gets a JSON object."""

FRESH = timedelta(hours=1)
"""So long keys are used without asking whether they are still there."""
PAUSE = timedelta(minutes=1)
"""Between two questions: whoever sends tokens with made-up key ids must not make us flood the issuer."""
RETRY = timedelta(seconds=10)
"""After no answer."""
PATIENCE = timedelta(seconds=1.5)
"""With each of the two documents: a request that waits for them is answered within three seconds."""
SMALLEST_RSA = 2048
"""Bits (NIST SP 800-131A)."""
ALGORITHMS = {"RSA": ("RS256", "PS256"), "EC": ("ES256",)}
"""By the kind of a key; all are asymmetric, so a public key can never be taken for a shared one."""

_OK = 200
_LOG = logging.getLogger(__name__)


class Unreachable(Exception):
    """The issuer's keys cannot be had, and none of them is known."""


class Issuer:
    """Keeps what an issuer says of itself, and its keys. Safe to share between threads."""

    def __init__(
        self, url: str, clock: Clock, *, fetch: Fetch | None = None, background: Background | None = None
    ) -> None:
        """Prepare; nothing is asked before it is needed."""
        self.url = url
        self._clock = clock
        self._fetch = fetch or (lambda address: fetch_json(address, clock))
        self._background = background or _in_thread
        self._metadata: Mapping[str, Any] = {}
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._failed = False
        self._lock = threading.Lock()

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Return a key; None if the issuer has none of that id.

        A key that is known is good while the issuer does not answer. One that the issuer withdrew is gone within an hour.

        Raises:
            Unreachable: it is not known, and the issuer does not answer.
        """
        self._look_up(missing=key_id not in self._keys)
        found = self._keys.get(key_id)
        if found is None and self._failed:
            raise Unreachable(self.url)
        return found

    def metadata(self) -> Mapping[str, Any]:
        """Return what the issuer says of itself: its addresses, above all.

        Raises:
            Unreachable: it never answered.
        """
        self._look_up(missing=not self._metadata)
        if not self._metadata:
            raise Unreachable(self.url)
        return self._metadata

    def _look_up(self, *, missing: bool) -> None:
        # Whoever has a key goes on with it while it is looked for newer ones; whoever has none waits for the answer.
        now = self._clock.now()
        if missing:
            self._try()
        elif (self._fetched is None or now - self._fetched >= FRESH) and self._due(now) and not self._lock.locked():
            self._background(self._try)

    def _due(self, now: datetime) -> bool:
        return self._tried is None or now - self._tried >= (RETRY if self._failed else PAUSE)

    def _try(self) -> None:
        with self._lock:
            now = self._clock.now()
            if self._due(now):
                self._tried = now
                self._refresh(now)

    def _refresh(self, now: datetime) -> None:
        try:
            metadata = self._fetch(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            if metadata.get("issuer") != self.url:  # Section 4.3: or another could speak for it.
                message = f"it calls itself {str(metadata.get('issuer'))[:200]!r}"
                raise SourceRefused(message, hint="write the issuer as it calls itself")
            keys = _keys(self._fetch(str(metadata.get("jwks_uri"))))
        except GateError as fault:
            self._failed = True
            _LOG.warning("the keys of %s cannot be had: %s; those known are used on", self.url, fault.message)
            return
        self._metadata, self._keys, self._fetched, self._failed = metadata, keys, now, False


def _in_thread(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="issuer", daemon=True).start()


def fetch_json(url: str, clock: Clock) -> Mapping[str, Any]:
    """Get a JSON object, from that origin only, within seconds.

    Raises:
        SourceRefused: the address will not do, or leads elsewhere.
        SourceDown: no proper answer.
    """
    if problem := address_problem(url, option="the issuer's address", query=True):
        raise SourceRefused(problem)
    parts = urlsplit(url)
    adapter = Adapter(f"{parts.scheme}://{parts.netloc}", limits=Limits(body=512 * 1024))
    adapter.deadline = Deadline(clock, PATIENCE)
    with session(adapter) as asking:
        response = asking.get(url, headers={"Accept": "application/json"})
    if response.status_code != _OK:
        message = f"{parts.netloc} answered {response.status_code}"
        raise SourceDown(message)
    return json_object(response, parts.netloc)


def _keys(document: Mapping[str, Any]) -> Mapping[str, jwt.PyJWK]:
    listed = document.get("keys")
    if not isinstance(listed, list):
        message = "what should be keys is no JSON Web Key Set"
        raise SourceDown(message)
    found = {str(each["kid"]): _key(each) for each in listed if isinstance(each, dict) and each.get("kid")}
    return {name: key for name, key in found.items() if key is not None}


def _key(document: Mapping[str, Any]) -> jwt.PyJWK | None:
    """Return a key that signs; None for one that does something else, or is too weak."""
    usable = ALGORITHMS.get(str(document.get("kty")), ())
    algorithm = document.get("alg", usable[0] if usable else None)
    if algorithm not in usable or document.get("use", "sig") != "sig" or "d" in document:
        return None
    try:
        key = jwt.PyJWK(dict(document), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if document["kty"] == "RSA" and key.key.key_size < SMALLEST_RSA else key
