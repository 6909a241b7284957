"""What users may write under ``type: file``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from gate.records import check_columns, zone

_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Options:
    """What users write below ``type: file``."""

    path: str
    """The file, from the policy's folder: .jsonl, .csv or .tsv, each also with .gz behind it."""
    columns: dict[str, str] = field(default_factory=dict)
    """For CSV and TSV: our field and the name of the column that holds it, where the two differ."""
    timezone: str | None = None
    """Of times that carry none, e.g. Europe/Berlin or +02:00; without it such lines are unreadable."""
    bad_lines: Literal["refuse", "skip"] = "refuse"
    """What to do about a line that is no mention: stop, or count it and go on."""
    follow: bool = False
    """The file is being written to: wait for it, leave half a line alone, notice when it is replaced."""
    stale_after: timedelta | None = None
    """With ``follow``: not complete when nothing was written to the file for this long, as what writes it may have
    stopped; without it a writer that died looks like users who are silent."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: the message is for people.
        """
        name = self.path.lower().removesuffix(".gz")
        if not name.endswith(_ENDINGS):
            message = f"path: {self.path!r} must end in one of {', '.join(_ENDINGS)} (and .gz, where packed)"
            raise ValueError(message)
        if self.columns and not name.endswith((".csv", ".tsv")):
            message = "columns: only CSV and TSV files have columns; the fields of JSON Lines have fixed names"
            raise ValueError(message)
        check_columns(self.columns)
        if self.timezone is not None:
            zone(self.timezone)
        if self.follow and self.path.lower().endswith(".gz"):
            message = "follow: a file packed with gzip cannot be followed; follow the plain file"
            raise ValueError(message)
        if self.stale_after is not None:
            self._check_stale_after(self.stale_after)

    def _check_stale_after(self, stale_after: timedelta) -> None:
        if not self.follow:
            message = "stale_after: only a file that is followed can fall silent; set `follow: true` too"
            raise ValueError(message)
        if stale_after <= timedelta(0):
            message = "stale_after must be above 0, e.g. 15m"
            raise ValueError(message)
