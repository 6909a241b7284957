"""Login by an OpenID provider: authorization code flow with PKCE, state and nonce (RFC 9700, OpenID Connect Core 1.0)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import RequestException

from gate.errors import GateError, UsageFault
from gate.http import Adapter, Deadline, Limits, address_problem, guard
from gate.service.auth.identity import LEEWAY, Forged, claims_of
from gate.service.auth.issuers import Unreachable
from gate.service.auth.principals import roles_of
from gate.store import Login
from gate.store.token_text import hash_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from authlib.integrations.requests_client import OAuth2Session

    from gate.ports import Clock
    from gate.service.auth.issuers import Issuer
    from gate.service.auth.principals import Role
    from gate.service.sections import Login as LoginSettings
    from gate.store import Store

CALLBACK = "/login/callback"
PATIENCE = timedelta(seconds=5)
TIME_TO_LOG_IN = timedelta(minutes=10)
ALGORITHMS = frozenset({"RS256", "PS256", "ES256"})
EVERYBODY = "*"


class LoginFailed(Exception):
    """Nobody is logged in; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider vouches for."""

    name: str
    roles: frozenset[Role]


class Provider:
    """Sends people to the provider, and reads what they bring back."""

    def __init__(
        self, login: LoginSettings, secret: str, public_url: str, issuer: Issuer, store: Store, clock: Clock
    ) -> None:
        """Take the settings and the client's secret.

        Raises:
            UsageFault: the service does not know its own address, to which the provider must send people back.
        """
        if not public_url:
            message = "login by a provider needs public_url"
            raise UsageFault(message, hint="write the service's address into service.yml: public_url: https://…")
        self._login = login
        self._secret = secret
        self._return = public_url.rstrip("/") + CALLBACK
        self._issuer = issuer
        self._store = store
        self._clock = clock

    def start(self, following: str) -> tuple[str, str]:
        """Begin a login; return the address to send the browser to, and a secret to leave in a cookie of it.

        Raises:
            LoginFailed: the provider does not answer.
        """
        state, browser, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(4))
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._endpoint("authorization_endpoint"), state=state, code_verifier=verifier, nonce=nonce
            )
        ends = self._clock.now() + TIME_TO_LOG_IN
        self._store.begin_login(state, Login(hash_of(browser), nonce, verifier, following, ends))
        return url, browser

    def finish(self, answer: Mapping[str, str], browser: str) -> tuple[Person, str]:
        """Return who has logged in, and where they wanted to go.

        Args:
            answer: the query with which the browser came back.
            browser: what its cookie holds.

        Raises:
            LoginFailed: it is not an answer to a login of this browser, the provider refused, or may not be believed.
        """
        login = self._store.take_login(answer.get("state", ""))
        if login is None:
            message = "the state is unknown, was used before, or is too old"
            raise LoginFailed(message)
        if not hmac.compare_digest(login.browser, hash_of(browser)):
            message = "the login was begun in another browser"
            raise LoginFailed(message)
        if "error" in answer or not answer.get("code"):
            message = f"the provider refused: {answer.get('error', 'no code')[:100]!r}"
            raise LoginFailed(message)
        if answer.get("iss", self._issuer.url) != self._issuer.url:  # RFC 9207
            message = "the answer is of another provider"
            raise LoginFailed(message)
        return self._person(self._tokens(answer["code"], login), login), login.next

    def _tokens(self, code: str, login: Login) -> Mapping[str, Any]:
        from authlib.integrations.base_client import OAuthError

        url = self._endpoint("token_endpoint")
        try:
            with self._session(url) as session:
                found: Mapping[str, Any] = session.fetch_token(
                    url, code=code, code_verifier=login.verifier, allow_redirects=False
                )
        except GateError as fault:
            raise LoginFailed(fault.message) from None
        except (OAuthError, RequestException, ValueError) as error:
            message = f"the provider gave no token for the code: {type(error).__name__}"
            raise LoginFailed(message) from None
        return found

    def _person(self, tokens: Mapping[str, Any], login: Login) -> Person:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        now, audience = self._clock.now(), self._login.client_id
        try:
            header, claims = claims_of(
                str(tokens.get("id_token")), self._issuer, audience=audience, algorithms=ALGORITHMS, now=now
            )
            parameters = {"nonce": login.nonce, "client_id": audience, "access_token": tokens.get("access_token")}
            CodeIDToken(claims, header, {}, parameters).validate(int(now.timestamp()), int(LEEWAY.total_seconds()))
        except (Forged, JoseError) as why:
            message = f"the identity token is not valid: {why}"
            raise LoginFailed(message) from None
        except Unreachable:
            message = "the provider's keys cannot be had"
            raise LoginFailed(message) from None
        name = claims["email"] if _verified(claims) else claims.get("sub")
        roles = roles_of(role for value in self._values(claims) for role in self._login.roles.get(value, ()))
        if not (roles and name):
            message = f"{str(name)[:100]!r} has no role here by {self._login.claim!r}"
            raise LoginFailed(message)
        return Person(f"login:{str(name)[:150]}", roles)

    def _values(self, claims: Mapping[str, Any]) -> list[str]:
        """Return what the claim holds that roles go by."""
        value = claims.get(self._login.claim)
        if self._login.claim == "email" and not _verified(claims):
            value = None  # People may write any address into some providers' profiles.
        found = value if isinstance(value, list) else [value]
        # Everybody has what "*" gives, so a group of that name at the provider adds nothing.
        return [EVERYBODY, *(each for each in found if isinstance(each, str))]

    def _says(self) -> Mapping[str, Any]:
        try:
            return self._issuer.metadata()
        except Unreachable:
            message = "the provider does not answer"
            raise LoginFailed(message) from None

    def _endpoint(self, name: str) -> str:
        url = str(self._says().get(name))
        if problem := address_problem(url, option=f"the provider's {name}", query=True):
            raise LoginFailed(problem)
        return url

    def _session(self, url: str = "") -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session

        methods = self._says().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" in methods
        session = OAuth2Session(
            self._login.client_id,
            self._secret,
            scope="openid email profile",
            redirect_uri=self._return,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
        )
        parts = urlsplit(url or self._issuer.url)
        adapter = Adapter(f"{parts.scheme}://{parts.netloc}", secrets=(self._secret,), limits=Limits(body=512 * 1024))
        adapter.deadline = Deadline(self._clock, PATIENCE)
        guard(session, adapter)
        return session


def _verified(claims: Mapping[str, Any]) -> bool:
    return claims.get("email_verified") is True and isinstance(claims.get("email"), str)
