"""Azure DevOps as the far side of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tests.servers.azure_devops import AzureDevOps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gate.ports import Clock
    from tests.servers.http_server import Recorded, Reply


class AzureSide:
    """A look-alike with a pipeline that rolls back, and classic releases."""

    def __init__(self, clock: Clock, right: str, change: tuple[str, str], count: Callable[[AzureDevOps], int]) -> None:
        """Take what the token may, method and path of what does it, and how to count what was done."""
        self.azure = AzureDevOps(clock)
        self._change, self._count = change, count
        self._token = self.azure.issue(right)

    def __enter__(self) -> Self:
        """Start serving."""
        self.azure.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.azure.__exit__()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.azure.server.url

    @property
    def token(self) -> str:
        """That lets an action in."""
        return self._token

    @property
    def requests(self) -> Sequence[Recorded]:
        """What it was asked."""
        return self.azure.requests

    def done(self) -> int:
        """How often it was done."""
        return self._count(self.azure)

    def trouble(self, reply: Reply, *, done: bool = False) -> None:
        """Give this answer once to the message that does it."""
        self.azure.trouble(*self._change, reply, done=done)

    def always(self, reply: Reply) -> None:
        """Give this answer to everything."""
        self.azure.server.answer = lambda _request: reply
