"""Logging in by a token: cookies, the end of sessions, and requests that other pages make."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
from flask import render_template_string
from hypothesis import given
from hypothesis import strategies as st

from gate.service.auth.csrf import origin_of, token_for
from gate.service.auth.guards import public
from gate.service.auth.pages import safe_next
from gate.store.token_text import new_token
from tests.support import ordered

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from gate.store import Store
    from tests.service.auth.conftest import MakeApp, MakeToken
    from tests.support import ManualClock

HTTPS = "https://gate.example"
FAILED = 10
"""Logins of an address, then the form is closed to it."""


def log_in(client: FlaskClient, token: str, **more: str) -> TestResponse:
    """Send the form as a browser does."""
    return client.post("/login", data={"token": token, **more}, headers={"Origin": "http://localhost"})


def secret_of(client: FlaskClient, name: str = "gate") -> str:
    """Return what the session's cookie holds."""
    cookie = client.get_cookie(name)
    return cookie.value if cookie else ""


def override(client: FlaskClient, run: str, **headers: str) -> TestResponse:
    """Approve a run as the page would."""
    return client.post(f"/v1/runs/{run}/approve", json={"reason": "It is known."}, headers=headers)


@pytest.fixture
def run(store: Store) -> str:
    """A run to override."""
    return ordered(store)


def test_logging_in_and_out(client: FlaskClient, make_token: MakeToken) -> None:
    """A token opens a session that goes where one wanted to go, may do what the token may, and ends when one says so."""
    page = client.get("/login?next=/runs/1")
    assert 'name="next" value="/runs/1"' in page.text
    assert page.content_type.startswith("text/html")
    answer = log_in(client, f" {make_token('read')}\n", next="/runs/1")
    assert (answer.status_code, answer.location) == (303, "/runs/1")
    assert client.get("/v1/runs").status_code == 200
    before = secret_of(client)
    assert client.post("/logout").status_code == 403
    out = client.post("/logout", data={"csrf_token": token_for(before)})
    assert (out.status_code, out.location) == (303, "/login")
    assert secret_of(client) == ""
    client.set_cookie("gate", before)
    assert client.get("/v1/runs").status_code == 401


