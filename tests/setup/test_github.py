"""``gate setup github``: what it writes, and what it finds out."""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from gate.clock import SystemClock
from gate.service.settings import load
from gate.setup.github_app import Plan, registration
from gate.setup.github_delivery import headers_of
from gate.setup.github_workflow import PATH
from tests.actions.test_documents import audited, checked
from tests.cli.in_process import Done, runner
from tests.servers.github import GitHub
from tests.servers.http_server import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.http_server import Recorded

ASKED = ["--service", "https://gate.example.com", "--repository", "acme/app"]
PERMISSIONS = {"actions": "read", "deployments": "write", "metadata": "read", "contents": "read"}
RULES = "/repos/acme/app/environments/production/deployment_protection_rules"
SECRET = "webhook-secret"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run ``gate setup github`` in the test's folder."""
    return partial(runner(tmp_path, monkeypatch, capsys, GITHUB_WEBHOOK_SECRET=SECRET), "setup", "github")


def test_what_is_written(tmp_path: Path, setup: Callable[..., Done]) -> None:
    """A manifest that asks for no more than is needed, a workflow that GitHub takes, and what is left to click."""
    done = setup(*ASKED)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "github-app.json").read_text(encoding="utf-8"))
    assert manifest["default_permissions"] == PERMISSIONS
    assert manifest["default_events"] == ["deployment_protection_rule"]
    assert manifest["hook_attributes"] == {"url": "https://gate.example.com/webhooks/github", "active": True}
    assert manifest["public"] is False
    checked(tmp_path / PATH, "vendor.github-workflows")
    audited(tmp_path)
    assert "tick gate-acme under Deployment protection rules" in done.stdout
    assert "https://github.com/acme/app/settings/environments" in done.stdout
    assert "ask again with --user" in done.stdout
    assert "gate init .github/gate.yml" in done.stdout
    named = setup(*ASKED, "--policy-name", "checkout", "--user", "--force")
    assert named.returncode == 0, named.stderr
    manifest = json.loads((tmp_path / "github-app.json").read_text(encoding="utf-8"))
    assert "contents" not in manifest["default_permissions"]
    assert "https://github.com/settings/apps/new?" in named.stdout
    assert not {"--user", ".github/gate.yml"} & set(named.stdout.split())


@pytest.mark.parametrize(
    "words", [[], ["--policy-name", "checkout"], ["--api", "https://git.corp.example/api/v3"]], ids=str
)
def test_the_settings_that_are_shown_are_read(tmp_path: Path, setup: Callable[..., Done], words: list[str]) -> None:
    """What is printed for service.yml is what the service takes, word for word."""
    done = setup(*ASKED, *words)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.partition("in its service.yml:\n")[2].partition("then restart it")[0]
    file = tmp_path / "service.yml"
    file.write_text("\n".join(line.removeprefix("   ") for line in shown.splitlines()), encoding="utf-8")
    settings = load(file, {})
    app = settings.github.app
    assert app
    assert (app.private_key, app.webhook_secrets) == ("${GITHUB_APP_KEY}", ("${GITHUB_WEBHOOK_SECRET}",))
    policy = "checkout" if "checkout" in words else ""
    assert [(rule.name, rule.environments, rule.policy) for rule in app.rules] == [
        ("acme/app", ("production",), policy)
    ]
    assert bool(settings.policies.folder) == bool(policy)
    assert settings.public_url == "https://gate.example.com"
    assert app.api == (words[1] if "--api" in words else "https://api.github.com")
    assert ("--api" in done.stdout) == ("--api" in words)


def test_nothing_is_overwritten(tmp_path: Path, setup: Callable[..., Done]) -> None:
    """What is there stays, both files or none are written, and the message names it; --force writes over it."""
    (tmp_path / "github-app.json").write_text("mine", encoding="utf-8")
    refused = setup(*ASKED)
    assert refused.returncode == 2
    assert "github-app.json is there already" in refused.stderr
    assert (tmp_path / "github-app.json").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / PATH).exists()
    assert setup(*ASKED, "--force").returncode == 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--repository", "acme/app"], "service must be an https address"),
        (["--service", "http://gate.example.com", "--repository", "acme/app"], "service must use https"),
        (["--service", "https://gate.example.com", "--repository", "acme"], "repository must be written owner/name"),
        ([*ASKED, "--environment", "a b: c"], "environment must be a name"),
        ([*ASKED, "--canary", "production"], "must differ"),
        ([*ASKED, "--name", "x" * 35], "at most 34 characters"),
        (["--check"], "--check needs --repository and --app-id"),
    ],
)
def test_what_cannot_be_set_up(tmp_path: Path, setup: Callable[..., Done], words: list[str], fault: str) -> None:
    """Exit 2, what is wrong, and nothing written."""
    done = setup(*words)
    assert done.returncode == 2
    assert fault in done.stderr
    assert not (tmp_path / "github-app.json").exists()


def test_the_form_is_filled_in() -> None:
    """GitHub's form for a new App gets what the manifest says, for an organisation and for a user."""
    plan = Plan("https://gate.example.com/base/", "acme/app")
    url = urlsplit(registration(plan, organisation=True))
    assert url.path == "/organizations/acme/settings/apps/new"
    said = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert said["webhook_url"] == "https://gate.example.com/base/webhooks/github"
    assert said["events[]"] == "deployment_protection_rule"
    assert {name: said[name] for name in PERMISSIONS} == PERMISSIONS
    assert urlsplit(registration(plan, organisation=False)).path == "/settings/apps/new"


