"""What was done about a verdict, as the run log tells it. Not yet safe to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gate.errors import EvidenceFault
from gate.model import Intent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DONE = "done"
FAILED = "failed"
DRY_RUN = "dry run"


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of one action."""

    key: str
    type: str
    moment: str
    """For which the policy asks for it."""
    state: str
    """``done``, ``failed``, ``dry run`` or ``called off``."""
    said: str
    """What it did, or why not."""
    hint: str = ""
    attempts: int = 0
    intents: tuple[Intent, ...] = ()
    """What a dry run would have sent."""

    @property
    def failed(self) -> bool:
        """Whether somebody must do it by hand."""
        return self.state == FAILED


def acted_of(data: Mapping[str, Any]) -> Acted:
    """Read an event of the kind ``action``.

    Raises:
        EvidenceFault: it cannot be read.
    """
    try:
        return Acted(
            key=str(data["action"]),
            type=str(data["type"]),
            moment=str(data["moment"]),
            state=str(data["state"]),
            said=str(data.get("said", "")),
            hint=str(data.get("hint", "")),
            attempts=int(data.get("attempts", 0)),
            intents=tuple(Intent(each["method"], each["where"], each["body"]) for each in data.get("intents", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"the run log tells of an action that cannot be read: {type(error).__name__} {error}"
        raise EvidenceFault(message, hint="gate log --verify says whether it was changed") from error


def sentence(acted: Acted) -> str:
    """Say what came of it, in one line."""
    return f"{acted.type} ({acted.moment}): {result(acted)}"


def result(acted: Acted) -> str:
    """Say what came of it, and not what it is."""
    if acted.state == DRY_RUN:
        where = ", ".join(f"{each.method} {each.where}" for each in acted.intents)
        return f"dry run, nothing was sent; it would have been {where or 'nothing'}"
    if acted.failed:
        tries = f" after {acted.attempts} attempts" if acted.attempts > 1 else ""
        return f"FAILED{tries}: {acted.said}"
    return f"{acted.state}: {acted.said}"


def by_hand(actions: Iterable[Acted]) -> Iterator[str]:
    """Say what to do about those that failed."""
    for each in actions:
        if each.failed:
            yield f"Do by hand what {each.type} could not: {each.hint or each.said}."


def plain(acted: Acted) -> dict[str, Any]:
    """Return it in JSON's own types."""
    sent = [{"method": each.method, "url": each.where, "body": each.body} for each in acted.intents]
    dry = {"would_send": sent} if acted.state == DRY_RUN else {}
    return {
        "type": acted.type,
        "moment": acted.moment,
        "state": acted.state,
        "said": acted.said,
        "hint": acted.hint,
        **dry,
    }
