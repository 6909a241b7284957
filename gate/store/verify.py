"""Finds what was changed in a run's rows. Pure: rows in, problems out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gate.canonical import digest, encode, loads
from gate.errors import EvidenceFault
from gate.store.chain import (
    EVENT_FIELDS,
    OBSERVATION_FIELDS,
    fingerprint,
    genesis,
    observation_fingerprint,
    observations_digest,
    tombstone,
)
from gate.store.rows import storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = Mapping[str, Any]

_ENDINGS = {"verdict": "done", "approved": "done", "rejected": "done", "cancelled": "cancelled", "broken": "broken"}
_LOOKS = {"baseline", "look"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that is not as it was written."""

    row: str
    """Table and key, e.g. ``events row 3``."""
    what: str

    def __str__(self) -> str:
        """``events row 3: was changed after it was written``."""
        return f"{self.row}: {self.what}"


def check_run(run: Row, events: Sequence[Row], observations: Sequence[Row]) -> list[Problem]:
    """Return every problem of a run, events first.

    Args:
        run: its row.
        events: its events by ``seq``.
        observations: its observations by ``seq`` and ``position``.
    """
    return [
        *_check_chain(run, events),
        *_check_run_row(run, events),
        *_check_observations(events, observations),
        *_check_forgotten(events, observations),
    ]


def _check_chain(run: Row, events: Sequence[Row]) -> Iterator[Problem]:
    previous, due = genesis(run["id"]), 1
    for row in events:
        name = f"events row {row['seq']}"
        if row["seq"] != due:
            yield _missing(due, row["seq"] - 1)
        elif row["previous"] != previous:
            yield Problem(name, f"does not follow row {due - 1}: one of the two was replaced")
        if not _sound(row):
            yield Problem(name, f"was changed after it was written ({row['kind']!a}, {row['at']!a})")
        previous, due = row["hash"], row["seq"] + 1
    if run["events"] >= due:
        yield _missing(due, run["events"])
    elif run["events"] != due - 1:
        yield Problem("runs row", f"events was changed: it says {run['events']}, there are {due - 1}")
    elif run["head"] != previous:
        yield Problem("runs row", f"head was changed, or events row {due - 1} was replaced")


def _check_run_row(run: Row, events: Sequence[Row]) -> Iterator[Problem]:
    expected: dict[str, object] = {"state": "running"}
    if digest(str(run["policy"]).encode()) != run["policy_digest"]:
        yield Problem("runs row", "policy was changed: it no longer has the SHA-256 in policy_digest")
    for row in filter(_sound, events):
        data = _Data(row["data"])
        if row["kind"] == "started":
            expected |= {"created_at": row["at"], "release": storable(str(data.at("release", "name")))}
            expected |= {name: data.at("release", name) for name in ("deployed_at", "window_to")}
            expected |= {name: data.at(name) for name in ("policy_digest", "dry_run")}
            expected["labels"] = encode(data.at("labels")).decode()
        elif row["kind"] == "extended":
            expected["window_to"] = data.at("until")
        elif row["kind"] in _ENDINGS:
            # Who overrides a verdict later changes what it says, not when the run ended.
            expected = {"finished_at": row["at"]} | expected | {"state": _ENDINGS[row["kind"]]}
            expected |= {name: data.at("verdict", name) for name in ("outcome", "decision", "code", "reason")}
            if data.at("verdict") is None:
                expected["reason"] = data.at("why")
    for name, value in expected.items():
        if run[name] != value:
            yield Problem("runs row", f"{name} does not fit the events: {run[name]!a} here, {value!a} there")


def _check_observations(events: Sequence[Row], observations: Sequence[Row]) -> Iterator[Problem]:
    found = {seq: list(rows) for seq, rows in groupby(observations, key=lambda row: row["seq"])}
    for event in filter(_sound, events):
        data, rows = _Data(event["data"]), found.pop(event["seq"], [])
        if event["kind"] in _LOOKS:
            yield from _check_look(
                event["seq"], rows, data.at("observations", "count"), data.at("observations", "digest")
            )
        elif rows:
            yield Problem(f"observations of event {event['seq']}", f"{len(rows)} rows that no look recorded")
    for seq in sorted(found.keys() - {event["seq"] for event in events}):
        yield Problem(f"observations of event {seq}", f"{len(found[seq])} rows of an event that is missing")


def _check_forgotten(events: Sequence[Row], observations: Sequence[Row]) -> Iterator[Problem]:
    """What is left of a forgotten mention must be as the event says in which it was forgotten."""
    found: dict[object, list[Row]] = {}
    for row in observations:
        if row["purged"] is not None:
            found.setdefault(row["purged"], []).append(row)
    for event in filter(_sound, events):
        if event["kind"] == "purged":
            data, rows = _Data(event["data"]), found.pop(event["seq"], [])
            if len(rows) != data.at("mentions") or _digest_now(rows) != data.at("digest"):
                what = f"{data.at('mentions')} were forgotten, and what is left of them was changed"
                yield Problem(f"observations of event {event['seq']}", what)
    for rows in found.values():
        for row in rows:
            yield Problem(f"observations row {row['seq']}/{row['position']}", "was emptied, and no event says so")


def _check_look(seq: int, rows: Sequence[Row], count: object, recorded: object) -> Iterator[Problem]:
    count = count if isinstance(count, int) else 0
    changed = [row for row in rows if row["purged"] is None and not _kept(row)]
    for row in changed:
        what = f"was changed after it was written (mention {row['mention']!a})"
        yield Problem(f"observations row {seq}/{row['position']}", what)
    positions = {row["position"] for row in rows}
    for position in sorted(set(range(count)) - positions):
        yield Problem(f"observations row {seq}/{position}", "is missing")
    for position in sorted(positions - set(range(count))):
        yield Problem(f"observations row {seq}/{position}", "was added")
    if len(rows) == count and observations_digest(row["hash"] for row in rows) != recorded:
        yield Problem(f"observations of event {seq}", "a row was replaced together with its hash")


def _missing(first: int, last: int) -> Problem:
    if first == last:
        return Problem(f"events row {first}", "is missing")
    return Problem(f"events rows {first} to {last}", "are missing")


def _sound(event: Row) -> bool:
    # What a changed row says is no measure for the others.
    try:
        return bool(fingerprint([event[name] for name in EVENT_FIELDS]) == event["hash"])
    except (EvidenceFault, TypeError):  # A value that never could have been written, e.g. a blob.
        return False


def _digest_now(rows: Sequence[Row]) -> str | None:
    try:
        return observations_digest(tombstone(row) for row in rows)
    except (EvidenceFault, TypeError):
        return None


def _kept(row: Row) -> bool:
    try:
        return bool(observation_fingerprint([row[name] for name in OBSERVATION_FIELDS]) == row["hash"])
    except (EvidenceFault, TypeError):
        return False


class _Data:
    """The data of an event, read without trust."""

    def __init__(self, text: str) -> None:
        try:
            self._data = loads(text.encode(), "events")
        except EvidenceFault:
            self._data = None

    def at(self, *names: str) -> Any:  # noqa: ANN401
        found = self._data
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found
