"""What callers' policies name is reached at public addresses only, whatever the name meant when it was looked at before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3

from gate.errors import SourceDown, SourceRefused
from gate.http import Adapter, Client, Limits, session
from gate.http.reaching import public_pools
from gate.ports import SourceContext
from tests.http.test_callbacks import NAME, Names, port_of
from tests.servers.http_server import Reply, Server
from tests.support import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def inner() -> Iterator[Server]:
    """A server of the private network, which says too much."""
    with Server(Reply.of({"secret": 1})) as server:
        yield server


def test_a_name_that_means_another_machine_a_moment_later(inner: Server) -> None:
    """The name had a public address when the policy was looked at; the private one it has now is not connected to."""
    names = Names([["93.184.215.14"], ["127.0.0.1"]])
    url = f"http://{NAME}:{port_of(inner)}"
    adapter = Adapter(url, limits=Limits(connect=1), public_only=True, resolve=names)
    with session(adapter) as asking:
        with pytest.raises(SourceDown):
            asking.get(url)  # Of the Internet, which tests cannot reach.
        with pytest.raises(SourceRefused, match="no public address"):
            asking.get(url)
    assert names.asked == [NAME, NAME]
    assert inner.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_client_of_such_a_policy(inner: Server, scheme: str, host: str) -> None:
    """A source's client refuses for good, by every way to write a private address, and says what to do."""
    context = SourceContext("acme", "", Path(), "", lambda _: "", ManualClock(), public_only=True)
    client = Client(f"{scheme}://{host}:{port_of(inner)}", context, who="Acme")
    with pytest.raises(SourceRefused, match="no public address") as raised:
        client.get("/posts")
    client.close()
    assert raised.value.permanent
    assert "policy_name" in raised.value.hint
    assert inner.requests == []


def test_an_address_that_may_be_reached(inner: Server) -> None:
    """The connection goes to the address that was checked, which is looked up once, and asks for the host by its name."""
    names = Names([["127.0.0.1"], ["192.0.2.1"]])
    with urllib3.PoolManager() as manager:
        manager.pool_classes_by_scheme = public_pools(names, lambda _: True)
        reply = manager.request("GET", f"http://{NAME}:{port_of(inner)}/posts", retries=False)
    assert reply.json() == {"secret": 1}
    assert names.asked == [NAME]
    assert [each.headers["host"] for each in inner.requests] == [f"{NAME}:{port_of(inner)}"]


def test_a_name_that_nobody_has() -> None:
    """A name that cannot be looked up is an outage, told as for any other source."""
    adapter = Adapter("https://nowhere.example", public_only=True)
    with session(adapter) as asking, pytest.raises(SourceDown, match="no host of that name"):
        asking.get("https://nowhere.example")
