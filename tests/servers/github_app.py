"""How GitHub lets an App in: a token signed by the App's key, and for it one of an installation."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gate.ports import Clock

LEVELS = {"read": 1, "write": 2, "admin": 3}
LONGEST = timedelta(minutes=10)
DRIFT = timedelta(seconds=60)
LIFE = timedelta(hours=1)


class Refused(Exception):
    """A request that GitHub does not do."""

    def __init__(self, status: int, message: str) -> None:
        """Answer so."""
        super().__init__(message)
        self.reply = Reply.of({"message": message, "documentation_url": "https://docs.github.com/rest"}, status)


@cache
def key_pair() -> tuple[str, Any]:
    """Return a private key in PEM, and the public one; making one takes a while."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode(), private.public_key()


@dataclass(frozen=True, slots=True)
class Pass:
    """What a token opens."""

    repositories: frozenset[int]
    permissions: Mapping[str, str]
    expires_at: datetime


@dataclass
class App:
    """One App, installed once."""

    clock: Clock
    id: int = 12345
    client_id: str = "Iv23liAbCdEfGhIjKlMn"
    installation: int = 987
    permissions: dict[str, str] = field(
        default_factory=lambda: {"actions": "read", "contents": "read", "deployments": "write", "metadata": "read"}
    )
    """What its installation was granted."""
    repositories: set[int] = field(default_factory=set)
    issued: dict[str, Pass] = field(default_factory=dict)

    @property
    def private_key(self) -> str:
        """Return what the App signs with."""
        return key_pair()[0]

    def check(self, authorization: str) -> None:
        """Let in who holds the App's key.

        Raises:
            Refused: the token is not one that GitHub takes.
        """
        token = authorization.removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, key_pair()[1], algorithms=["RS256"],
                                options={"verify_exp": False, "verify_iat": False})  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise Refused(401, "A JSON web token could not be decoded") from error
        now = self.clock.now().timestamp()
        if not all(isinstance(claims.get(name), int) for name in ("iat", "exp")):
            raise Refused(401, "Missing 'issued at' or 'expiration time' claim, or it is no whole number")
        if str(claims.get("iss")) not in {str(self.id), self.client_id}:
            raise Refused(401, "Integration not found")
        if claims["iat"] > now + DRIFT.total_seconds():
            raise Refused(
                401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
            )
        if claims["exp"] <= now:
            raise Refused(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if claims["exp"] > now + LONGEST.total_seconds() or claims["exp"] - claims["iat"] > LONGEST.total_seconds():
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")

    def token(self, installation: int, asked: Mapping[str, Any]) -> Reply:
        """Give a token for what was asked, or for all there is.

        Raises:
            Refused: that is more than the installation has.
        """
        if installation != self.installation:
            raise Refused(404, "Not Found")
        repositories = frozenset(asked.get("repository_ids", self.repositories))
        permissions = dict(asked.get("permissions", self.permissions))
        if not repositories <= self.repositories:
            raise Refused(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            )
        for name, level in permissions.items():
            if LEVELS.get(level, 9) > LEVELS.get(self.permissions.get(name, ""), 0):
                raise Refused(422, "The permissions requested are not granted to this installation.")
        made = self.issue(permissions, repositories)
        told = {"token": made, "expires_at": f"{self.issued[made].expires_at:%Y-%m-%dT%H:%M:%SZ}",
                "permissions": permissions, "repository_selection": "selected"}  # fmt: skip
        return Reply.of(told, 201)

    def issue(self, permissions: Mapping[str, str], repositories: frozenset[int] | None = None) -> str:
        """Make a token; of the form GitHub gives out since 2026, longer than any before."""
        parts = ".".join(
            base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (30, 240, 256)
        )
        token = f"ghs_{self.id}_{parts}"
        everything = frozenset(self.repositories)
        self.issued[token] = Pass(repositories or everything, dict(permissions), self.clock.now() + LIFE)
        return token

    def may(self, authorization: str, repository: int, permission: str, level: str) -> None:
        """Let in who holds a token that opens that.

        Raises:
            Refused: it does not.
        """
        token = authorization.removeprefix("Bearer ").removeprefix("token ")
        known = self.issued.get(token)
        if known is None or known.expires_at <= self.clock.now():
            raise Refused(401, "Bad credentials")
        if repository not in known.repositories:
            raise Refused(404, "Not Found")
        # Whatever a token is made for, it may read that.
        if LEVELS[level] > LEVELS.get({"metadata": "read", **known.permissions}.get(permission, ""), 0):
            raise Refused(403, "Resource not accessible by integration")
