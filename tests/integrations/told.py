"""The table of docs/integrations.md, for the tests that prove its rows."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.test_layout import ROOT

PAGE = (ROOT / "docs/integrations.md").read_text(encoding="utf-8")
OUTCOMES = ("pass", "fail", "inconclusive", "error")
GOES_ON, ROLLS_BACK, HOLDS = "goes on", "rolls back", "holds"


class Cell(NamedTuple):
    """What a row says of one outcome."""

    sign: str
    """Exit code, status or word by which the system is told."""
    does: str
    """What it does then: goes on, rolls back or holds."""


def table() -> dict[str, dict[str, Cell]]:
    """Return what the page says that each system does."""
    block = PAGE.partition("<!-- begin:systems -->")[2].partition("<!-- end:systems -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.strip().splitlines()[2:]]
    return {
        re.sub(r"\[(.*?)\]\(.*?\)", r"\1", row[0].strip()): dict(zip(OUTCOMES, map(_cell, row[2:]), strict=True))
        for row in rows
    }


def _cell(text: str) -> Cell:
    found = re.match(r"(?:`([^`]+)`)?.*?\*\*(goes on|rolls back|holds)\*\*", text)
    assert found, text
    return Cell(found[1] or "", found[2])
