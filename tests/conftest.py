"""What holds for every test: no network but this machine, and property tests that do not race the clock."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A busy machine is no counterexample. In CI the same examples every time: a red build is the change's fault.
# Fewer of them, too, as it has ten minutes; whoever works here draws a hundred others at every run.
settings.register_profile("gate", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("gate"), derandomize=True, max_examples=30)
settings.load_profile("ci" if "CI" in os.environ else "gate")

pytest_plugins = ["tests.servers.fixtures"]

# Some containers forbid it, and then each of a thousand commands that the tests start would compile the gate anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Whoever works here may have a service of their own.
for _name in [name for name in os.environ if name.startswith("GATE_")]:
    del os.environ[_name]

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

SERVERS = ("bluesky_server", "mastodon_server")
"""What these run on takes minutes to install on a machine that never had it; meanwhile there is other work."""

SHARED = ("tests/integrations/", "tests/service/api/")
"""Folders whose tests share one service."""


@cache
def _needs_servers(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    return any(name in text for name in SERVERS)


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are cores: half of the time tests wait, for servers they started and for what is due."""
    return 2 * (os.cpu_count() or 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:  # noqa: ANN401
    """Keep tests together that share what each process would start for itself: those of a file at least."""

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # it ships no types
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            if _needs_servers(config.rootpath / file):
                return "servers"
            return next((shared for shared in SHARED if file.startswith(shared)), file)

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest file first and those that need such servers half way, so that nothing long is left for the end."""
    tests = Counter(item.path for item in items)
    place: dict[Path, int] = {path: number for number, path in enumerate(tests)}
    place |= {path: len(tests) // 2 for path in tests if _needs_servers(path)}
    place |= {path: -1 for path, _ in tests.most_common(1)}
    items.sort(key=lambda item: place[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Collect no garbage in the midst of what is nested too deeply: finalizers of earlier tests would run, and fail, there."""
    if "deep" in item.name:
        gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
