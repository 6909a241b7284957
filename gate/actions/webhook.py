"""Action `webhook`: tells a server of yours how the run ended, as signed JSON.

Signed as the service's callbacks are. However often it is tried, `webhook-id` stays the same, so that a receiver that remembers
ids hears it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gate.canonical import dumps, to_plain
from gate.http import Client, Key, Retry, address_problem
from gate.http.webhooks import signed_headers
from gate.model import Intent
from gate.outgoing.checking import Checked
from gate.ports import Secret  # noqa: TC001 - read when options are

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Occasion
    from gate.ports import ActionContext


@dataclass(frozen=True, slots=True)
class Options(Checked):
    """Where to, and what signs it."""

    url: str
    """Address that takes it; any answer of 2xx means that it has it."""
    secret: Secret | None = None
    """What signs it, as a reference: `whsec_` and base64, or any text without blanks. Without one nothing proves who sends it."""
    report: bool = False
    """Whether the whole report goes with it, in Markdown."""
    quote: bool = False
    """Whether that report quotes what users write, where the policy keeps text."""

    def problems(self) -> list[str]:
        """Say what is wrong with the address."""
        return [
            address_problem(self.url, option="url", query=True),
            "quote must not be set without report" if self.quote and not self.report else "",
        ]


class Action:
    """Sends it."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        self._options = options
        self._context = context
        # Never on the wire: named here so that it is taken out of whatever comes back.
        key = Key("secret", options.secret, header="") if options.secret else None
        hints = dict.fromkeys((400, 401, 403, 404, 405, 410, 422), "mend the receiver; it must answer 2xx")
        who = urlsplit(options.url).hostname or "the receiver"
        # Whoever runs actions tries again, less and less often: trying here as well would only hold it up.
        self._client = Client(_origin(options.url), context, who=who, key=key, hints=hints, retry=Retry(0))

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one message."""
        return [Intent("POST", self._options.url, self._said(occasion))]

    def run(self, occasion: Occasion) -> str:
        """Send it.

        Raises:
            GateError: the receiver says no, or did not answer.
        """
        options, context = self._options, self._context
        self._client.start(context.within)
        body = dumps(self._said(occasion))
        key = context.secret(options.secret).strip() if options.secret else ""
        headers = signed_headers(occasion.key, body, key, context.clock.now())
        self._client.post(options.url, raw=body, headers=headers)
        return f"{self._client.who} was told"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _said(self, occasion: Occasion) -> dict[str, object]:
        verdict, release = occasion.verdict, occasion.release
        said: dict[str, object] = {
            "delivery": occasion.key,
            "run": occasion.run,
            "moment": occasion.moment,
            "outcome": verdict.outcome,
            "decision": verdict.decision,
            "code": verdict.code,
            "reason": verdict.reason,
            "release": release.name,
            "deployed_at": release.deployed_at,
            "decided_at": verdict.decided_at,
            "labels": dict(occasion.labels),
            "url": occasion.url,
        }
        if self._options.report:
            said["report"] = occasion.quoting if self._options.quote else occasion.markdown
        return {name: to_plain(each) for name, each in said.items()}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
