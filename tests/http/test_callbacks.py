"""Callbacks go to allowed hosts at public addresses, and nothing a receiver does holds the gate up or leads it astray."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import Cancelled, GateError, SourceDown, SourceRefused, UsageFault
from gate.http import interrupt, resume
from gate.http.callbacks import Sender
from gate.http.destinations import Allowed, aim, is_public
from tests.servers.http_server import Recorded, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECOND = timedelta(seconds=1)
NAME = "hooks.example"


@dataclass
class Names:
    """A resolver that says what the test wants, in order; the last answer for ever."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        """Answer as ``socket.getaddrinfo`` does."""
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [_entry(address, port) for address in found]


def _entry(address: str, port: int) -> tuple[Any, ...]:
    six = ":" in address
    family, where = (socket.AF_INET6, (address, port, 0, 0)) if six else (socket.AF_INET, (address, port))
    return family, socket.SOCK_STREAM, 6, "", where


def port_of(server: Server) -> str:
    """Return the port it listens on."""
    return server.url.rpartition(":")[2]


def send(server: Server, allowed: str = "", within: timedelta = 5 * SECOND) -> None:
    """Send a message to the server by its address, which is allowed unless the test says otherwise."""
    Sender()(f"{server.url}/hook?a=1", b"{}", {"webhook-id": "1"}, [allowed or server.url], within)


def refusal(*addresses: str, networks: str = "") -> tuple[GateError, Names, Server]:
    """Send to a name that has those addresses, and return why that failed, who was asked and who heard of it."""
    names = Names([list(addresses)])
    with Server(Reply(204)) as server:
        port = port_of(server)
        with pytest.raises(GateError) as raised:
            Sender(names)(
                f"http://{NAME}:{port}/", b"{}", {}, [f"http://{NAME}:{port}{networks and '=' + networks}"], SECOND
            )
    return raised.value, names, server


def test_what_arrives() -> None:
    """The receiver has body, headers, path and query as they were given."""
    with Server(Reply(204)) as server:
        send(server)
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/hook?a=1", b"{}")
    assert request.headers["webhook-id"] == "1"
    assert request.headers["host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_an_address_that_is_none_of_the_internet(address: str) -> None:
    """A name with a private, local, multicast or mapped address is refused for good, and nobody is connected to."""
    fault, _, server = refusal(address)
    assert isinstance(fault, SourceRefused)
    assert "no public address" in fault.message
    assert server.requests == []


def test_an_address_of_the_internet_among_private_ones() -> None:
    """Of several addresses only those are tried that may be: here the public one, which tests cannot reach."""
    fault, _, server = refusal("127.0.0.1", "93.184.215.14")
    assert isinstance(fault, SourceDown)
    assert server.requests == []


def test_a_name_that_means_another_machine_a_moment_later() -> None:
    """Whatever the name meant when the order was taken: what counts is the address that is connected to."""
    names = Names([["93.184.215.14"], ["127.0.0.1"]])
    with Server(Reply(204)) as server:
        port = port_of(server)
        address, sender = f"http://{NAME}:{port}", Sender(names)
        with pytest.raises(SourceDown):
            sender(address, b"{}", {}, [address], SECOND)
        with pytest.raises(SourceRefused, match="no public address"):
            sender(address, b"{}", {}, [address], SECOND)
    assert names.asked == [NAME, NAME]
    assert server.requests == []


def test_it_is_looked_up_once_an_attempt() -> None:
    """The address that was checked is the one that is connected to: a second question would get another answer."""
    names = Names([["127.0.0.1"], ["192.0.2.1"]])
    with Server(Reply(204)) as server:
        port = port_of(server)
        Sender(names)(f"http://{NAME}:{port}/", b"{}", {}, [f"http://{NAME}:{port}=127.0.0.0/8"], SECOND)
    assert names.asked == [NAME]
    assert [request.headers["host"] for request in server.requests] == [f"{NAME}:{port}"]


def test_a_private_network_that_was_not_allowed() -> None:
    """Allowing one private network of a host allows no other."""
    fault, _, server = refusal("127.0.0.1", networks="10.0.0.0/8")
    assert isinstance(fault, SourceRefused)
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect(status: int) -> None:
    """A redirect is not followed, and the message is not sent again."""
    with Server(Reply(204)) as inner, Server(Reply(status, headers={"location": inner.url})) as server:
        with pytest.raises(SourceRefused, match="redirect"):
            Sender()(server.url, b"{}", {}, [server.url, inner.url], SECOND)
        assert (len(server.requests), inner.requests) == (1, [])


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (404, True), (410, True), (408, False), (425, False), (429, False), (500, False),
     (503, False), (199 + 400, False)],
)  # fmt: skip
def test_what_a_receiver_may_say(status: int, permanent: bool) -> None:  # noqa: FBT001
    """What the receiver refuses is not sent again; what it cannot do at the moment is."""
    with Server(Reply(status)) as server, pytest.raises(GateError, match=str(status)) as raised:
        send(server)
    assert raised.value.permanent is permanent


@pytest.mark.parametrize("how", ["hang", "drip-headers"])
def test_a_receiver_that_keeps_the_gate_waiting(how: Any) -> None:  # noqa: ANN401
    """No status in time, or one that never ends, is a failure that may pass."""
    with Server(Reply(how=how)) as server, pytest.raises(SourceDown, match="no answer in time"):
        send(server, within=0.2 * SECOND)


@pytest.mark.parametrize("how", ["drip", "whole"])
def test_an_answer_without_end(how: Any) -> None:  # noqa: ANN401
    """The status is the answer: a body that is huge or never ends is hung up on."""
    with Server(Reply(200, body=b"x" * 30_000_000, how=how)) as server:
        send(server, within=0.3 * SECOND)
    assert len(server.requests) == 1


def test_a_host_that_takes_no_connection() -> None:
    """Nobody listening there is a failure that may pass."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(SourceDown, match="nobody listens"):
            Sender()(address, b"{}", {}, [address], SECOND)


