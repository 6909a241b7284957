"""What a policy says of Bluesky."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gate.http import address_problem
from gate.ports import Secret
from gate.sources.bluesky.matching import operators


@dataclass(frozen=True, slots=True)
class Options:
    """Public posts that a search finds."""

    query: str = ""
    """Words, ``"a phrase"`` or ``#hashtag``, all of which must be there; the policy's release if not given."""
    handle: str = ""
    """Of the account that searches, e.g. acme.bsky.social."""
    app_password: Secret = Secret("${BLUESKY_APP_PASSWORD}")
    """An app password of that account, never its real password."""
    server: str = "https://bsky.social"
    """The server of that account (PDS), where it has one of its own."""
    stream: bool = False
    """Hear posts on the network's stream as they are written; search only for what is older than ``replay``."""
    jetstream: str = "wss://jetstream2.us-east.bsky.network/subscribe"
    """Address of the stream."""
    replay: timedelta = timedelta(hours=1)
    """How far back the stream is played when a period begins; every post of the network in that time comes over."""
    max_pages: int = 10
    """Pages of 100 posts that one poll's search reads; what is left is read by the next poll."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, all of it at once.

        Raises:
            ValueError: one message a fault.
        """
        wrong = []
        if problem := address_problem(self.server, option="server"):
            wrong.append(problem)
        if problem := address_problem(self.jetstream.replace("ws", "http", 1), option="jetstream"):
            wrong.append(problem.replace("https", "wss").replace("http:", "ws:"))
        if not (self.handle or self.stream):
            wrong.append("handle must be given: Bluesky lets only accounts search")
        if self.stream and (found := operators(self.query)):
            wrong.append(f"query holds {found[0]}, which only search knows; leave it out, or write stream: false")
        if self.replay < timedelta(0):
            wrong.append("replay must not be below 0s")
        if self.max_pages < 1:
            wrong.append("max_pages must be at least 1")
        if wrong:
            raise ValueError(*wrong)

    @property
    def identifier(self) -> str:
        """The handle as the server wants it."""
        return self.handle.strip().removeprefix("@")
