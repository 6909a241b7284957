"""Messages that say who sends them: signed as the Standard Webhooks specification (standardwebhooks.com) has it."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def signed_headers(message: str, body: bytes, key: str, now: datetime) -> dict[str, str]:
    """Return what a message is sent with.

    Args:
        message: its id, by which the receiver tells doubles.
        body: JSON.
        key: to sign with; ``whsec_`` and base64, or any text. Empty for no signature.
        now: against replays: receivers refuse what is minutes old.
    """
    stamp = str(int(now.timestamp()))
    headers = {"content-type": "application/json", "webhook-id": message, "webhook-timestamp": stamp}
    if key:
        signed = b".".join([message.encode(), stamp.encode(), body])
        digest = hmac.digest(_key_of(key), signed, "sha256")
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key_of(key: str) -> bytes:
    if key.startswith("whsec_"):
        try:
            return base64.b64decode(key.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass  # Somebody's own key that happens to begin like that.
    return key.encode(errors="surrogatepass")
