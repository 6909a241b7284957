"""A receiver that remembers ids, as Standard Webhooks asks of it, and takes nothing that is not signed."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Self

from gate.actions.webhook import Options
from gate.ports import Secret
from tests.actions.conformance import Receiver
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.http_server import Recorded

KEY = "wh-0123456789/abc+def"


class Inbox:
    """Takes messages signed with ``KEY``."""

    def __init__(self) -> None:
        """Start empty."""
        self.ids: set[str] = set()
        self.server = Server(answer=self._answer)
        self._instead: Reply | None = None
        self._once: tuple[Reply, bool] | None = None

    def __enter__(self) -> Self:
        """Start serving."""
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.server.__exit__()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def token(self) -> str:
        """What signs."""
        return KEY

    @property
    def requests(self) -> Sequence[Recorded]:
        """What it was sent."""
        return self.server.requests

    def done(self) -> int:
        """How many messages it has; one that came twice is one."""
        return len(self.ids)

    def trouble(self, reply: Reply, *, done: bool = False) -> None:
        """Give this answer once."""
        self._once = (reply, done)

    def always(self, reply: Reply) -> None:
        """Give this answer to everything, and take nothing."""
        self._instead = reply

    def _answer(self, request: Recorded) -> Reply:
        if self._instead:
            return self._instead
        once, self._once = self._once, None
        if once and not once[1]:
            return once[0]
        said = ".".join([request.headers["webhook-id"], request.headers["webhook-timestamp"]]).encode() + b"."
        mine = base64.b64encode(hmac.digest(KEY.encode(), said + request.body, "sha256")).decode()
        if request.headers.get("webhook-signature") != f"v1,{mine}":
            return Reply(401)
        self.ids.add(request.headers["webhook-id"])
        return once[0] if once else Reply(204)


RECEIVER = Receiver(
    options=lambda url: Options(url=f"{url}/gate?team=web", secret=Secret("${KEY}")),
    serve=lambda _clock: Inbox(),
    reads=False,
)
