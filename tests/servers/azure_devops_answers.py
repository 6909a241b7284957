"""What Azure DevOps answers when it refuses, and what all of the look-alike knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers.http_server import Reply

if TYPE_CHECKING:
    from tests.servers.http_server import Recorded

PROJECT = "9a3c1f4e-6f0e-4a51-8a39-2b0f7c1f5b11"
"""Id of the one there is."""
SIGN_IN = Reply(
    203, b"<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>", {"content-type": "text/html; charset=utf-8"}
)
"""What somebody without a token gets: a success, by its status."""


class Refused(Exception):
    """A request that is not done."""

    def __init__(
        self, status: int, message: str, kind: str = "VssServiceException", reply: Reply | None = None
    ) -> None:
        """Answer so."""
        super().__init__(message)
        body = {"$id": "1", "innerException": None, "message": message, "typeName": f"Microsoft.{kind}, Microsoft",
                "typeKey": kind, "errorCode": 0, "eventId": 3000}  # fmt: skip
        self.reply = reply or Reply.of(body, status)


def said(request: Recorded) -> dict[str, Any]:
    """Return the JSON of a request.

    Raises:
        Refused: it is none.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused(415, "The request indicated a Content-Type of another type, which is not supported.")
    try:
        value = json.loads(request.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(
            400, "This request expects an object in the request body, but the supplied data could not be deserialized."
        )
    return value
