"""What anybody, and what somebody known, may do: tokens, roles, repositories, limits, headers, logs."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client import generate_latest

from gate.cli.logs import JsonFormatter, TextFormatter
from gate.cli.tokens import first_token
from gate.service.auth.addresses import network_of
from gate.service.auth.headers import ALWAYS
from gate.service.auth.principals import IMPLIED, Principal, Role, roles_of
from gate.service.metrics import OWN
from gate.store.token_text import new_token
from tests.support import ordered

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from gate.store import Store
    from tests.service.auth.conftest import MakeApp, MakeToken
    from tests.support import ManualClock

OPEN = {"/healthz", "/readyz", "/login"}


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def paths(app: Flask) -> list[tuple[str, str]]:
    """Return every method and path there is, with something in place of its variables."""
    found = []
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<{name}>", "x").replace(f"<path:{name}>", "x").replace(f"<string:{name}>", "x")
        found += [(method, path) for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    return found


def test_nothing_is_open_but_health_and_login(make_app: MakeApp) -> None:
    """Of all addresses there are, and of some that there are not, anybody gets health, the login and static files."""
    app = make_app()
    assert app.test_client().post("/webhooks/github").status_code == 404, "nobody listens where there is no App"
    others = OPEN | {"/webhooks/github"}
    known = [each for each in paths(app) if each[1] not in others and not each[1].startswith("/static/")]
    assert len(known) > 8
    for method, path in [*known, ("GET", "/nothing"), ("GET", "/v1/nothing"), ("OPTIONS", "/v1/runs"), ("PUT", "/")]:
        answer = app.test_client().open(path, method=method)
        assert answer.status_code == 401, f"{method} {path}"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for path in OPEN:
        assert app.test_client().get(path).status_code == 200


def test_people_are_sent_to_the_login(client: FlaskClient) -> None:
    """A browser that asks for a page logs in first and then gets there; a program is told what to send."""
    page = client.get("/runs/1?tab=log", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.location) == (303, "/login?next=/runs/1?tab%3Dlog")
    assert client.get("/v1/runs", headers={"Accept": "text/html"}).status_code == 401
    problem = client.get("/v1/runs")
    assert problem.content_type == "application/problem+json"
    assert "Authorization: Bearer" in problem.get_json()["hint"]


def test_ways_to_show_a_token(client: FlaskClient, make_token: MakeToken) -> None:
    """As a bearer, alone, or as a user or password, as service connections of Azure Pipelines send it."""
    token = make_token("read")
    user, password = (b64encode(text.encode()).decode() for text in (f"{token}:", f"any:{token}"))
    for way in (f"Bearer {token}", f"bearer  {token}", f"token {token}", token, f"Basic {user}", f"basic {password}"):
        assert client.get("/v1/runs", headers={"Authorization": way}).status_code == 200, way


def test_what_is_no_token(client: FlaskClient) -> None:
    """Anything else is refused, and whatever is wrong with a token of our form, the words are the same."""
    for header in (
        "Bearer",
        "Bearer x",
        "Basic !",
        "Basic /w==",
        "Digest a=b",
        "Bearer é",
        "Bearer a.b.c",
        "Bearer " + "a" * 20_000,
    ):
        assert client.get("/v1/runs", headers={"Authorization": header}).status_code == 401, header
    said = {
        client.get("/v1/runs", headers=bearer(each)).get_json()["detail"] for each in ("sgate_" + "0" * 49, new_token())
    }
    assert said == {"the token is not valid"}


def test_a_token_that_ended(client: FlaskClient, make_token: MakeToken, store: Store, clock: ManualClock) -> None:
    """An expired token is refused from that moment on, a revoked one within a second, as it is remembered for so long."""
    expiring = make_token("read", name="a", expires_at=clock.now() + timedelta(hours=1))
    revoked = make_token("read", name="b")
    assert [client.get("/v1/runs", headers=bearer(each)).status_code for each in (expiring, revoked)] == [200, 200]
    clock.wait(timedelta(hours=1) - timedelta(seconds=0.5))
    assert [client.get("/v1/runs", headers=bearer(each)).status_code for each in (expiring, revoked)] == [200, 200]
    store.revoke_token("b", "ann")
    clock.wait(timedelta(seconds=0.5))
    assert client.get("/v1/runs", headers=bearer(expiring)).status_code == 401
    clock.wait(timedelta(seconds=0.5))
    assert client.get("/v1/runs", headers=bearer(revoked)).status_code == 401


def test_the_first_token_opens_everything(client: FlaskClient, store: Store, clock: ManualClock) -> None:
    """What the first start prints lets its reader in, for a week; later starts print nothing."""
    token = first_token(store, clock)
    assert token
    assert client.get("/v1/runs", headers=bearer(token)).status_code == 200
    assert first_token(store, clock) is None
    clock.wait(timedelta(days=7))
    assert client.get("/v1/runs", headers=bearer(token)).status_code == 401


def test_what_comes_with_a_role() -> None:
    """Every role lets one see runs, admin is every role, and a name that is no role gives nothing."""
    assert all(Role.READ in implied for implied in IMPLIED.values())
    assert set(IMPLIED) == set(Role)
    assert roles_of(["admin"]) == set(Role)
    assert roles_of(["run", "root", "*"]) == {Role.RUN, Role.READ}


@pytest.mark.parametrize(
    ("roles", "answers"),
    [
        (["read"], (200, 403, 403)),
        (["run"], (200, 403, 403)),
        (["override"], (200, 200, 200)),
        (["admin"], (200, 200, 200)),
    ],
)
def test_roles(
    client: FlaskClient, make_token: MakeToken, store: Store, roles: list[str], answers: tuple[int, ...]
) -> None:
    """Who may read may not override, who may start runs neither."""
    run = ordered(store)
    headers = bearer(make_token(*roles))
    said = {"reason": "It is known."}
    assert (
        client.get(f"/v1/runs/{run}", headers=headers).status_code,
        client.post(f"/v1/runs/{run}/approve", headers=headers, json=said).status_code,
        client.post(f"/v1/runs/{run}/reject", headers=headers, json=said).status_code,
    ) == answers


def test_another_repository_s_run(client: FlaskClient, make_token: MakeToken, store: Store) -> None:
    """A token of one repository finds no run of another, nor one without: it looks as if there were none, in any way."""
    mine, other, bare = (
        ordered(store, labels) for labels in ({"repository": "acme/app"}, {"repository": "acme/other"}, {})
    )
    headers = bearer(make_token("run", "override", repositories=["acme/app"]))
    assert client.get(f"/v1/runs/{mine}", headers=headers).status_code == 200
    missing = client.get("/v1/runs/261121-202630-aaaaaa", headers=headers).get_json()
    for run in (other, bare):
        for part in ("", "/verdict", "/log", "/evidence", "/events"):
            assert client.get(f"/v1/runs/{run}{part}", headers=headers).status_code == 404, part
        for part in ("approve", "reject", "cancel"):
            answer = client.post(f"/v1/runs/{run}/{part}", headers=headers, json={"reason": "mine now"})
            assert answer.status_code == 404, part
        told = client.get(f"/v1/runs/{run}", headers=headers).get_json()
        assert told["detail"].replace(run, "") == missing["detail"].replace("261121-202630-aaaaaa", "")
        assert {**told, "detail": "", "request": ""} == {**missing, "detail": "", "request": ""}
    listed = client.get("/v1/runs", headers=headers).get_json()
    assert [each["id"] for each in listed["runs"]] == [mine]


def test_labels_of_a_run_that_is_started() -> None:
    """Whoever has one repository need not name it, nobody may name another's, and what is certain stands over all."""
    one = Principal("a", frozenset(Role), frozenset({"acme/app"}), "token")
    two = Principal("b", frozenset(Role), frozenset({"acme/app", "acme/web"}), "token")
    sure = Principal(
        "c", frozenset(Role), frozenset({"acme/app"}), "github", {"repository": "acme/app", "actor": "ann"}
    )
    everywhere = Principal("d", frozenset(Role), None, "token")
    reader = Principal("e", frozenset({Role.READ}), None, "token")
    assert one.labelled({"team": "x"}) == {"repository": "acme/app", "team": "x"}
    assert one.labelled({"repository": "acme/web"}) is None
    assert two.labelled({}) is None
    assert two.labelled({"repository": "acme/web"}) == {"repository": "acme/web"}
    assert sure.labelled({"repository": "evil/x", "actor": "bob"}) == {"repository": "acme/app", "actor": "ann"}
    assert everywhere.labelled({}) == {}
    assert reader.labelled({}) is None


