"""Tables of what ``action.yml`` takes and gives, for docs/github.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ACTION = Path(__file__).resolve().parent.parent / "action.yml"


def inputs() -> str:
    """Table of inputs."""
    return _table("Input", _read()["inputs"])


def outputs() -> str:
    """Table of outputs."""
    return _table("Output", _read()["outputs"])


def _read() -> dict[str, Any]:
    plan: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return plan


def _table(head: str, described: dict[str, dict[str, str]]) -> str:
    rows = [f"| `{name}` | {' '.join(each['description'].split())} |" for name, each in described.items()]
    return "\n".join([f"| {head} | what |", "|---|---|", *rows])
