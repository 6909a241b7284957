"""What is said at a deployment that waits: Markdown, short, with nothing in it that others wrote as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.report import safe

if TYPE_CHECKING:
    from datetime import datetime

LONGEST = 1024
"""Of one comment, as GitHub counts: no more than so many UTF-16 units, whatever it means by characters."""


def started(release: str, until: datetime, where: str) -> str:
    """Say that the gate watches."""
    return _fitted("**Sentiment Gate** listens to what users write about ", release or "the release",
                   f", until {_moment(until)}, and answers then. {where}")  # fmt: skip


def extended(until: datetime, where: str) -> str:
    """Say that it takes longer."""
    return f"**Sentiment Gate**: somebody extended the window; it listens until {_moment(until)} now. {where}"


def deaf(sources: list[str], where: str) -> str:
    """Say which sources are not heard, or that all are again."""
    if not sources:
        return f"**Sentiment Gate**: all sources are heard again. {where}"
    return _fitted("**Sentiment Gate**: not heard completely at the moment: ", ", ".join(sources), f". {where}")


def suspicious(sentence: str, where: str) -> str:
    """Say that a rule finds harm which is not enough to decide yet."""
    return _fitted("**Sentiment Gate**: signs of harm, from too few people to decide yet: ", sentence, f" {where}")


def waits(reason: str, until: datetime, where: str) -> str:
    """Say that the evidence decides nothing, and what happens then."""
    return _fitted("**Sentiment Gate: held.** ", reason, f"\n\nApprove or reject it on the page of the run; without that "
                   f"it is rejected at {_moment(until)}. {where}")  # fmt: skip


def answered(state: str, reason: str, where: str, *, dry_run: bool) -> str:
    """Say why a deployment is approved or rejected."""
    aside = " (dry run: always approved)" if dry_run and state == "approved" else ""
    return _fitted(f"**Sentiment Gate: {state}{aside}.** ", reason, f"\n\n{where}")


def refused(why: str) -> str:
    """Say why a deployment is rejected that could not even be watched."""
    return _fitted("**Sentiment Gate: rejected**, as it could not listen to this release. ", why,
                   "\n\nMend that and re-run the job.")  # fmt: skip


def delayed(why: str) -> str:
    """Say why a deployment is not watched yet, and that this is tried again."""
    return _fitted("**Sentiment Gate** cannot begin to listen to this release yet, and tries again: ", why, "")


def place(public_url: str, run_id: str) -> str:
    """Say where the run is to be seen."""
    address = safe.link(f"{public_url}/runs/{run_id}") if public_url else ""
    return f"[Run {run_id}](<{address}>)" if address else f"Run {run_id}"


def _fitted(before: str, said: str, after: str) -> str:
    """Put somebody's words in between, as many of them as there is room for."""
    room, kept = LONGEST - _size(before) - _size(after), said
    words = safe.markdown(kept)
    while _size(words) > room and kept:
        kept = kept[: max(0, min(len(kept) - 1, len(kept) * room // _size(words)))].rstrip()
        words = safe.markdown(kept) + "…"
    return f"{before}{words}{after}".strip()


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