def test_the_process_is_told_to_stop() -> None:
    """An attempt under way ends at once, and is no failure of the receiver."""
    with Server(Reply(how="hang")) as server:
        told: list[int] = []

        def run() -> None:
            try:
                send(server)
            except Cancelled as stop:
                told.append(stop.signal_number)

        thread = threading.Thread(target=run)
        arrived = threading.Event()
        answer = server.answer

        def arrive(request: Recorded) -> Reply:
            arrived.set()
            return answer(request)

        server.answer = arrive
        thread.start()
        assert arrived.wait(10)
        try:
            interrupt(15)
            thread.join(10)
        finally:
            resume()
    assert told == [15]


@pytest.mark.parametrize(
    "url",
    [
        "http://ci.example/hook",
        "https://ci.example:8443/",
        "https://other.example/",
        "https://ci.example.evil.example/",
        "https://evilci.example/",
        "https://user@ci.example/",
        "https://ci.example@evil.example/",
        "https://evil.example#@ci.example/",
        "https://evil.example\\@ci.example/",
        "https://ci.example/#part",
        "https://ci.example/a b",
        "https://ci.example/\r\nX: y",
        "https://ci.exаmple/",  # noqa: RUF001 - a Cyrillic letter
        "file:///etc/passwd",
        "gopher://ci.example/",
        "https:///",
        "https://ci.example:port/",
        "//ci.example/",
        "",
    ],
)
def test_an_address_that_is_not_allowed(url: str) -> None:
    """Scheme, host and port must be allowed ones, and the address must mean the same to whoever reads it."""
    with pytest.raises(SourceRefused):
        aim(url, ["ci.example"])


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://ci.example/hook?a=b", "ci.example"),
        ("https://CI.example./", "ci.example"),
        ("https://a.b.ci.example/", "*.ci.example"),
        ("https://ci.example:8443", "ci.example:8443"),
        ("http://ci.example/", "http://ci.example"),
        ("https://[2001:db8::1]:1/", "[2001:db8::1]:1"),
    ],
)
def test_an_address_that_is_allowed(url: str, allowed: str) -> None:
    """What an operator may write covers what it says."""
    assert aim(url, ["elsewhere.example", allowed]).path.startswith("/")


@pytest.mark.parametrize(
    "text",
    ["", "https://", "ci.example/path", "ftp://ci.example", "a b", "ci.example=10.0.0.0/99", "*", "ci.example:0x"],
)
def test_what_an_operator_must_not_write(text: str) -> None:
    """A host that cannot be read is refused when the worker starts, not when a callback is due."""
    with pytest.raises(UsageFault, match="names no host"):
        Allowed.parse(text)


@given(st.ip_addresses(v=4))
def test_an_old_address_within_a_new_one(address: ipaddress.IPv4Address) -> None:
    """Written as an IPv6 address, an IPv4 address is as public as it is."""
    for written in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(ipaddress.ip_address(written)) == is_public(address)


@contextmanager
def tls_server(folder: Path, name: str) -> Iterator[tuple[Server, ssl.SSLContext]]:
    """Run a server with a certificate for that name, and give the trust that knows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    with Server(Reply(204)) as server:
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)  # noqa: SLF001
        yield server, ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize(("certified", "told"), [(NAME, True), ("other.example", False)])
def test_over_tls(certified: str, told: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The certificate must be the host's, although an address is connected to."""
    with tls_server(tmp_path, certified) as (server, trust):
        port = port_of(server)
        sender = Sender(Names([["127.0.0.1"]]), trust)
        with nullcontext() if told else pytest.raises(SourceDown, match="certificate"):
            sender(f"https://{NAME}:{port}/", b"{}", {}, [f"{NAME}:{port}=127.0.0.1"], SECOND)
    assert bool(server.requests) is told


def test_a_certificate_nobody_knows(tmp_path: Path) -> None:
    """Without trust of its own, a sender trusts whom the machine trusts."""
    with tls_server(tmp_path, NAME) as (server, _):
        port = port_of(server)
        with pytest.raises(SourceDown, match="certificate"):
            Sender(Names([["127.0.0.1"]]))(f"https://{NAME}:{port}/", b"{}", {}, [f"{NAME}:{port}=127.0.0.1"], SECOND)
    assert server.requests == []


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "a" * 60 + "." * 2])
def test_a_name_that_no_host_can_have(host: str) -> None:
    """A name below a wildcard that cannot be looked up at all is a failure like that of one that is not known."""
    with pytest.raises(SourceDown, match="its name is not known"):
        Sender()(f"https://{host}.ci.example/", b"{}", {}, ["*.ci.example"], 5 * SECOND)
