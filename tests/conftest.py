"""What holds for every test: no network but this machine, and property tests that do not race the clock."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# A busy machine is no counterexample. In CI the same examples every time: a red build is the change's fault.
# Half as many, too, as it has ten minutes; whoever works here draws others at every run.
settings.register_profile("gate", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("gate"), derandomize=True, max_examples=50)
settings.load_profile("ci" if "CI" in os.environ else "gate")

pytest_plugins = ["tests.servers.fixtures"]

# Some containers forbid it, and then each of a thousand commands that the tests start would compile the gate anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

HERE = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - compared with, not bound to


def _stay_here(event: str, arguments: tuple[object, ...]) -> None:
    """Make the world unreachable, in the same way on every machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name and not name.startswith(HERE):
        message = f"tests talk to this machine only, not to {name}"
        raise socket.gaierror(socket.EAI_NONAME, message)


sys.addaudithook(_stay_here)

LATE = {"bluesky_server", "mastodon_server"}
"""What these run on takes minutes to install on a machine that never had it; meanwhile there is other work."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of the time tests wait, for servers they started and for what is due."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that need such a server last, in the order they had."""
    late = {item.path for item in items if LATE & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path in late)