@pytest.mark.parametrize("by", ["token", "session"])
@pytest.mark.parametrize("revoked", [True, False])
def test_a_stream_ends_with_its_token(
    client: FlaskClient, make_token: MakeToken, store: Store, clock: ManualClock, by: str, *, revoked: bool
) -> None:
    """Whoever reads a run as it goes on is cut off a minute after their token is revoked, and nobody else is."""
    run, secret = ordered(store), make_token("read", name="ann")
    if by == "session":
        client.post("/login", data={"token": secret}, headers={"Origin": "http://localhost"})
    stream = client.get(f"/v1/runs/{run}/events", headers=bearer(secret) if by == "token" else {})
    assert stream.status_code == 200
    heard = iter(stream.response)
    said = [next(heard), next(heard)]
    if revoked:
        store.revoke_token("ann", "bob")
    clock.time += timedelta(minutes=1)
    store.append(run, "note", {})
    assert (b"started" in said[1], b"event: note" in next(heard, b"")) == (True, not revoked)
    stream.close()


def test_a_limit_holds_for_all_processes(make_app: MakeApp, make_token: MakeToken, clock: ManualClock) -> None:
    """Two processes together answer a token as often as allowed, then say when to come again; others are not affected."""
    callers = [make_app(limits={"requests_per_minute": 20}).test_client() for _ in range(2)]
    mine, other = bearer(make_token("read")), bearer(make_token("read"))
    answers = [callers[number % 2].get("/v1/runs", headers=mine) for number in range(25)]
    assert [each.status_code for each in answers] == [200] * 20 + [429] * 5
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert callers[0].get("/v1/runs", headers=other).status_code == 200
    clock.wait(timedelta(seconds=int(answers[-1].headers["Retry-After"])))
    assert callers[0].get("/v1/runs", headers=mine).status_code == 200


