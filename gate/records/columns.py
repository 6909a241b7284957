"""The fields a record can have, and which column holds each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIELDS = (
    "id",
    "created_at",
    "text",
    "source",
    "stream",
    "author",
    "lang",
    "url",
    "version",
    "rating",
    "likes",
    "reposts",
    "conversation",
    "author_created_at",
    "author_followers",
)
LABEL = "labels."
"""Prefix of a field that becomes a label, e.g. ``labels.platform``."""


def check_columns(mapping: Mapping[str, str]) -> None:
    """Refuse a column map that names a field there is not.

    Raises:
        ValueError: the message is for people.
    """
    for ours in mapping:
        if ours not in FIELDS and not ours.startswith(LABEL):
            near = get_close_matches(ours, FIELDS, n=1)
            message = f"columns: unknown field {ours!r}" + (f", did you mean {near[0]!r}?" if near else "")
            message += f"; known: {', '.join(FIELDS)}, labels.NAME"
            raise ValueError(message)


def by_our_names(names: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each field: as the map says, else the column of the field's own name."""
    wanted = {field: field for field in (*FIELDS, *(name for name in names if name.startswith(LABEL)))}
    return wanted | dict(mapping)