def test_cookies_over_http_and_https(make_app: MakeApp, make_token: MakeToken) -> None:
    """No script reads the cookie, no other site's form sends it; over https it belongs to this host and to https alone."""
    plain = log_in(make_app().test_client(), make_token("read")).headers["Set-Cookie"]
    assert re.fullmatch(r"gate=[\w-]{43}; Expires=[^;]+; Max-Age=43200; HttpOnly; Path=/; SameSite=Lax", plain)
    browser = make_app(public_url=HTTPS).test_client()
    answer = browser.post("/login", data={"token": make_token("read")}, headers={"Origin": HTTPS}, base_url=HTTPS)
    parts = answer.headers["Set-Cookie"].split("; ")
    assert parts[0].startswith("__Host-gate=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(parts)
    assert not any(part.startswith("Domain") for part in parts)
    assert browser.get("/v1/runs", base_url=HTTPS).status_code == 200
    secret = parts[0].partition("=")[2]
    stranger = make_app(public_url=HTTPS).test_client()
    stranger.set_cookie("gate", secret)
    assert stranger.get("/v1/runs").status_code == 401


def test_a_session_is_limited_as_its_token_is(
    client: FlaskClient, make_token: MakeToken, store: Store, run: str
) -> None:
    """It sees the runs of the token's repositories only, and has its roles only."""
    mine = ordered(store, {"repository": "acme/app"})
    log_in(client, make_token("read", repositories=["acme/app"]))
    csrf = {"X-CSRF-Token": token_for(secret_of(client))}
    assert [client.get(f"/v1/runs/{each}").status_code for each in (mine, run)] == [200, 404]
    assert override(client, mine, **csrf).status_code == 403


@pytest.mark.parametrize("how", ["idle", "long", "revoked", "expired"])
def test_sessions_end(client: FlaskClient, make_token: MakeToken, store: Store, clock: ManualClock, how: str) -> None:
    """Left alone for two hours, after twelve in any case, and with the token that opened it."""
    log_in(
        client, make_token("read", name="ann", expires_at=clock.now() + timedelta(hours=13 if how != "expired" else 3))
    )
    steps = {"idle": [119, 120], "long": [100] * 8, "revoked": [1, 0], "expired": [100, 80]}[how]
    for number, minutes in enumerate(steps):
        clock.wait(timedelta(minutes=minutes))
        if how == "revoked" and number == len(steps) - 1:
            store.revoke_token("ann", "bob")
        last = number == len(steps) - 1
        assert client.get("/v1/runs").status_code == (401 if last else 200), number


def test_a_session_cannot_be_planted(client: FlaskClient, make_token: MakeToken) -> None:
    """A secret that somebody put into the browser before, even one of a session of theirs, is not what one gets."""
    log_in(client, make_token("read", name="mallory"))
    planted = secret_of(client)
    log_in(client, make_token("override", name="ann"))
    assert secret_of(client) != planted
    client.set_cookie("gate", planted)
    assert client.get("/v1/runs").status_code == 401
    client.set_cookie("gate", "chosen-by-mallory")
    log_in(client, make_token("override", name="bob"))
    assert secret_of(client) != "chosen-by-mallory"


def test_only_our_page_changes_things(client: FlaskClient, make_token: MakeToken, run: str, store: Store) -> None:
    """With a cookie, what changes something needs the session's own token and our origin; one without the other won't do."""
    log_in(client, make_token("override", name="ann"))
    secret = secret_of(client)
    right = token_for(secret)
    for headers in (
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": token_for("another session")},
        {"X-CSRF-Token": secret},
        {"Origin": "http://localhost"},
        {"X-CSRF-Token": right, "Origin": "http://evil.example"},
        {"X-CSRF-Token": right, "Origin": "null"},
        {"X-CSRF-Token": right, "Origin": "https://localhost"},
        {"X-CSRF-Token": right, "Origin": "http://localhost.evil.example"},
        {"X-CSRF-Token": right, "Origin": "http://localhost:81"},
        {"X-CSRF-Token": right, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": right, "Sec-Fetch-Site": "same-site"},
    ):
        answer = override(client, run, **headers)
        assert (answer.status_code, answer.get_json()["type"].rpartition(":")[2]) == (403, "csrf"), headers
    assert [event.kind for event in store.events(run)] == ["started"]
    ours = {"X-CSRF-Token": right, "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert override(client, run, **ours).status_code == 200
    assert override(client, run, **{"X-CSRF-Token": right}).status_code == 200


def test_a_token_in_the_header_needs_no_page(client: FlaskClient, make_token: MakeToken, run: str) -> None:
    """No other page can send an Authorization header, so whoever does is not asked where from, cookie or not."""
    log_in(client, make_token("read"))
    assert override(client, run, Authorization=f"Bearer {make_token('override')}").status_code == 200
    assert override(client, run, Authorization="Bearer wrong").status_code == 401


def test_other_pages_cannot_log_people_in(client: FlaskClient, make_token: MakeToken) -> None:
    """A form of another site, with a token of whoever made it, logs nobody in."""
    token = make_token("read")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/login", data={"token": token}, headers=headers).status_code == 403
    assert secret_of(client) == ""


def test_the_page_knows_its_token(make_app: MakeApp, make_token: MakeToken) -> None:
    """Templates have the session's CSRF token, and an empty one where nobody has logged in."""
    app: Flask = make_app()
    app.add_url_rule("/token", "token", lambda: render_template_string("{{ csrf_token }}"))
    app.add_url_rule("/open", "open", public(lambda: render_template_string("[{{ csrf_token }}]")))
    client = app.test_client()
    assert client.get("/open").text == "[]"
    log_in(client, make_token("read"))
    assert client.get("/token").text == token_for(secret_of(client))


def test_trying_logins(client: FlaskClient, make_token: MakeToken, clock: ManualClock) -> None:
    """After ten failures the form is closed to the address for a while, to right tokens too; right ones do not count."""
    right = make_token("read")
    assert [log_in(client, right).status_code for _ in range(FAILED + 2)] == [303] * (FAILED + 2)
    failed = [log_in(client, wrong) for wrong in [new_token(), "x"] * 5]
    assert [each.status_code for each in failed] == [401] * FAILED
    assert 'role="alert"' in failed[0].text
    closed = log_in(client, right)
    assert closed.status_code == 429
    assert 1 <= int(closed.headers["Retry-After"]) <= 900
    elsewhere = client.post("/login", data={"token": right}, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 303
    clock.wait(timedelta(seconds=int(closed.headers["Retry-After"])))
    assert log_in(client, right).status_code == 303


def test_failed_logins_count_for_all_processes(make_app: MakeApp) -> None:
    """Whichever process they reach, no more than ten are looked at."""
    clients = [make_app().test_client() for _ in range(3)]
    answers = [log_in(clients[number % 3], "x").status_code for number in range(15)]
    assert answers == [401] * FAILED + [429] * 5


@given(st.text(st.sampled_from("/\\:.@ \t\r\naevil?#%5c")) | st.text())
def test_a_login_leads_to_this_service(wanted: str) -> None:
    """Whatever stands in ``next``, a browser that follows it stays here."""
    target = safe_next(wanted)
    # Browsers strip what is no printable ASCII at the ends, drop tabs and breaks, and read a backslash as a slash.
    seen = re.sub(r"[\t\r\n]", "", target.strip()).replace("\\", "/")
    assert urlsplit(urljoin(f"{HTTPS}/login", seen)).netloc == "gate.example"
    assert target.startswith("/")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", "",
               "///evil.example", "/%0d%0aSet-Cookie:x=y\r\n", "evil.example", "/" + "a" * 600],
)  # fmt: skip
def test_next_cannot_leave(client: FlaskClient, make_token: MakeToken, wanted: str) -> None:
    """What is no path of this service leads to its first page."""
    assert log_in(client, make_token("read"), next=wanted).location == "/"


def test_next_within(client: FlaskClient, make_token: MakeToken) -> None:
    """A path with its query stays what it is."""
    assert log_in(client, make_token("read"), next="/runs?q=a%20b&x=//y").location == "/runs?q=a%20b&x=//y"


@pytest.mark.parametrize(
    ("url", "origin"),
    [("https://Gate.Example/x", HTTPS), ("https://gate.example:443", HTTPS), ("http://[::1]:8080/", "http://[::1]:8080")],
)  # fmt: skip
def test_origins(url: str, origin: str) -> None:
    """An address and what browsers call its origin are the same thing."""
    assert origin_of(url) == origin


def test_the_login_page_is_plain_and_labelled(client: FlaskClient) -> None:
    """It has a language, a title, one heading, a label for its field, and nothing that the policy forbids."""
    page = client.get("/login").text
    assert '<html lang="en">' in page
    assert "<title>" in page
    assert page.count("<h1") == 1
    assert '<label for="token">' in page
    assert not re.search(r"<script>|style=|onclick|javascript:", page)
