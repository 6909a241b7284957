"""The App that GitHub asks before a job may deploy: what it may do, and what is to be clicked.

Manifest and address parameters as GitHub documents them: docs.github.com/apps/sharing-github-apps.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from gate.http import address_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "https://api.github.com"
WEBHOOK = "/webhooks/github"
EVENT = "deployment_protection_rule"
PRIVATE_KEY = "GITHUB_APP_KEY"
WEBHOOK_SECRET = "GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
LONGEST_NAME = 34
POLICY_FILE = ".github/gate.yml"
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user wants set up."""

    service: str
    """Address of the gate's service, as GitHub reaches it."""
    repository: str
    """``owner/name``."""
    environment: str = "production"
    """That waits for the gate."""
    canary: str = "canary"
    """That is deployed to before, so that there is something to listen to."""
    policy: str = ""
    """Name of a policy that the service holds; empty for the repository's own file."""
    web: str = "https://github.com"
    """Address of GitHub's pages."""
    api: str = API
    """Address of GitHub's API."""
    name: str = ""
    """Of the App; made of the owner's if empty."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: with everything that is wrong.
        """
        addresses = {"service": self.service, "github": self.web, "api": self.api}
        wrong = [address_problem(address, option=option) for option, address in addresses.items()]
        if not _REPOSITORY.fullmatch(self.repository):
            wrong.append("repository must be written owner/name")
        if len(self.app_name) > LONGEST_NAME:
            wrong.append(f"name must have at most {LONGEST_NAME} characters, as GitHub wants it")
        names = (("environment", self.environment), ("canary", self.canary))
        wrong += [f"{option} must be a name of letters, digits, dots, dashes and underscores"
                  for option, name in names if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", name)]  # fmt: skip
        if self.environment == self.canary:
            wrong.append("environment and canary must differ: the gate listens to users of the one before the other")
        if wrong := [each for each in wrong if each]:
            raise ValueError(*wrong)

    @property
    def owner(self) -> str:
        """Whose repository it is."""
        return self.repository.partition("/")[0]

    @property
    def app_name(self) -> str:
        """Of the App."""
        return self.name or f"gate-{self.owner}"[:LONGEST_NAME]

    @property
    def webhook(self) -> str:
        """Where GitHub asks."""
        return f"{self.service.rstrip('/')}{WEBHOOK}"


def permissions(policy: str) -> Mapping[str, str]:
    """Return what the App needs, and nothing more.

    Args:
        policy: name of the one that the service holds; without one the repository's own is read at the deployed commit.
    """
    needed = {"actions": "read", "deployments": "write", "metadata": "read"}
    return needed if policy else {**needed, "contents": "read"}


def manifest(plan: Plan) -> str:
    """Return the App's manifest, JSON."""
    said = {
        "name": plan.app_name,
        "url": plan.service,
        "description": "Holds a deployment until users of the one before were heard.",
        "public": False,
        "hook_attributes": {"url": plan.webhook, "active": True},
        "default_events": [EVENT],
        "default_permissions": dict(permissions(plan.policy)),
    }
    return json.dumps(said, indent=2) + "\n"


def registration(plan: Plan, *, organisation: bool) -> str:
    """Return the address of GitHub's form for a new App, filled in with what the manifest says.

    Args:
        plan: what is set up.
        organisation: whether the repository's owner is one.
    """
    path = f"/organizations/{quote(plan.owner)}/settings/apps/new" if organisation else "/settings/apps/new"
    said = [
        ("name", plan.app_name),
        ("url", plan.service),
        ("public", "false"),
        ("webhook_active", "true"),
        ("webhook_url", plan.webhook),
        ("events[]", EVENT),
        *permissions(plan.policy).items(),
    ]
    return f"{plan.web.rstrip('/')}{path}?{urlencode(said)}"


def service_settings(plan: Plan) -> str:
    """Return the parts of service.yml that let the service answer."""
    rule = f"name: {plan.repository}, environments: [{plan.environment}]"
    policy = f", policy: {plan.policy}" if plan.policy else ""
    held = f"{{folder: policies}}   # with {plan.policy}.yml in it"
    own = f"{{variables: []}}   # those that {POLICY_FILE} names as ${{NAME}}, e.g. [X_BEARER_TOKEN]"
    api = "" if plan.api == API else f"    api: {plan.api.rstrip('/')}\n"
    # In quotes: a brace would be one of YAML's.
    return f"""\
public_url: {plan.service.rstrip("/")}
policies: {held if plan.policy else own}
github:
  app:
    id: 0   # App ID, from the App's page
{api}    private_key: "${{{PRIVATE_KEY}}}"
    webhook_secrets: ["${{{WEBHOOK_SECRET}}}"]
    rules:
      - {{id: 0, {rule}{policy}}}   # id of the repository: gh api repos/{plan.repository} --jq .id"""


def clicks(plan: Plan, *, organisation: bool) -> list[str]:
    """Return what is left for a person with a browser, in order; the lines of one step are parted by line breaks."""
    web, named = plan.web.rstrip("/"), f" --policy-name {plan.policy}" if plan.policy else ""
    named += "" if plan.api == API else f" --api {plan.api}"
    own = "" if plan.policy else f", and commit a policy: gate init {POLICY_FILE} writes one"
    user = f"; if {plan.owner} is a person, and no organisation, ask again with --user" if organisation else ""
    register = f"""\
Register the App; the form is filled in, but for the webhook secret (make one: openssl rand -hex 32):
{registration(plan, organisation=organisation)}
(the manifest says the same, for whoever registers Apps by program{user})"""
    give = f"""\
Give the service the key as {PRIVATE_KEY} (or {PRIVATE_KEY}_FILE) and the secret as {WEBHOOK_SECRET}; in its service.yml:
{service_settings(plan)}
then restart it{own}"""
    tick = f"""\
Environments {plan.canary} and {plan.environment}:
{web}/{plan.repository}/settings/environments
in {plan.environment}: tick {plan.app_name} under Deployment protection rules, untick Allow administrators to bypass,
and limit Deployment branches to your main branch"""
    look = f"""\
See whether all is well:
gate setup github --check --repository {plan.repository} --environment {plan.environment} --app-id ID{named}
gate setup github --test-delivery {plan.webhook}"""
    install = (
        f"On the App's page: generate a private key, note the App ID, and install the App on {plan.repository} only"
    )
    return [register, install, give, tick, look]
