"""Why there is no answer: each reason is told from the others, and each has its own next step."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gate.clock import SystemClock
from gate.errors import SourceDown, SourceFault, SourceRefused
from gate.http import Adapter, diagnose, session
from gate.http.failures import failure
from tests.http.test_client import client
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fault(url: str) -> SourceFault:
    """Ask once, and return what went wrong."""
    with session(Adapter(url)) as asking, pytest.raises(SourceFault) as raised:
        asking.get(url)
    return raised.value


@pytest.fixture
def closed() -> str:
    """Return the address of a port that nobody listens at."""
    with Server(Reply()) as server:
        return server.url


@contextmanager
def tls_server(folder: Path, host: str, days: int) -> Iterator[str]:
    """Serve TLS with a certificate of our own for that host, valid for so many days from yesterday on."""
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=days))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = folder / "server.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                connection, _ = listening.accept()
                with connection, context.wrap_socket(connection, server_side=True):
                    pass
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}"
        thread.join()


def test_an_unknown_name_is_no_closed_port(closed: str) -> None:
    """A misspelt host is mended in the policy, a refused connection at the service."""
    unknown, refused = fault("https://no-such-host.invalid"), fault(closed)
    assert isinstance(unknown, SourceDown)
    assert isinstance(refused, SourceDown)
    assert "no host of that name" in unknown.message or "cannot be looked up just now" in unknown.message
    assert "DNS" in unknown.hint
    assert "connection refused: nothing listens there" in refused.message
    assert "see whether the service is up" in refused.hint


@pytest.mark.parametrize(
    ("host", "days", "trusted", "what", "hint"),
    [
        ("localhost", 9, False, "is not trusted", "REQUESTS_CA_BUNDLE"),
        ("localhost", -1, True, "has expired", "this machine's clock"),
        ("elsewhere.example", 9, True, "is for another host", "check the spelling"),
    ],
    ids=["unknown", "expired", "other"],
)
def test_certificates_fail_for_different_reasons(  # noqa: PLR0917 - a row of the table
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, days: int, trusted: bool, what: str, hint: str  # noqa: FBT001
) -> None:  # fmt: skip
    """Unknown issuer, expired, made for another name: refused for good, and each says what to mend."""
    with tls_server(tmp_path, host, days) as url:
        if trusted:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
        found = fault(url)
    assert isinstance(found, SourceRefused)
    assert what in found.message
    assert hint in found.hint


def test_plain_http_behind_an_https_address() -> None:
    """Where something else than TLS answers, the scheme and the port are to be checked."""
    with Server(Reply()) as server:
        found = fault(server.url.replace("http:", "https:"))
    assert "no TLS connection: it speaks something else there" in found.message
    assert "check whether the address is https" in found.hint


def test_a_proxy_is_named(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """What fails at the proxy is no fault of the host."""
    monkeypatch.setenv("HTTPS_PROXY", closed)
    found = fault("https://no-such-host.invalid")
    assert "no answer through the proxy" in found.message
    assert "check HTTPS_PROXY" in found.hint


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (requests.ConnectTimeout(), "no connection in time", "a firewall may stand in between"),
        (requests.ReadTimeout(), "no answer in time", "slow or stuck"),
        (requests.ConnectionError(OSError(113, "No route to host")), "no way there from this network", "HTTPS_PROXY"),
        (requests.ConnectionError(socket.gaierror(socket.EAI_AGAIN, "")), "cannot be looked up just now", "DNS"),
        (requests.ConnectionError(ConnectionResetError()), "broke before the answer", "check the network"),
    ],
)
def test_other_reasons(error: Exception, what: str, hint: str) -> None:
    """Time-outs, networks without a way, name servers that are away and broken connections have steps of their own."""
    found = failure("acme.example", error, str(error), short_of_time=False)
    assert found.message.startswith("acme.example: ")
    assert what in found.message
    assert hint in found.hint
    assert found.hint.endswith("the next look tries again")


def test_doctor_says_a_name_once(closed: str) -> None:
    """Where a source is called by its host, the host does not stand twice in a line."""
    host = closed.removeprefix("http://")
    talk = client(closed, who=host)
    (check,) = diagnose(talk, lambda: str(talk.get("/")), cost="1 request a look")
    assert check.what == host
    assert host not in check.detail
