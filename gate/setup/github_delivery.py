"""A test delivery: what GitHub sends when a webhook is made, signed as GitHub signs."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.errors import GateError
from gate.http import address_problem
from gate.http.callbacks import deliver
from gate.model import Check
from gate.setup.github_app import EVENT, WEBHOOK, WEBHOOK_SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

WITHIN = timedelta(seconds=10)
"""As long as GitHub waits."""
ANYWHERE = "0.0.0.0/0,::/0"
"""Whoever types the address may mean a machine beside this one."""


def ping(url: str, secret: str) -> Check:
    """Send a ping to the service's webhook, and say whether it was taken."""
    if problem := address_problem(url, option="the address"):
        return Check("test delivery", ok=False, detail=problem, fix=f"give the address of the service's {WEBHOOK}")
    parts = urlsplit(url)
    if not parts.path.endswith(WEBHOOK):
        detail, fix = f"{url} does not end in {WEBHOOK}", f"give the service's address, with {WEBHOOK} behind it"
        return Check("test delivery", ok=False, detail=detail, fix=fix)
    hook = {"type": "App", "id": 0, "active": True, "events": [EVENT], "config": {"url": url, "content_type": "json"}}
    body = json.dumps({"zen": "Listen before you ship.", "hook_id": 0, "hook": hook}).encode()
    allowed = [f"{parts.scheme}://{parts.netloc}={ANYWHERE}"]
    try:
        deliver(url, body, headers_of(body, secret, "ping"), allowed, WITHIN)
    except GateError as fault:
        return Check("test delivery", ok=False, detail=fault.message, fix=_fix(fault))
    return Check("test delivery", ok=True, detail=f"{url} took it: address and secret fit")


def headers_of(body: bytes, secret: str, event: str) -> Mapping[str, str]:
    """Return what GitHub sends a webhook with."""
    signature = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={signature}",
    }


def _fix(fault: GateError) -> str:
    if fault.message.endswith(("401", "403")):
        return f"the service has another secret than {WEBHOOK_SECRET} here: give both the one of the App's webhook"
    if fault.message.endswith("404"):
        return "is it the service's address, and does its service.yml have github.app?"
    return f"{fault.hint}; is the service up, and does the address lead to it?"
