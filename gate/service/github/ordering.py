"""From a deployment that waits to the order of a run: which policy, since when, and who is told how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.errors import UsageFault
from gate.policy import load_text
from gate.runs import Callback, Order
from gate.runs.orders import LONGEST_LABEL
from gate.service.api.inline import check_inline
from gate.service.named import read_named

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gate.service.github.payload import Held
    from gate.service.sections import GitHubRule
    from gate.service.settings import Settings
    from gate.store import Webhook

PATH = ".github/gate.yml"
LONGEST_NAME = 200


class Refused(UsageFault):
    """A deployment that cannot be watched, and why, for whoever deploys."""


def rule_for(settings: Settings, held: Held) -> GitHubRule:
    """Return what the settings say of the environment.

    Raises:
        Refused: nothing.
    """
    rules = settings.github.app.rules if settings.github.app else ()
    for each in rules:
        # GitHub takes Production and production for the same environment.
        named = {name.casefold() for name in each.environments}
        if each.id == held.repository and (not named or held.environment.casefold() in named):
            return each
    message = f"the gate's settings know no environment {held.environment} of this repository"
    raise Refused(message, hint="add it to github.app.rules of service.yml, or take the rule off the environment")


def order_for(
    settings: Settings, webhook: Webhook, held: Held, deadline: datetime, fetch: Callable[[str], bytes]
) -> Order:
    """Return the order of a run.

    Args:
        settings: of the service.
        webhook: the delivery that asked for it; its id is the idempotency key.
        held: the deployment.
        deadline: nothing is sent later.
        fetch: returns a file of the repository at the deployed commit.

    Raises:
        Refused: there is no policy, or the repository may not bring its own.
        PolicyFault: the policy is wrong, or asks for what only the service's own may.
        SourceDown: GitHub does not hand it over this time.
    """
    rule = rule_for(settings, held)
    text, path = _named(settings, rule.policy) if rule.policy else _own(settings, held, fetch)
    return Order(
        policy=text,
        path=path,
        deployed_at=min(held.made_at or webhook.received_at, webhook.received_at),
        labels=_labels(rule.name, held),
        callback=Callback(callback_url(settings, held), deadline=deadline, updates=True),
        key=webhook.delivery,
        by=caller(held),
    )


def caller(held: Held) -> str:
    """Return who the run is ordered by."""
    return f"github-app:{held.repository}"


def callback_url(settings: Settings, held: Held) -> str:
    """Return where the verdict goes, for the records: what is called is built anew."""
    api = settings.github.app.api if settings.github.app else ""
    return f"{api}/repos/{held.name}/actions/runs/{held.run}/deployment_protection_rule"


def _named(settings: Settings, name: str) -> tuple[str, str]:
    try:
        return read_named(settings.policies.folder, name)
    except UsageFault as fault:
        raise Refused(fault.message, hint="put it into policies.folder, or mend github.app.rules") from None


def _own(settings: Settings, held: Held, fetch: Callable[[str], bytes]) -> tuple[str, str]:
    if not settings.policies.inline:
        message = "this service takes its own policies only"
        raise Refused(message, hint="name one for this repository in github.app.rules")
    if not held.sha:
        message = f"GitHub did not say which commit is deployed, so there is no {PATH} to go by"
        raise Refused(message, hint="name a policy for this repository in github.app.rules")
    try:
        text = fetch(PATH).decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"{PATH} is not UTF-8 text"
        raise Refused(message, hint="save it as UTF-8") from None
    # Whoever can push a commit wrote it: it may do what callers' policies may, and nothing more.
    check_inline(load_text(text, path=PATH), settings.policies)
    return text, PATH


def _labels(name: str, held: Held) -> dict[str, str]:
    known = {
        "repository": name,
        "environment": held.environment,
        "commit": held.sha,
        "ref": held.ref,
        "actor": held.actor,
        # The one that waits: by it an action says there how the release was taken.
        "deployment": str(held.deployment or ""),
        "github_run": str(held.run),
    }
    return {label: value[:LONGEST_LABEL] for label, value in known.items() if value}
