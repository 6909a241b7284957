"""Workflows of GitHub Actions: whose tokens are believed, and what they open."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate.errors import UsageFault
from gate.service.auth.issuers import FRESH, PAUSE, RETRY
from gate.service.auth.issuers import Issuer as KnownIssuer
from tests.service.auth.issuer import Issuer, published, rsa_key, tls_server
from tests.support import DEPLOY, ordered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from gate.store import Store
    from tests.service.auth.conftest import MakeApp
    from tests.support import ManualClock

AUDIENCE = "https://gate.example"
NOW = int(DEPLOY.timestamp())
REPOSITORY = {"id": 4711, "name": "acme/app", "refs": ["refs/heads/main", "refs/tags/v*"], "roles": ["run"]}


def settings(issuer: Issuer, *repositories: dict[str, Any]) -> dict[str, Any]:
    """Return settings that trust these repositories."""
    return {"github": {"issuer": issuer.url, "audience": AUDIENCE, "repositories": repositories or (REPOSITORY,)}}


def claims(issuer: Issuer, **changes: object) -> dict[str, Any]:
    """Return what GitHub would say of a workflow; None leaves a claim out."""
    usual = {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": "repo:acme@1/app@4711:ref:refs/heads/main",
        "repository": "acme/app",
        "repository_id": "4711",
        "ref": "refs/heads/main",
        "actor": "ann",
        "sha": "f" * 40,
        "iat": NOW,
        "nbf": NOW - 300,
        "exp": NOW + 300,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def ask(client: FlaskClient, token: str, path: str = "/v1/runs") -> int:
    """Ask for the list of runs, and return the status."""
    return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def client(make_app: MakeApp, issuer: Issuer) -> FlaskClient:
    """A caller of a service that trusts one repository."""
    return make_app(**settings(issuer)).test_client()


def test_a_workflow_is_let_in(client: FlaskClient, issuer: Issuer, store: Store) -> None:
    """It sees the runs of its repository and no other, and may do what the settings say."""
    mine = ordered(store, {"repository": "acme/app"})
    other = ordered(store, {"repository": "acme/other"})
    token = issuer.sign(claims(issuer))
    assert [ask(client, token, f"/v1/runs/{run}") for run in (mine, other)] == [200, 404]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post(f"/v1/runs/{mine}/approve", json={"reason": "x"}, headers=headers).status_code == 403
    assert issuer.asked("/jwks") == 1


def test_tokens_for_others_or_other_times(client: FlaskClient, issuer: Issuer) -> None:
    """A token for another audience or several, of another issuer, too old, too new or of no time is refused."""
    wrong: list[dict[str, object]] = [
        {"aud": "https://other.example"},
        {"aud": [AUDIENCE, "https://other.example"]},
        {"aud": [AUDIENCE]},
        {"aud": None},
        {"aud": AUDIENCE + "/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": NOW - 31},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": NOW + 31},
        {"iat": None},
        {"iat": [NOW]},
        {"nbf": NOW + 31},
        {"nbf": {}},
    ]
    for changes in wrong:
        assert ask(client, issuer.sign(claims(issuer, **changes))) == 401, changes


def test_clocks_may_differ_a_little(client: FlaskClient, issuer: Issuer) -> None:
    """Half a minute is forgiven, not more."""
    near: list[dict[str, object]] = [{"exp": NOW - 29}, {"iat": NOW + 29, "nbf": NOW + 29}, {"nbf": None}]
    for changes in near:
        assert ask(client, issuer.sign(claims(issuer, **changes))) == 200, changes


def _none(issuer: Issuer) -> str:
    return jwt.encode(claims(issuer), "", "none", {"kid": "one"})


def _none_with_signature(issuer: Issuer) -> str:
    return _none(issuer) + issuer.sign(claims(issuer)).rpartition(".")[2]


def _public_key_as_secret(issuer: Issuer) -> str:
    pem = rsa_key("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    return issuer.sign_by_hand(header, claims(issuer), lambda signed: hmac.digest(pem, signed, "sha256"))


def _another_key(issuer: Issuer) -> str:
    return jwt.encode(claims(issuer), rsa_key("mallory"), "RS256", {"kid": "one"})


def _key_in_the_header(issuer: Issuer) -> str:
    brought = {"kid": "one", "jwk": published("mallory"), "jku": "https://evil.example/jwks"}
    return jwt.encode(claims(issuer), rsa_key("mallory"), "RS256", brought)


def _unknown_key(issuer: Issuer) -> str:
    return issuer.sign(claims(issuer), kid="mallory")


def _no_key(issuer: Issuer) -> str:
    return jwt.encode(claims(issuer), rsa_key("one"), "RS256")


def _another_algorithm(issuer: Issuer) -> str:
    return jwt.encode(claims(issuer), rsa_key("one"), "PS256", {"kid": "one"})


def _changed(issuer: Issuer) -> str:
    header, _, signature = issuer.sign(claims(issuer)).split(".")
    other = issuer.sign(claims(issuer, repository_id="1")).split(".")[1]
    return f"{header}.{other}.{signature}"


def _extension(issuer: Issuer) -> str:
    return issuer.sign(claims(issuer), crit=["x"], x=1)


def _nonsense(_issuer: Issuer) -> str:
    return "a.b.c"


def test_forged_tokens(client: FlaskClient, issuer: Issuer) -> None:
    """No signature, one by the public key as a shared secret, by a key of one's own, or by another algorithm: all refused."""
    assert ask(client, issuer.sign(claims(issuer))) == 200
    for forge in (_none, _none_with_signature, _public_key_as_secret, _another_key, _key_in_the_header, _unknown_key,
                  _no_key, _another_algorithm, _changed, _extension, _nonsense):  # fmt: skip
        assert ask(client, forge(issuer)) == 401, forge.__name__


