"""Many small runs of invented releases: some turn out badly, some well, some are hardly spoken of."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING

from gate.runs import Callback, Order

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

WORSE = ("awful", "broken", "terrible", "crashes", "hate", "useless", "worst", "disappointing")
BETTER = ("great", "love", "nice", "works", "quick", "happy", "thanks", "wonderful")
THINGS = ("search", "login", "export", "sync", "editor", "colours", "menu", "upload", "notes", "share", "undo", "map")
POLICY = """\
version: 1
release: Brimly
sources: [{{type: file, path: {file}}}]
window: {{settle: {every}s, length: {window}s, every: {every}s}}
baseline: {{length: 1d}}
filters: {{near_duplicates: keep}}
scorer: vader
on: {{inconclusive: hold, error: halt}}
"""


def order(  # noqa: PLR0913 - all by name
    number: int, folder: Path, deployed_at: datetime, *, window: timedelta, every: timedelta, callback: str, after: int
) -> Order:
    """Write what people say of one release, and order a run on it.

    Args:
        number: of the run; it also seeds what is said.
        folder: for the file.
        deployed_at: of the release.
        window: how long to watch.
        every: so often.
        callback: where to tell; empty for nowhere.
        after: mentions within the window, where the release is spoken of.
    """
    file = folder / f"run-{number}.jsonl"
    say = random.Random(number)
    share = (0.1, 0.55, 0.1)[number % 3]
    count = (after, after, 8)[number % 3]
    rows = [_row(say, f"b{i}", deployed_at - say.random() * timedelta(hours=20), 0.1) for i in range(120)]
    rows += [_row(say, f"p{i}", deployed_at + say.random() * window, share) for i in range(count)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    seconds = {"window": int(window.total_seconds()), "every": int(every.total_seconds())}
    return Order(
        policy=POLICY.format(file=file, **seconds),
        deployed_at=deployed_at,
        labels={"repository": f"acme/app-{number % 7}", "number": str(number)},
        callback=Callback(callback, deadline=deployed_at + 10 * window) if callback else None,
        key=f"order-{number}",
        by="benchmark",
    )


def _row(say: random.Random, name: str, at: datetime, share: float) -> dict[str, str]:
    mood = say.choice(WORSE if say.random() < share else BETTER)
    text = f"the {say.choice(THINGS)} and the {say.choice(THINGS)}: {mood} ({name})"
    return {"id": name, "created_at": at.isoformat(), "text": text, "author": f"a-{name}", "lang": "en"}