def test_a_limit_costs_a_write_for_many(
    make_app: MakeApp, make_token: MakeToken, store: Store, clock: ManualClock
) -> None:
    """Of 1,000 a minute a process takes 25 at a time: what it has not spent nobody else has."""
    caller, other = (make_app(limits={"requests_per_minute": 1000}).test_client() for _ in range(2))
    headers = bearer(make_token("read", name="ci"))
    caller.get("/v1/runs", headers=headers)
    ends = clock.now() + timedelta(minutes=1)
    assert store.take_permits("requests ci", ends, 0, 1000) == 0
    assert store.take_permits("requests ci", ends, 975, 1000) == 975
    assert other.get("/v1/runs", headers=headers).status_code == 429
    assert [caller.get("/v1/runs", headers=headers).status_code for _ in range(25)] == [200] * 24 + [429]


def test_trying_tokens(client: FlaskClient, make_token: MakeToken, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever tries many tokens is soon put off and logged once for it; a right token from there is still let in."""
    answers = [client.get("/v1/runs", headers=bearer(new_token())).status_code for _ in range(110)]
    assert answers == [401] * 100 + [429] * 10
    assert sum(message.startswith("refused") for message in caplog.messages) == 102
    assert client.get("/v1/runs", headers=bearer(make_token("read"))).status_code == 200


def test_asking_without_a_token(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks again and again without one fills no log, and health and login stay open to them."""
    answers = [client.get("/v1/runs").status_code for _ in range(150)]
    assert answers == [401] * 100 + [429] * 50
    assert sum(message.startswith("refused") for message in caplog.messages) == 102
    assert [client.get(path).status_code for path in sorted(OPEN)] == [200] * len(OPEN)


def test_headers_of_all_answers(client: FlaskClient, make_app: MakeApp, make_token: MakeToken) -> None:
    """Each answer, a denial and a fault too, forbids scripts of others, framing, sniffing and shared caches."""
    over_https = make_app(public_url="https://gate.example").test_client()
    for path in ("/healthz", "/login", "/v1/runs", "/nothing"):
        for headers in ({}, bearer(make_token("read"))):
            answer = client.get(path, headers=headers)
            assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
            assert "no-store" in answer.headers["Cache-Control"]
            assert "Strict-Transport-Security" not in answer.headers
            assert "Strict-Transport-Security" in over_https.get(path, headers=headers).headers
    policy = ALWAYS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("address", "counted"),
    [("203.0.113.9", "203.0.113.9"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:203.0.113.9", "203.0.113.9"),
     (None, "unknown"), ("unix:", "unix:")],
)  # fmt: skip
def test_what_counts_as_one_address(address: str | None, counted: str) -> None:
    """Of IPv6 the network: whoever has one address there has them all."""
    assert network_of(address) == counted


def test_denials_are_logged(
    client: FlaskClient, make_token: MakeToken, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Each denial has who, from where, what for and why in the log, and each line can be JSON."""
    run = ordered(store, {"repository": "acme/app"})
    make_token("read", name="gone")
    client.get("/v1/runs", headers=bearer(new_token()))
    client.post(f"/v1/runs/{run}/approve", headers=bearer(make_token("read", name="ann")), json={"reason": "x"})
    lines = [record for record in caplog.records if getattr(record, "event", "") == "denied"]
    assert [(line.status, line.by, line.address) for line in lines] == [  # type: ignore[attr-defined]
        (401, "", "127.0.0.1"),
        (403, "ann", "127.0.0.1"),
    ]
    assert "there is no such token" in lines[0].getMessage()
    assert "override" in lines[1].getMessage()
    assert f'"path": "/v1/runs/{run}/approve"' in JsonFormatter().format(lines[1])


def test_overrides_are_logged(
    client: FlaskClient, make_token: MakeToken, store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An override says who, when and why in the chain of the run, and who in the service's log."""
    caplog.set_level(logging.INFO, "gate")
    run = ordered(store)
    said = {"reason": "Support sees nothing."}
    answer = client.post(f"/v1/runs/{run}/approve", headers=bearer(make_token("override", name="ann")), json=said)
    assert answer.status_code == 200
    last = store.events(run)[-1]
    assert (last.kind, last.data["by"], last.data["why"]) == ("approved", "ann", "Support sees nothing.")
    assert last.at == clock.now()
    assert store.verify(run) == []
    assert any("ann" in record.getMessage() and getattr(record, "run", "") == run for record in caplog.records)


def test_no_token_in_any_log(client: FlaskClient, make_token: MakeToken, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever a token is put, right or wrong, no line of the log holds it, in either form."""
    caplog.set_level(logging.DEBUG)
    right, wrong, forged = make_token("read"), new_token(), "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"
    for token in (right, wrong, forged):
        client.get("/v1/runs", headers=bearer(token))
        client.get(f"/v1/runs/{token}", headers=bearer(token))
        client.get(f"/{token}?token={token}", headers={"Accept": "text/html"})
        client.post("/login", data={"token": token, "next": f"/{token}"})
        client.post("/login", data={"token": token}, headers={"Origin": f"https://{token}.example"})
        client.get("/v1/runs", headers={"X-Request-ID": token})
        logging.getLogger("gate").warning("somebody logs %s", token, extra={"by": token, "path": token})
        logging.getLogger("gate").error("a bug", exc_info=ValueError(token))
    lines = "".join(form().format(record) for record in caplog.records for form in (JsonFormatter, TextFormatter))
    assert lines.count("refused") > 10
    assert lines.count("ValueError: (hidden") == 6
    for token in (right, wrong, forged):
        assert token not in lines
        assert token.rpartition(".")[2][-20:] not in lines


def test_made_up_methods_fill_no_memory(client: FlaskClient) -> None:
    """Whatever a stranger calls the method of a request, metrics count it under one name."""
    for number in range(5):
        assert client.open("/v1/runs", method=f"MADE{number}").status_code == 401
    said = generate_latest(OWN).decode()
    assert "MADE" not in said
    assert 'method="other"' in said
