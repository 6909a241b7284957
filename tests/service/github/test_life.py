"""The protection rule over HTTP: a real web server, worker and database, and a look-alike of GitHub."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
import requests

from gate.setup import github_delivery
from tests.servers.github import GitHub
from tests.servers.github_webhooks import Webhook, ping
from tests.servers.http_server import Reply
from tests.service.github.real import SECRETS, Real, real_service
from tests.service.running import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def refused(real: Real, status: int, words: str) -> None:
    """Check that the latest refusal is in the log, with status and reason, under the event that marks denials."""
    wait_for(lambda: any(words in each["message"] for each in real.lines()), real.service.log, 10)
    line = next(each for each in reversed(real.lines()) if words in each["message"])
    assert (line["event"], line["status"], line["path"]) == ("denied", status, "/webhooks/github")


@pytest.mark.parametrize(("environment", "state"), [("bad", "rejected"), ("good", "approved")])
def test_from_the_webhook_to_the_review(real: Real, environment: str, state: str) -> None:
    """A job that waits is answered with the run's verdict."""
    waiting = real.hub.hold(run=len(state), environment=environment)
    reply = real.send(real.webhook(waiting))
    assert (reply.status_code, reply.json()["receipt"]) == (202, "new")
    assert real.answered(waiting) == state


def test_a_person_approves_what_is_held(real: Real) -> None:
    """A held deployment is told so; approved on the service it goes on."""
    waiting = real.hub.hold(run=31, environment="quiet")
    real.send(real.webhook(waiting))
    wait_for(lambda: any("held" in each for each in waiting.comments), real.service.log)
    (run,) = real.service.get("/v1/runs", params={"label": "github_run=31"}).json()["runs"]
    real.service.post(f"/v1/runs/{run['id']}/approve", {"reason": "seen enough"})
    assert real.answered(waiting) == "approved"
    log = real.service.get(f"/v1/runs/{run['id']}/log").json()["events"]
    assert [each["data"]["sent"] for each in log if each["kind"] == "github"][-1] == "approved"


def test_a_policy_that_is_not_there(real: Real) -> None:
    """Without a policy at the commit the deployment is rejected, with what to do."""
    waiting = real.hub.hold(run=32, environment="own")
    real.send(real.webhook(waiting))
    assert real.answered(waiting) == "rejected"
    assert "gate.yml" in waiting.reviews[0][1]


def test_a_thousand_redeliveries_make_one_run(real: Real) -> None:
    """However often the same event comes, at once and later, it is one run and one answer."""
    waiting = real.hub.hold(run=1000, environment="good")
    webhook = real.webhook(waiting)
    body, headers = webhook.body, webhook.headers
    with closing(HTTPConnection(real.service.url.removeprefix("http://"), timeout=10)) as connection:
        receipts = []
        for _ in range(1000):
            connection.request("POST", "/webhooks/github", body, headers)
            receipts.append(json.load(connection.getresponse())["receipt"])
    assert receipts == ["new"] + ["again"] * 999
    assert real.answered(waiting) == "approved"
    assert len(real.service.get("/v1/runs", params={"label": "github_run=1000"}).json()["runs"]) == 1
    assert len(waiting.reviews) == 1


def test_signatures(real: Real) -> None:
    """A wrong, missing or old-fashioned signature, or another body under a right one, is refused and logged."""
    webhook = real.webhook(real.hub.hold(run=33))
    forged = Webhook(webhook.event, webhook.payload, "another secret")
    assert real.send(forged).status_code == 401
    refused(real, 401, "the signature is wrong")
    for signature in ("", "sha256=", "sha1=0000", "sha256=" + "G" * 64, webhook.headers["X-Hub-Signature-256"][:-1]):
        assert real.send(webhook, **{"X-Hub-Signature-256": signature}).status_code == 401
    refused(real, 401, "the signature is missing or malformed")
    changed = Webhook(webhook.event, {**webhook.payload, "environment": "good"}, webhook.secret)
    signed = webhook.headers["X-Hub-Signature-256"]
    assert real.send(changed, **{"X-Hub-Signature-256": signed}).status_code == 401


def test_both_secrets_of_a_rotation(real: Real) -> None:
    """While a secret is replaced the old and the new one are good."""
    for secret in SECRETS.values():
        assert real.send(ping(secret)).json() == {"pong": True}
    assert real.send(ping("a third one")).status_code == 401


