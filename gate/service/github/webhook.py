"""``POST /webhooks/github``: whether it is GitHub that asks, for a repository of ours, once; then one row and an answer.

GitHub waits ten seconds and does not try again by itself, so nothing slow is done here.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, request

from gate.canonical import dumps
from gate.policy import resolve_secret
from gate.service.auth import public
from gate.service.auth.addresses import network_of
from gate.service.auth.audit import about, refused, too_many
from gate.service.auth.limiter import Limiter
from gate.service.github.payload import Foreign, Malformed, action_of, held_by
from gate.service.services import services
from gate.store import Receipt

if TYPE_CHECKING:
    from flask import Flask

    from gate.service.github.payload import Held
    from gate.service.problems import Problem
    from gate.service.sections import GitHubApp
    from gate.service.services import Services

EVENT = "deployment_protection_rule"
WAITS = timedelta(days=30)
"""So long GitHub holds a job."""
BAD_SIGNATURES = 100
"""A minute, of one address; more are neither explained nor logged."""
SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
DELIVERY = re.compile(r"[A-Za-z0-9-]{1,64}")
_DOOR = "gate.github"

_LOG = logging.getLogger(__name__)

webhooks = Blueprint("webhooks", __name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What requests are checked with."""

    app: GitHubApp
    secrets: tuple[bytes, ...]
    bad: Limiter


def install(app: Flask, parts: Services) -> None:
    """Take GitHub's events, if the settings name an App.

    Raises:
        SourceRefused: a secret that GitHub signs with is not set.
    """
    settings = parts.settings.github.app
    if settings is None:
        return
    secrets = tuple(resolve_secret(each, parts.environ).encode() for each in settings.webhook_secrets)
    bad = Limiter(parts.store, parts.clock, "bad webhooks", BAD_SIGNATURES, timedelta(minutes=1))
    app.extensions[_DOOR] = Door(settings, secrets, bad)
    app.register_blueprint(webhooks)


@webhooks.post("/webhooks/github")
@public
def receive() -> Response:
    """Take an event in."""
    door = cast("Door", current_app.extensions[_DOOR])
    body = request.get_data(cache=False)
    _check_signature(door, body)
    event = request.headers.get("X-GitHub-Event", "")
    if event == "ping":
        return _told(200, {"pong": True})
    if event != EVENT:
        return _told(202, {"ignored": event[:100]})
    if request.mimetype != "application/json":
        raise _refused(415, "the event is not JSON", hint="set the webhook's content type to application/json")
    try:
        if (action := action_of(body)) != "requested":
            return _told(202, {"ignored": f"{event} {action[:100]}"})
        held = held_by(body, door.app.api)
    except Foreign as why:
        raise _refused(
            403, str(why), hint="github.app.api of service.yml says whose API this service answers"
        ) from None
    except Malformed as why:
        raise _refused(422, str(why)) from None
    _check_ours(door.app, held)
    return _take(held, hashlib.sha256(body).hexdigest())


def _take(held: Held, digest: str) -> Response:
    parts, delivery = services(), request.headers.get("X-GitHub-Delivery", "")
    if not DELIVERY.fullmatch(delivery):
        raise _refused(422, "the header X-GitHub-Delivery is missing, or not an id")
    if held.made_at and held.made_at < parts.clock.now() - WAITS:
        raise _refused(422, f"the deployment is of {held.made_at:%Y-%m-%d}: GitHub waits for it no more")
    receipt = parts.store.receive_webhook(f"github:{delivery}", digest, held.model_dump(mode="json"))
    if receipt is Receipt.REPLAYED:
        raise _refused(409, "this event was taken in before under another delivery id, or another one under this id")
    said = "a deployment waits" if receipt is Receipt.NEW else "sent again"
    _LOG.info("%s: %s, environment %s", said, held.name, held.environment, extra=about("webhook", delivery=delivery))
    return _told(202, {"delivery": delivery, "receipt": receipt.value})


def _check_signature(door: Door, body: bytes) -> None:
    given = request.headers.get("X-Hub-Signature-256", "")
    ours = [f"sha256={hmac.digest(secret, body, hashlib.sha256).hex()}" for secret in door.secrets]
    # All of them, in constant time each: how long it takes tells nothing of any.
    fits = [hmac.compare_digest(given.encode("utf-8", "replace"), each.encode()) for each in ours]
    if any(fits):
        return
    if refusal := door.bad.take(network_of(request.remote_addr)):
        detail = "too many webhooks with a wrong signature from this address"
        raise too_many(detail, refusal.seconds, first=refusal.first)
    what = "wrong" if SIGNATURE.fullmatch(given) else "missing or malformed"
    raise _refused(401, f"the signature is {what}", hint="see the secret of the App's webhook, and X-Hub-Signature-256")


def _check_ours(app: GitHubApp, held: Held) -> None:
    ours = [each for each in app.rules if each.id == held.repository]
    if not ours:
        why = f"repository {held.repository} ({held.name}) is not in github.app.rules"
        raise _refused(403, why, hint="add its id to github.app.rules of service.yml, or uninstall the App there")
    if ours[0].name.lower() != held.name.lower():
        _LOG.warning("repository %s calls itself %r now: is github.app.rules up to date?", ours[0].name, held.name)


def _refused(status: int, why: str, *, hint: str = "") -> Problem:
    return refused(status, why, kind="webhook", hint=hint)


def _told(status: int, answer: dict[str, object]) -> Response:
    return Response(dumps(answer), status, {"Content-Type": "application/json"})