@pytest.mark.parametrize(
    "entry",
    [published("weak", 1024), published("weak", use="enc"), published("weak", alg="RSA-OAEP"), {"kty": "oct", "k": "YQ"},
     {"kty": "RSA", "kid": "weak"}, "x"],
    ids=["1024 bits", "encrypts", "encrypts by its algorithm", "shared", "empty", "no key"],
)  # fmt: skip
def test_keys_that_must_not_sign(client: FlaskClient, issuer: Issuer, entry: dict[str, Any]) -> None:
    """A key that is too weak, or published for something else, signs nothing; the others do all the same."""
    issuer.extra = [entry]
    key = rsa_key("weak", 1024 if entry == published("weak", 1024) else 2048)
    header = {"alg": "RS256", "kid": "weak"}
    forged = issuer.sign_by_hand(header, claims(issuer), lambda signed: key.sign(signed, PKCS1v15(), SHA256()))
    assert ask(client, forged) == 401
    assert ask(client, issuer.sign(claims(issuer))) == 200


def test_repository_and_ref(client: FlaskClient, issuer: Issuer) -> None:
    """What counts is the repository's number and the ref; names and ``sub`` open nothing and close nothing."""
    cases: list[tuple[dict[str, object], int]] = [
        ({"repository_id": "4712"}, 403),
        ({"repository_id": None}, 403),
        ({"repository_id": 4711}, 200),
        ({"repository": "renamed/app"}, 200),
        ({"repository": None, "sub": None, "actor": None}, 200),
        ({"sub": "repo:evil/x:ref:refs/heads/main"}, 200),
        ({"ref": "refs/heads/mainly"}, 403),
        ({"ref": "refs/pull/7/merge"}, 403),
        ({"ref": "refs/tags/v1.2"}, 200),
        ({"ref": None}, 403),
    ]
    for changes, status in cases:
        assert ask(client, issuer.sign(claims(issuer, **changes))) == status, changes


def test_environments_and_several_entries(make_app: MakeApp, issuer: Issuer, store: Store) -> None:
    """Where environments are named, one of them is needed; entries of one repository add their roles where they match."""
    anywhere = {"id": 4711, "name": "acme/app", "roles": ["read"]}
    production = {"id": 4711, "name": "acme/app", "environments": ["production"], "roles": ["override"]}
    client = make_app(**settings(issuer, anywhere, production)).test_client()
    run = ordered(store, {"repository": "acme/app"})
    for environment, status in ((None, 403), ("staging", 403), ("", 403), ("production", 200)):
        headers = {"Authorization": f"Bearer {issuer.sign(claims(issuer, environment=environment))}"}
        answer = client.post(f"/v1/runs/{run}/approve", json={"reason": "It is known."}, headers=headers)
        assert answer.status_code == status, environment
        assert client.get(f"/v1/runs/{run}", headers=headers).status_code == 200
    assert store.events(run)[-1].data["by"] == "github:acme/app@refs/heads/main"


def test_a_name_that_another_repository_took(make_app: MakeApp, issuer: Issuer, store: Store) -> None:
    """A trusted repository that renames itself to another's old name sees its own runs, not the other's."""
    evil = {"id": 666, "name": "evil/x", "roles": ["run"]}
    client = make_app(**settings(issuer, REPOSITORY, evil)).test_client()
    run = ordered(store, {"repository": "acme/app"})
    token = issuer.sign(claims(issuer, repository="acme/app", repository_id="666"))
    assert ask(client, token) == 200
    assert ask(client, token, f"/v1/runs/{run}") == 404


def test_no_repository_is_trusted_by_default(make_app: MakeApp, issuer: Issuer) -> None:
    """A service that names none believes no workflow, and does not ask its issuer."""
    client = make_app(github={"issuer": issuer.url}).test_client()
    assert ask(client, issuer.sign(claims(issuer))) == 401
    assert issuer.server.requests == []