def test_a_test_delivery(real: Real) -> None:
    """What `gate setup github --test-delivery` sends arrives; with another secret, or elsewhere, it says what to mend."""
    url = f"{real.service.url}/webhooks/github"
    assert github_delivery.ping(url, SECRETS["HOOK_SECRET"]).ok
    assert "another secret" in github_delivery.ping(url, "a third one").fix
    assert "with /webhooks/github" in github_delivery.ping(real.service.url, SECRETS["HOOK_SECRET"]).fix


def test_replays(real: Real) -> None:
    """Known bytes under a new delivery id, or new bytes under a known one, are refused and logged."""
    webhook = real.webhook(real.hub.hold(run=34, environment="quiet"))
    assert real.send(webhook).status_code == 202
    assert real.send(webhook, **{"X-GitHub-Delivery": "another-id"}).status_code == 409
    other = real.webhook(real.hub.hold(run=35, environment="quiet"))
    assert real.send(other, **{"X-GitHub-Delivery": webhook.delivery}).status_code == 409
    refused(real, 409, "taken in before")
    made = {**real.webhook(real.hub.hold(run=36)).payload["deployment"], "created_at": "2025-01-01T00:00:00Z"}
    assert real.send(real.webhook(real.hub.hold(run=36), deployment=made)).status_code == 422
    refused(real, 422, "GitHub waits for it no more")


def test_foreign_hosts_and_repositories(real: Real) -> None:
    """An event that wants to be answered elsewhere, or of a repository that is not ours, is refused and logged."""
    waiting = real.hub.hold(run=37, environment="bad")
    path = "/repos/acme/app/actions/runs/37/deployment_protection_rule"
    assert real.send(real.webhook(waiting, deployment_callback_url=f"https://evil.example{path}")).status_code == 403
    refused(real, 403, "the callback address is not below")
    other = f"{real.hub.url}{path.replace('acme/app', 'acme/other')}"
    assert real.send(real.webhook(waiting, deployment_callback_url=other)).status_code == 403
    refused(real, 403, "the callback address is of")
    theirs = {**real.webhook(waiting).payload["repository"], "id": 99}
    assert real.send(real.webhook(waiting, repository=theirs)).status_code == 403
    refused(real, 403, "is not in github.app.rules")
    assert waiting.reviews == []


def test_what_is_not_for_us(real: Real) -> None:
    """Other events are answered with a 2xx and left alone; what is no JSON, or no event, is told so."""
    waiting = real.hub.hold(run=38)
    webhook = real.webhook(waiting)
    assert real.send(Webhook("push", {"ref": "refs/heads/main"}, webhook.secret)).json() == {"ignored": "push"}
    later = Webhook(webhook.event, {**webhook.payload, "action": "withdrawn"}, webhook.secret)
    assert real.send(later).status_code == 202
    assert real.send(webhook, **{"Content-Type": "application/x-www-form-urlencoded"}).status_code == 415
    assert real.send(Webhook(webhook.event, {}, webhook.secret)).status_code == 422
    assert real.send(webhook, **{"X-GitHub-Delivery": "no id!"}).status_code == 422
    assert requests.get(f"{real.service.url}/webhooks/github", timeout=5).status_code in {401, 405}


def test_nothing_secret_in_the_logs(real: Real) -> None:
    """Neither the key nor a token nor a secret is in the logs, and each event that was taken in is."""
    said = real.service.log()
    assert not any(each in said for each in (*SECRETS.values(), *real.hub.app.issued))
    assert "PRIVATE KEY" not in said
    assert any(each.get("event") == "webhook" for each in real.lines())


def test_killed_between_webhook_and_verdict(tmp_path: Path) -> None:
    """A service that is killed after the 2xx, or with a verdict that GitHub did not take, answers after its restart, once."""
    with GitHub() as hub:
        judged, unread = hub.hold(run=41, environment="bad"), hub.hold(run=42, environment="good")
        with real_service(tmp_path, hub) as first:
            hub.trouble("POST", "/deployment_protection_rule", Reply(503), times=1000)
            first.send(first.webhook(judged)).raise_for_status()
            wait_for(lambda: any(b'"state"' in each.body for each in hub.requests), first.service.log)
            first.send(first.webhook(unread)).raise_for_status()
            first.kill()
        hub.mend()
        with real_service(tmp_path, hub, fresh=False) as second:
            assert second.answered(judged) == "rejected"
            assert second.answered(unread) == "approved"
        assert (len(judged.reviews), len(unread.reviews)) == (1, 1)
