"""Action `notify`: tells people, with the charts: Slack, Teams, Discord, mail and a hundred others, by Apprise.

A channel cannot be asked what it was told before. So where an answer is lost, people may be told twice, and never less than
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.errors import GateError
from gate.model import Check, Decision, Intent
from gate.outgoing import places
from gate.outgoing.channels import PICTURE, Channel, Notice
from gate.outgoing.checking import Checked
from gate.ports import Secret  # noqa: TC001 - read when options are
from gate.report import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate.model import Occasion
    from gate.outgoing.channels import Tone
    from gate.ports import ActionContext

_TONES: dict[Decision, Tone] = {Decision.PROMOTE: "success", Decision.HOLD: "warning", Decision.HALT: "failure"}


@dataclass(frozen=True, slots=True)
class Options(Checked):
    """Whom, and what they read."""

    to: Secret
    """Address of one channel as Apprise writes it (`slack://…`, `workflows://…` for Teams, `discord://…`, `mailtos://…`), as a reference."""
    title: str = "{release}: {outcome}, {decision}"
    """First line, or subject; facts of the run in braces."""
    text: str = "{reason} {url}"
    """What follows; facts of the run in braces."""
    report: bool = False
    """Whether the whole report follows, in Markdown: for mail, as many chats show it unformatted."""
    quote: bool = False
    """Whether that report quotes what users write, where the policy keeps text."""
    chart: bool = True
    """Whether the charts are attached, where the channel takes files and what draws them (`[service]`) is installed."""

    def problems(self) -> list[str]:
        """Say what nobody would read."""
        return [
            "" if self.title.strip() else "title must not be empty",
            "" if self.text.strip() or self.report else "text must not be empty without a report",
            "quote must not be set without report" if self.quote and not self.report else "",
            places.problem([self.title], option="title"),
            places.problem([self.text], option="text"),
        ]


class Action:
    """Tells them."""

    def __init__(self, options: Options, context: ActionContext) -> None:
        """Prepare; nothing is asked yet."""
        self._options = options
        self._context = context

    def intents(self, occasion: Occasion) -> Sequence[Intent]:
        """Return the one notice; where it goes is a secret."""
        notice = self._notice(occasion)
        body: dict[str, object] = {"title": notice.title, "text": notice.text, "type": notice.tone}
        if self._options.chart:
            body["attached, where the channel takes files"] = PICTURE
        return [Intent("NOTIFY", self._options.to, body)]

    def run(self, occasion: Occasion) -> str:
        """Send it.

        Raises:
            GateError: the channel says no, or did not answer.
        """
        channel = Channel(self._context.secret(self._options.to), self._options.to)
        picture, without = b"", ""
        if self._options.chart and channel.takes_pictures:
            try:
                picture = occasion.picture()
            except GateError as fault:
                without = f", without charts: {fault.message}"
        attached = channel.send(self._notice(occasion, picture), self._context.within)
        if picture:
            without = ", with charts" if attached else ", without charts: it takes no files behind such an address"
        return f"{channel.name} was told{without}"

    def check(self) -> Sequence[Check]:
        """See whether Apprise knows what the channel is; nobody is told."""
        try:
            channel = Channel(self._context.secret(self._options.to), self._options.to)
        except GateError as fault:
            return [Check("channel", ok=False, detail=fault.message, fix=fault.hint)]
        return [Check("channel", ok=True, detail=f"{channel.name}; gate notify --test tells it something")]

    def close(self) -> None:
        """Nothing is kept open."""

    def _notice(self, occasion: Occasion, picture: bytes = b"") -> Notice:
        options = self._options
        tone = _TONES[occasion.verdict.decision]
        title = places.filled(options.title, occasion, made_safe=places.quiet)
        if not options.report:
            text = places.filled(options.text, occasion, made_safe=places.quiet)
            return Notice(title, text.strip(), tone, picture=picture)
        report = occasion.quoting if options.quote else occasion.markdown
        text = places.filled(options.text, occasion, made_safe=safe.markdown)
        return Notice(title, f"{text.strip()}\n\n{report}", tone, markdown=True, picture=picture)
