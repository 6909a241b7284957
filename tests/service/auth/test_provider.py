"""Logging in by an OpenID provider: the code flow with PKCE, state and nonce, against a real local one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from gate.errors import SourceRefused, UsageFault
from gate.service.auth.csrf import token_for
from tests.support import DEPLOY, ordered

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from gate.store import Store
    from tests.service.auth.conftest import MakeApp
    from tests.service.auth.issuer import Issuer
    from tests.support import ManualClock

HERE = "https://gate.example"
NOW = int(DEPLOY.timestamp())
ANN = {"sub": "1", "email": "ann@acme.example", "email_verified": True, "groups": ["release-managers"]}


@pytest.fixture(autouse=True)
def _ann(issuer: Issuer) -> None:
    issuer.person = {**ANN, "iat": NOW, "exp": NOW + 300}


@pytest.fixture
def client(make_app: MakeApp, login_settings: dict[str, Any]) -> FlaskClient:
    """A browser before a service whose people log in by the provider."""
    return make_app(**login_settings).test_client()


def depart(client: FlaskClient, following: str = "/runs/1") -> str:
    """Follow the link of the login page; return where the browser is sent."""
    page = client.get("/login", query_string={"next": following}, base_url=HERE)
    assert "/login/provider?next=" in page.text
    answer = client.get("/login/provider", query_string={"next": following}, base_url=HERE)
    assert answer.status_code == 303
    return str(answer.location)


def arrive(client: FlaskClient, query: dict[str, str]) -> TestResponse:
    """Come back from the provider."""
    return client.get(f"/login/callback?{urlencode(query)}", base_url=HERE)


def logged_in(client: FlaskClient) -> bool:
    """Whether the browser has a session."""
    return client.get("/v1/runs", base_url=HERE).status_code == 200


def test_logging_in(client: FlaskClient, issuer: Issuer, store: Store) -> None:
    """Somebody the provider knows gets the roles of their groups, goes where they wanted to, and is named in the log."""
    url = depart(client)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{issuer.url}/authorize?")
    assert asked["redirect_uri"] == f"{HERE}/login/callback"
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    answer = arrive(client, issuer.log_in(url))
    assert (answer.status_code, answer.location) == (303, "/runs/1")
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(each.startswith("__Host-gate=") and "Secure" in each for each in cookies)
    assert any(each.startswith("__Host-gate-login=;") for each in cookies)
    run, session = ordered(store), client.get_cookie("__Host-gate", "gate.example")
    assert session
    csrf = {"X-CSRF-Token": token_for(session.value), "Origin": HERE}
    said = client.post(f"/v1/runs/{run}/approve", json={"reason": "Known."}, headers=csrf, base_url=HERE)
    assert said.status_code == 200
    assert store.events(run)[-1].data["by"] == "login:ann@acme.example"


@pytest.mark.parametrize(
    "person",
    [
        {"groups": ["others"]},
        {"groups": None},
        {"groups": "*"},
        {"groups": [["release-managers"], {"a": 1}]},
        {"aud": "another-client"},
        {"aud": ["gate", "another-client"]},
        {"aud": ["gate"], "azp": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": NOW - 31},
        {"iat": NOW + 31},
        {"nonce": "another"},
        {"at_hash": "wrong"},
    ],
    ids=str,
)
def test_who_is_not_let_in(client: FlaskClient, issuer: Issuer, person: dict[str, Any]) -> None:
    """Nobody without a role, and no token of another login, client, provider or time."""
    issuer.person |= person
    answer = arrive(client, issuer.log_in(depart(client)))
    assert answer.status_code == 403
    assert "did not succeed" in answer.text
    assert not logged_in(client)


def test_a_replayed_answer(client: FlaskClient, issuer: Issuer) -> None:
    """An answer that was used logs nobody in again, with whatever code."""
    query = issuer.log_in(depart(client))
    assert arrive(client, query).status_code == 303
    client.delete_cookie("__Host-gate", domain="gate.example")
    issuer.log_in(depart(client), code="code-2")
    for again in (query, {**query, "code": "code-2"}):
        assert arrive(client, again).status_code == 403
    assert not logged_in(client)


def test_an_answer_for_another_browser(make_app: MakeApp, login_settings: dict[str, Any], issuer: Issuer) -> None:
    """Whoever sends somebody the answer to a login of their own does not log them in; and it is used up by that."""
    app = make_app(**login_settings)
    mallory, ann = app.test_client(), app.test_client()
    query = issuer.log_in(depart(mallory))
    depart(ann)
    assert arrive(ann, query).status_code == 403
    assert arrive(mallory, query).status_code == 403
    assert not logged_in(ann)


def test_answers_that_cannot_be(client: FlaskClient, issuer: Issuer, clock: ManualClock) -> None:
    """No state, a made-up one, a refusal, no code, another provider's answer, or one that took too long: no login."""
    for change in ({"state": ""}, {"state": "made up"}, {"error": "access_denied"}, {"code": ""}, {"code": "made-up"},
                   {"iss": "https://evil.example"}):  # fmt: skip
        assert arrive(client, {**issuer.log_in(depart(client)), **change}).status_code == 403, change
    query = issuer.log_in(depart(client))
    clock.wait(timedelta(minutes=10))
    assert arrive(client, query).status_code == 403
    assert not logged_in(client)


