"""The event ``deployment_protection_rule`` as GitHub sends it, and what is needed of it.

Its schema requires next to nothing, so whatever may be missing is looked after here. There is no field with the run's
number: it stands in ``deployment_callback_url`` only, which is checked, and never called as it is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LONGEST_NAME = 255
SENDER = "github"
"""So the names of its deliveries begin."""


class Held(BaseModel):
    """A deployment that GitHub holds until it is answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: int
    name: str
    """``owner/name``, as GitHub calls it now."""
    run: int
    """Of the workflow."""
    environment: str
    sha: str = ""
    ref: str = ""
    deployment: int | None = None
    installation: int | None = None
    actor: str = ""
    made_at: datetime | None = None
    """When the deployment was made."""


class Malformed(ValueError):
    """What came is not the event, or lacks what an answer needs."""


class Foreign(ValueError):
    """The answer would go to somebody else."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Repository(_Part):
    id: int
    full_name: str = Field(max_length=LONGEST_NAME, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")


class _Deployment(_Part):
    id: int | None = None
    sha: str = Field(default="", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
    ref: str = Field(default="", max_length=LONGEST_NAME)
    environment: str = Field(default="", max_length=LONGEST_NAME)
    created_at: datetime | None = None


class _Installation(_Part):
    id: int


class _Sender(_Part):
    login: str = Field(default="", max_length=LONGEST_NAME)


class _Event(_Part):
    action: str
    environment: str = Field(default="", max_length=LONGEST_NAME)
    deployment_callback_url: str = Field(default="", max_length=2000)
    deployment: _Deployment | None = None
    repository: _Repository
    installation: _Installation | None = None
    sender: _Sender | None = None


def action_of(body: bytes) -> str:
    """Return what happened.

    Raises:
        Malformed: the body is no such event.
    """
    return _event(body).action


def held_by(body: bytes, api: str) -> Held:
    """Return the deployment that an event is about.

    Args:
        body: as it came.
        api: base of GitHub's API by the settings.

    Raises:
        Malformed: the body lacks what an answer needs.
        Foreign: it wants to be answered elsewhere.
    """
    event = _event(body)
    deployment = event.deployment or _Deployment()
    environment = event.environment or deployment.environment
    if not environment or not event.deployment_callback_url:
        missing = "environment" if event.deployment_callback_url else "deployment_callback_url"
        message = f"the event lacks {missing}"
        raise Malformed(message)
    made_at = deployment.created_at
    if made_at and made_at.tzinfo is None:
        made_at = made_at.replace(tzinfo=UTC)
    return Held(
        repository=event.repository.id,
        name=event.repository.full_name,
        run=run_of(event.deployment_callback_url, api, event.repository.full_name),
        environment=environment,
        sha=deployment.sha,
        ref=deployment.ref,
        deployment=deployment.id,
        installation=event.installation.id if event.installation else None,
        actor=event.sender.login if event.sender else "",
        made_at=made_at,
    )


def run_of(url: str, api: str, name: str) -> int:
    """Return the number of the workflow's run that a callback address is about.

    Raises:
        Foreign: the address is not of that API, or of another repository.
        Malformed: it is of neither form.
    """
    if not url.startswith(f"{api}/"):
        message = f"the callback address is not below {api}: {url[:200]!r}"
        raise Foreign(message)
    found = re.fullmatch(
        r"/repos/([^/?#]+/[^/?#]+)/actions/runs/(\d{1,18})/deployment_protection_rule", url[len(api) :]
    )
    if not found:
        message = f"the callback address is of no protection rule: {url[:200]!r}"
        raise Malformed(message)
    if found[1].lower() != name.lower():
        message = f"the callback address is of {found[1][:100]!r}, and the event of {name!r}"
        raise Foreign(message)
    return int(found[2])


def _event(body: bytes) -> _Event:
    try:
        return _Event.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        message = f"{place}: {first['msg']}"
        raise Malformed(message) from None
