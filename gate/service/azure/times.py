"""Until when a check is to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.service.azure.asked import Asked

if TYPE_CHECKING:
    from datetime import datetime

    from gate.store import Webhook

SPARE = timedelta(seconds=20)
"""So long before Azure's own time is over the last word is sent: its clock began before ours."""
PART = 10
"""One part in so many of the time is left for what may go wrong …"""
LEAST, MOST = timedelta(minutes=1), timedelta(minutes=10)
"""… and never less or more than this."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of one check."""

    decides: datetime
    """What nobody has decided by then, the gate decides: failed."""
    last: datetime
    """From then on an answer is sent whatever it is."""
    ends: datetime
    """Azure waits no more."""

    @classmethod
    def of(cls, webhook: Webhook) -> Times:
        """Work them out from when it was asked, and how long Azure waits."""
        waits = Asked.model_validate(webhook.asked).waits
        ends = webhook.received_at + waits - SPARE
        margin = min(max(waits / PART, LEAST), MOST)
        return cls(ends - margin, ends - margin / 2, ends)
