"""A real Redis on 127.0.0.1, which the Bluesky network keeps its caches in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.running import answers, find, folder, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def redis() -> Iterator[int]:
    """Run a server that writes no files, and yield its port.

    Raises:
        CannotStart: it is not installed, or would not start.
    """
    port = free_port()
    command = [find("redis-server", "redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with folder() as home, running(command, lambda: answers(port), home / "log"):
        yield port