def test_the_audience(make_app: MakeApp, issuer: Issuer) -> None:
    """It is the service's own address where the settings name no other; a service that knows neither does not start."""
    github = {"issuer": issuer.url, "repositories": [REPOSITORY]}
    client = make_app(github=github, public_url="https://other.example").test_client()
    assert ask(client, issuer.sign(claims(issuer))) == 401
    assert ask(client, issuer.sign(claims(issuer, aud="https://other.example"))) == 200
    with pytest.raises(UsageFault, match="audience"):
        make_app(github=github)


def test_branches_have_one_limit(make_app: MakeApp, issuer: Issuer) -> None:
    """However many branches a repository calls from, it has the requests of one caller; another has its own."""
    mine, other = {"id": 4711, "name": "acme/app", "roles": ["run"]}, {"id": 5, "name": "acme/x", "roles": ["run"]}
    client = make_app(**settings(issuer, mine, other), limits={"requests_per_minute": 4}).test_client()
    tokens = [issuer.sign(claims(issuer, ref=f"refs/heads/feature@{number}")) for number in range(5)]
    assert [ask(client, each) for each in tokens] == [200] * 4 + [429]
    assert ask(client, issuer.sign(claims(issuer, repository_id="5", repository="acme/x"))) == 200


def test_keys_come_over_tls(make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https the issuer's certificate must be one that is trusted here; else nobody's keys are taken."""
    with tls_server(tmp_path) as server:
        issuer = Issuer(server)
        server.answer = issuer.answer
        assert issuer.url.startswith("https://")
        token = issuer.sign(claims(issuer))
        assert ask(make_app(**settings(issuer)).test_client(), token) == 503
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        assert ask(make_app(**settings(issuer)).test_client(), token) == 200


def test_keys_change(client: FlaskClient, issuer: Issuer, clock: ManualClock) -> None:
    """A new key is fetched when its first token comes; whoever makes key ids up has us ask once a minute, not more."""
    assert ask(client, issuer.sign(claims(issuer))) == 200
    clock.wait(PAUSE)
    issuer.kids = ["one", "two"]
    assert ask(client, issuer.sign(claims(issuer), kid="two")) == 200
    assert issuer.asked("/jwks") == 2
    for number in range(20):
        assert ask(client, jwt.encode(claims(issuer), rsa_key("mallory"), "RS256", {"kid": f"made-up-{number}"})) == 401
    assert issuer.asked("/jwks") == 2
    clock.wait(PAUSE)
    assert ask(client, issuer.sign(claims(issuer), kid="three")) == 401
    assert issuer.asked("/jwks") == 3


def test_an_outage_locks_out_nobody_known(client: FlaskClient, issuer: Issuer, clock: ManualClock) -> None:
    """While GitHub's keys cannot be had, those known are good; without any, the answer is to try again, not a denial."""
    issuer.down = True
    assert ask(client, issuer.sign(claims(issuer))) == 503
    asked = len(issuer.server.requests)
    assert ask(client, issuer.sign(claims(issuer))) == 503
    assert len(issuer.server.requests) == asked
    issuer.down = False
    clock.wait(RETRY)
    assert ask(client, issuer.sign(claims(issuer))) == 200
    issuer.down = True
    clock.wait(PAUSE)
    assert ask(client, issuer.sign(claims(issuer), kid="two")) == 503
    assert ask(client, issuer.sign(claims(issuer))) == 200


def test_a_key_that_was_withdrawn(issuer: Issuer, clock: ManualClock) -> None:
    """It is looked for newer keys once an hour, beside the request that finds the old ones aged; a withdrawn one is gone."""
    later: list[Callable[[], None]] = []
    known = KnownIssuer(issuer.url, clock, background=later.append)
    assert known.key("one")
    clock.wait(FRESH - timedelta(seconds=1))
    assert known.key("one")
    assert not later
    issuer.kids = ["two"]
    clock.wait(timedelta(seconds=1))
    assert known.key("one")
    later.pop()()
    assert known.key("one") is None
    assert known.key("two")
    issuer.down = True
    clock.wait(10 * FRESH)
    assert known.key("two")
    later.pop()()
    assert known.key("two")


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"jwks_uri": "http://evil.example/jwks"}, {"jwks_uri": "file:///etc/passwd"},
     {"jwks_uri": None}],
    ids=str,
)  # fmt: skip
def test_an_issuer_that_says_odd_things(client: FlaskClient, issuer: Issuer, metadata: dict[str, Any]) -> None:
    """Keys are not taken from who calls itself differently, nor over http, nor from a file."""
    issuer.metadata = metadata
    assert ask(client, issuer.sign(claims(issuer))) == 503