def test_a_code_without_its_verifier(client: FlaskClient, issuer: Issuer) -> None:
    """A code that was issued for another login's challenge is refused by the provider."""
    first = issuer.log_in(depart(client), code="stolen")
    second = issuer.log_in(depart(client), code="own")
    assert first["state"] != second["state"]
    assert arrive(client, {"code": "stolen", "state": second["state"]}).status_code == 403


@pytest.mark.parametrize(("verified", "status"), [(True, 303), (False, 403), ("true", 403), (None, 403)])
def test_roles_by_mail(
    make_app: MakeApp, login_settings: dict[str, Any], issuer: Issuer, verified: object, status: int
) -> None:
    """An address counts if the provider vouches for it: in some, people write into their profiles what they like."""
    login_settings["login"] |= {"claim": "email", "roles": {"ann@acme.example": ["read"]}}
    issuer.person["email_verified"] = verified
    client = make_app(**login_settings).test_client()
    assert arrive(client, issuer.log_in(depart(client))).status_code == status


def test_roles_for_everybody(make_app: MakeApp, login_settings: dict[str, Any], issuer: Issuer) -> None:
    """Who can log in at all has the roles of ``*``."""
    login_settings["login"]["roles"] = {"*": ["read"]}
    issuer.person["groups"] = None
    client = make_app(**login_settings).test_client()
    assert arrive(client, issuer.log_in(depart(client))).status_code == 303
    assert logged_in(client)


def test_a_provider_that_is_down(client: FlaskClient, issuer: Issuer, clock: ManualClock) -> None:
    """The page says that the login did not succeed, before the journey and after it; a token still logs one in."""
    issuer.down = True
    assert client.get("/login/provider", base_url=HERE).status_code == 403
    issuer.down = False
    clock.wait(timedelta(minutes=1))
    query = issuer.log_in(depart(client))
    issuer.down = True
    assert arrive(client, query).status_code == 403


def test_a_provider_over_http(client: FlaskClient, issuer: Issuer) -> None:
    """People are not sent to an address where others could read along."""
    issuer.metadata = {"authorization_endpoint": "http://login.example/authorize"}
    assert client.get("/login/provider", base_url=HERE).status_code == 403


def test_a_provider_that_wants_the_secret_in_the_form(client: FlaskClient, issuer: Issuer) -> None:
    """The client's secret goes into the form where the provider takes it there only, and never to a browser."""
    issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert "secret" not in depart(client)
    arrive(client, issuer.log_in(depart(client)))
    sent = next(request for request in issuer.server.requests if request.path == "/token")
    assert b"client_secret=client-secret-of-the-test" in sent.body
    assert "authorization" not in sent.headers


def test_beginning_logins_is_limited(client: FlaskClient) -> None:
    """Nobody fills the database with logins that are never finished."""
    statuses = [client.get("/login/provider", base_url=HERE).status_code for _ in range(12)]
    assert statuses == [303] * 10 + [429] * 2


def test_a_provider_needs_its_settings(make_app: MakeApp, login_settings: dict[str, Any]) -> None:
    """Without the service's own address, or the client's secret, the service says so when it starts."""
    with pytest.raises(UsageFault, match="public_url"):
        make_app(login=login_settings["login"])
    login_settings["login"]["client_secret"] = "${NOT_SET}"
    with pytest.raises(SourceRefused, match="NOT_SET"):
        make_app(**login_settings)


def test_no_provider(make_app: MakeApp) -> None:
    """Without one the login page offers none, and its addresses are not there."""
    client = make_app().test_client()
    assert "/login/provider" not in client.get("/login").text
    assert client.get("/login/callback").status_code == 401
