"""What GitHub sends, held against its own schema, and what is taken from it or refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from gate.service.github.payload import Foreign, Held, Malformed, held_by, run_of
from tests.github_described import webhooks
from tests.servers.github import GitHub
from tests.support import DEPLOY, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API = "https://api.github.com"
RULE = "deployment_protection_rule"


@pytest.fixture(scope="module")
def payload() -> Iterator[dict[str, Any]]:
    """An event as the look-alike sends it."""
    with GitHub(ManualClock()) as hub:
        yield json.loads(hub.webhook(hub.hold()).body.replace(hub.url.encode(), API.encode()))


def read(payload: dict[str, Any], **fields: Any) -> Held:  # noqa: ANN401 - any JSON
    """Read an event with other fields; those that are None are left out."""
    changed = {name: value for name, value in {**payload, **fields}.items() if value is not None}
    return held_by(json.dumps(changed).encode(), API)


def test_the_look_alike_sends_what_github_does(payload: dict[str, Any], github_packages: Path) -> None:
    """The event has the form of the npm package @octokit/webhooks-schemas, with every field it requires, and none else."""
    chosen = {**webhooks(github_packages), "oneOf": [{"$ref": f"#/definitions/{RULE}$requested"}]}
    jsonschema.Draft7Validator(chosen).validate(payload)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(chosen).validate({**payload, "run_id": 5})


def test_what_is_taken_from_it(payload: dict[str, Any]) -> None:
    """The run's number comes out of the callback address, everything else out of its field."""
    held = read(payload)
    assert (held.repository, held.name, held.run, held.environment) == (4711, "acme/app", 77, "production")
    assert (held.installation, held.deployment, held.actor, held.made_at) == (987, 1077, "octo-dev", DEPLOY)


@pytest.mark.parametrize("missing", ["deployment", "installation", "sender", "event", "pull_requests", "organization"])
def test_what_may_be_missing(payload: dict[str, Any], missing: str) -> None:
    """GitHub's schema requires three fields; without any other that an answer does not need there is an answer."""
    assert read(payload, **{missing: None}).run == 77


@pytest.mark.parametrize("missing", ["repository", "environment", "deployment_callback_url", "action"])
def test_what_must_not_be_missing(payload: dict[str, Any], missing: str) -> None:
    """An event that cannot be answered is refused, by the name of what it lacks."""
    with pytest.raises(Malformed, match=missing):
        read(payload, **{missing: None, "deployment": None})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"action": 5}', b"\xff", b'{"repository": {"id": "x"}}', b"[" * 100_000]
)
def test_what_is_no_event(body: bytes) -> None:
    """Anything else is refused, and breaks nothing."""
    with pytest.raises(Malformed):
        held_by(body, API)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/repos/acme/app/actions/runs/77/deployment_protection_rule",
        "http://api.github.com/repos/acme/app/actions/runs/77/deployment_protection_rule",
        "https://api.github.com.evil.example/repos/acme/app/actions/runs/77/deployment_protection_rule",
        "https://api.github.com@evil.example/repos/acme/app/actions/runs/77/deployment_protection_rule",
        "https://api.github.com:8443/repos/acme/app/actions/runs/77/deployment_protection_rule",
        "https://api.github.com/repos/other/app/actions/runs/77/deployment_protection_rule",
        "https://api.github.com\\@evil.example/repos/acme/app/actions/runs/77/deployment_protection_rule",
    ],
)
def test_answers_go_nowhere_else(url: str) -> None:
    """A callback address of another host, scheme, port or repository is refused as foreign."""
    with pytest.raises(Foreign):
        run_of(url, API, "acme/app")


@pytest.mark.parametrize(
    "tail",
    ["77/other", "x/deployment_protection_rule", "77/deployment_protection_rule?a=b", "/deployment_protection_rule",
     "77/deployment_protection_rule#x", "-77/deployment_protection_rule", "77/../8/deployment_protection_rule"],
)  # fmt: skip
def test_addresses_of_another_form(tail: str) -> None:
    """An address on GitHub that is of no protection rule is refused as well."""
    with pytest.raises(Malformed):
        run_of(f"{API}/repos/acme/app/actions/runs/{tail}", API, "acme/app")


def test_enterprise_server_and_capitals() -> None:
    """The base may have a path, and names differ in capitals only."""
    base = "https://git.corp.example/api/v3"
    assert run_of(f"{base}/repos/Acme/App/actions/runs/5/{RULE}", base, "acme/app") == 5