class Hub:
    """A GitHub on which the App is a rule of the environment, unless a test says otherwise."""

    def __init__(self) -> None:
        """Know one App."""
        self.hub = GitHub(SystemClock())
        self.hub.app.permissions = dict(PERMISSIONS)
        self.instead: dict[str, Reply] = {}
        self._truth = self.hub.server.answer
        self.hub.server.answer = self._answer

    def _answer(self, request: Recorded) -> Reply:
        if request.path in self.instead:
            return self.instead[request.path]
        if request.path == "/app/hook/config":
            return Reply.of({"url": "https://gate.example.com/webhooks/github", "content_type": "json",
                             "secret": "********", "insecure_ssl": "0"})  # fmt: skip
        if request.path == RULES:
            rules = [{"id": 1, "enabled": True, "app": {"id": self.hub.app.id, "slug": "gate"}}]
            return Reply.of({"total_count": 1, "custom_deployment_protection_rules": rules})
        return self._truth(request)

    def check(self, setup: Callable[..., Done], *words: str, app_id: str = "12345") -> Done:
        """Ask it."""
        asked = ["--check", "--repository", "acme/app", "--app-id", app_id, "--api", self.hub.url]
        return setup(*asked, *words, GITHUB_APP_KEY=self.hub.app.private_key)


@pytest.fixture
def hub() -> Iterator[Hub]:
    """One that is served."""
    made = Hub()
    with made.hub:
        yield made


def test_all_is_well(setup: Callable[..., Done], hub: Hub) -> None:
    """App, event, permissions and environment are looked at, and found to be as they must."""
    done = hub.check(setup)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    for what in (
        "App: gate",
        "is told of",
        "permission deployments: write",
        "environment production: waits",
        "has the id 4711",
    ):
        assert what in done.stdout


def test_what_is_not_well(setup: Callable[..., Done], hub: Hub) -> None:
    """Each thing that is missing, or too much, is named with where to mend it; exit 12."""
    hub.hub.app.permissions = {"actions": "read", "deployments": "read", "metadata": "read", "issues": "write"}
    hub.instead["/app/hook/config"] = Reply.of({"url": "https://gate.example.com/", "content_type": "form"})
    hub.instead[RULES] = Reply.of({"total_count": 0, "custom_deployment_protection_rules": []})
    done = hub.check(setup)
    assert done.returncode == 12
    assert "FAIL  permission deployments: read, write is needed" in done.stdout
    assert "FAIL  permission contents: none, read is needed" in done.stdout
    assert "FAIL  more permissions than needed: issues: write" in done.stdout
    assert "FAIL  environment production: does not wait for the App" in done.stdout
    assert "does not end in /webhooks/github; its content type is not json; it has no secret" in done.stdout
    assert done.stdout.count("next: ") == done.stdout.count("FAIL")
    assert "contents" not in hub.check(setup, "--policy-name", "checkout").stdout


def test_an_app_that_is_not_there(setup: Callable[..., Done], hub: Hub) -> None:
    """A wrong id, one that is installed nowhere, and one that is suspended are told apart; no key is shown."""
    assert "401" in hub.check(setup, app_id="99").stdout
    hub.instead["/repos/acme/app/installation"] = Reply.of({"message": "Not Found"}, 404)
    done = hub.check(setup)
    assert (done.returncode, "install it on acme/app" in done.stdout) == (12, True)
    told = {"id": 987, "suspended_at": "2026-01-01T00:00:00Z", "permissions": PERMISSIONS}
    hub.instead["/repos/acme/app/installation"] = Reply.of(told)
    assert "it is suspended" in hub.check(setup).stdout
    asked = ["--check", "--repository", "acme/app", "--app-id", "1", "--api", hub.hub.url]
    wrong = setup(*asked, GITHUB_APP_KEY="no key")
    assert "is not an RSA key in PEM" in wrong.stdout
    assert "BEGIN" not in done.stdout + wrong.stdout


def test_the_signature_is_githubs() -> None:
    """GitHub's own example of a signature comes out."""
    said = headers_of(b"Hello, World!", "It's a Secret to Everybody", "ping")["x-hub-signature-256"]
    assert said == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def taking(secret: str) -> Server:
    """Serve a webhook that knows a secret."""

    def answer(request: Recorded) -> Reply:
        if request.path != "/webhooks/github":
            return Reply(404)
        expected = "sha256=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), expected)
        return Reply(200 if good and request.headers["x-github-event"] == "ping" else 401)

    return Server(answer=answer)


def test_a_test_delivery(tmp_path: Path, setup: Callable[..., Done]) -> None:
    """A signed ping arrives as GitHub would send it; a service with another secret, or none there, is told apart."""
    with taking(SECRET) as server:
        done = setup("--test-delivery", f"{server.url}/webhooks/github")
        assert done.returncode == 0, done.stdout + done.stderr
        (request,) = server.requests
        assert request.headers["content-type"] == "application/json"
        assert request.headers["x-github-delivery"]
        assert json.loads(request.body)["hook"]["type"] == "App"
        lost = setup("--test-delivery", f"{server.url}/elsewhere")
        assert (lost.returncode, "with /webhooks/github" in lost.stdout) == (12, True)
    with taking("another") as server:
        wrong = setup("--test-delivery", f"{server.url}/webhooks/github")
        assert (wrong.returncode, "another secret" in wrong.stdout) == (12, True)
    gone = setup("--test-delivery", f"{server.url}/webhooks/github")
    assert (gone.returncode, "nobody listens there" in gone.stdout) == (12, True)
    assert SECRET not in "".join(each.stdout + each.stderr for each in (done, lost, wrong, gone))
    assert list(tmp_path.iterdir()) == []
