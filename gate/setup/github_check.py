"""Whether an App is installed as it must be: asked of GitHub itself, as the App."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gate.errors import GateError, SourceRefused
from gate.http import Client, signed
from gate.model import Check
from gate.setup.github_app import EVENT, PRIVATE_KEY, WEBHOOK, permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gate.ports import Clock

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
AGO = timedelta(seconds=60)
LIFE = timedelta(minutes=9)
"""Of the App's own token, dated back because clocks differ: GitHub takes ten minutes."""
LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be found out, and how to ask."""

    repository: str
    environment: str
    app_id: str
    policy: str
    """Name of the policy that the service holds; empty for the repository's own."""
    base_url: str
    secret: Callable[[str], str]
    clock: Clock
    public_only: bool = False


def check(asked: Asked) -> Iterator[Check]:
    """Yield one line after the other; what follows from a fault is left out."""
    reference = f"${{{PRIVATE_KEY}}}"
    try:
        client = _client(asked, _signed(asked, reference))
        app = client.get("/app").json_object()
    except GateError as fault:
        yield Check("App", ok=False, detail=fault.message, fix=fault.hint)
        return
    yield Check("App", ok=True, detail=f"{app.get('name')} ({app.get('html_url')})")
    yield from _events("App", app.get("events"), "tick it on the App's page, under Permissions & events")
    yield _hook(client)
    try:
        installed = client.get(f"/repos/{asked.repository}/installation").json_object()
    except GateError as fault:
        fix = f"install it on {asked.repository}, from the App's page: {app.get('html_url')}"
        yield Check("installation", ok=False, detail=fault.message, fix=fix)
        return
    if installed.get("suspended_at"):
        yield Check(
            "installation", ok=False, detail="it is suspended", fix="take that back, in the settings of the owner"
        )
    granted = installed.get("permissions")
    yield from _permissions(granted if isinstance(granted, dict) else {}, permissions(asked.policy))
    yield from _repository(asked, client, installed, app)


def _events(what: str, events: object, fix: str) -> Iterator[Check]:
    ok = isinstance(events, list) and EVENT in events
    detail = f"is told of {EVENT}" if ok else f"is not told of {EVENT}, so GitHub never asks"
    yield Check(what, ok=ok, detail=detail, fix="" if ok else fix)


def _hook(client: Client) -> Check:
    try:
        said = client.get("/app/hook/config").json_object()
    except GateError as fault:
        return Check("webhook", ok=False, detail=fault.message, fix="switch the webhook on, on the App's page")
    wrong = [
        what
        for what, bad in (
            (f"its address does not end in {WEBHOOK}", not str(said.get("url", "")).endswith(WEBHOOK)),
            ("its content type is not json", said.get("content_type") != "json"),
            ("it has no secret", not said.get("secret")),
            ("certificates are not checked", str(said.get("insecure_ssl", "0")) != "0"),
        )
        if bad
    ]
    fix = "" if not wrong else "mend it on the App's page, under Webhook"
    return Check("webhook", ok=not wrong, detail="; ".join(wrong) or str(said["url"]), fix=fix)


def _permissions(granted: Mapping[str, Any], needed: Mapping[str, str]) -> Iterator[Check]:
    for name, level in needed.items():
        has = str(granted.get(name, ""))
        ok = LEVELS.get(has, 0) >= LEVELS[level]
        fix = f"give the App {name}: {level} on its page, and accept that where it is installed"
        yield Check(f"permission {name}", ok=ok, detail=f"{has or 'none'}, {level} is needed", fix="" if ok else fix)
    more = [f"{name}: {level}" for name, level in granted.items()
            if LEVELS.get(str(level), 9) > LEVELS[needed.get(name, "")]]  # fmt: skip
    if more:
        fix = "take them away on the App's page: whoever steals its key can do no more than it may"
        yield Check("more permissions than needed", ok=False, detail=", ".join(more), fix=fix)


def _repository(asked: Asked, client: Client, installed: Mapping[str, Any], app: Mapping[str, Any]) -> Iterator[Check]:
    name, address = asked.environment, f"/repos/{asked.repository}/environments/{quote(asked.environment, safe='')}"
    try:
        wanted = {"repositories": [asked.repository.partition("/")[2]], "permissions": {"actions": "read"}}
        token = client.post(f"/app/installations/{installed.get('id')}/access_tokens", json=wanted).json_object()
        reader = _client(asked, str(token.get("token")))
        number = reader.get(f"/repos/{asked.repository}").json_object().get("id")
        yield Check("repository", ok=True, detail=f"{asked.repository} has the id {number}, for github.app.rules")
        rules = reader.get(f"{address}/deployment_protection_rules").json_list("custom_deployment_protection_rules")
    except GateError as fault:
        fix = f"is there an environment {name}? {fault.hint}"
        yield Check(f"environment {name}", ok=False, detail=fault.message, fix=fix)
        return
    ours = [each for each in rules if isinstance(each, dict) and (each.get("app") or {}).get("id") == app.get("id")]
    ok = any(each.get("enabled") for each in ours)
    detail = "waits for the App" if ok else "does not wait for the App"
    fix = f"tick the App in the settings of {name}, under Deployment protection rules"
    yield Check(f"environment {name}", ok=ok, detail=detail, fix="" if ok else fix)


def _signed(asked: Asked, reference: str) -> str:
    now = asked.clock.now()
    claims = {"iat": int((now - AGO).timestamp()), "exp": int((now + LIFE).timestamp()), "iss": asked.app_id}
    try:
        return signed(claims, asked.secret(reference), reference=reference, algorithm="RS256")
    except SourceRefused as fault:
        if "PyJWT" in fault.message:
            raise SourceRefused(fault.message, hint="pip install 'sentiment-gate[service]'") from None
        raise


def _client(asked: Asked, token: str) -> Client:
    client = Client(asked.base_url, asked, who="GitHub", headers=HEADERS)
    client.authorize(token)
    return client
