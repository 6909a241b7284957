"""From a record (a line of a file, a row of a table) to a mention: our fields by name, times of every kind.

What sources that read records have in common; none of them imports another.
"""

from __future__ import annotations

from gate.records.columns import FIELDS, LABEL, by_our_names, check_columns
from gate.records.mentions import MentionReader
from gate.records.times import TimeReader, zone

__all__ = ["FIELDS", "LABEL", "MentionReader", "TimeReader", "by_our_names", "check_columns", "zone"]
