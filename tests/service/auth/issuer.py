"""A real issuer of identity tokens on 127.0.0.1, with keys made for the test, which can also sign what it should not."""

from __future__ import annotations

import json
import ssl
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.servers.http_server import Recorded

CLIENT, CLIENT_SECRET = "gate", "client-secret-of-the-test"


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key, the same for a name as long as the tests run: making one takes a while."""
    return _made(name, bits)


@cache
def _made(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@dataclass
class Issuer:
    """Signs tokens, publishes its keys, and plays the provider of a login."""

    server: Server
    kids: list[str] = field(default_factory=lambda: ["one"])
    """Of the keys that are published."""
    extra: list[dict[str, Any]] = field(default_factory=list)
    """More entries of the key set, as they are."""
    down: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    """Stands over what the discovery document says otherwise."""
    person: dict[str, Any] = field(default_factory=dict)
    """Claims of whoever logs in; they stand over the usual ones."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    nonce: str | None = None
    """In place of the one that was sent."""

    @property
    def url(self) -> str:
        """What it calls itself."""
        return self.server.url

    def sign(self, claims: Mapping[str, Any], kid: str = "one", **headers: object) -> str:
        """Return a token signed with one of its keys."""
        return jwt.encode(dict(claims), rsa_key(kid), "RS256", {"kid": kid, **headers})

    def sign_by_hand(self, header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
        """Return a token such as no library would make."""
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, dict(claims)))
        return (signed + b"." + _encoded(sign(signed))).decode()

    def answer(self, request: Recorded) -> Reply:
        """Play the server."""
        if self.down:
            return Reply(503)
        match request.path:
            case "/.well-known/openid-configuration":
                ends = {"jwks_uri": "/jwks", "authorization_endpoint": "/authorize", "token_endpoint": "/token"}
                return Reply.of({"issuer": self.url, **{n: self.url + e for n, e in ends.items()}, **self.metadata})
            case "/jwks":
                return Reply.of({"keys": [*(published(kid) for kid in self.kids), *self.extra]})
            case "/token":
                return self._token(request)
        return Reply(404)

    def asked(self, path: str) -> int:
        """Return how often it was asked for that."""
        return sum(request.path == path for request in self.server.requests)

    def log_in(self, url: str, code: str = "code-1") -> dict[str, str]:
        """Let the person log in at the address the browser was sent to; return the query it comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def _token(self, request: Recorded) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        who = b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = _encoded(sha256(form.get("code_verifier", "").encode()).digest()).decode()
        if asked is None or challenge != asked["code_challenge"] or asked["redirect_uri"] != form.get("redirect_uri"):
            return Reply.of({"error": "invalid_grant"}, 400)
        if who != f"{CLIENT}:{CLIENT_SECRET}":
            return Reply.of({"error": "invalid_client"}, 401)
        claims = {"iss": self.url, "aud": CLIENT, "nonce": self.nonce or asked["nonce"], **self.person}
        return Reply.of({"access_token": "at", "token_type": "Bearer", "id_token": self.sign(claims)})


def published(kid: str, bits: int = 2048, **changes: object) -> dict[str, Any]:
    """Return the public half of a key, as it stands in a key set."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(kid, bits).public_key()))
    return {**public, "kid": kid, "alg": "RS256", "use": "sig", **changes}


class _Encrypted(Server):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")


def tls_server(folder: Path) -> Server:
    """Return a server with a certificate of its own, ``certificate.pem`` in the folder."""
    key, name = rsa_key("tls"), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return _Encrypted(context)
