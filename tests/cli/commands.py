"""Runs the real command as users do, each in a folder and with a run log of its own."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests import forkserver

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable
    from pathlib import Path

DEPLOY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
POLICY = """\
version: 1
release: Brimly
sources:
  - {type: file, path: mentions.jsonl}
window: {settle: 1m, length: 30m, every: 60s}
baseline: {length: 1d}
minimum: {mentions: 20, authors: 10}
on: {inconclusive: hold, error: hold}
"""
GOOD = "works great, I love it"
BAD = "terrible, I hate it"


def environment(folder: Path) -> dict[str, str]:
    """Return the test process's environment with a run log in ``folder`` and no CI."""
    kept = {key: value for key, value in os.environ.items() if key not in {"CI", "TF_BUILD", "GATE_STORE"}}
    return {**kept, "GATE_STORE": str(folder / "gate.db"), "PYTHONWARNINGS": "error", "COLUMNS": "100"}


def gate(folder: Path, *words: str, text: str | None = None, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``gate`` to its end, with a token for X where one is given."""
    more = {"X_BEARER_TOKEN": token} if token else {}
    return forkserver.run(["gate", *words], cwd=folder, env=environment(folder) | more, text=text)


def line(number: int, at: datetime, text: str, **fields: object) -> str:
    """Write one mention as JSON Lines hold it."""
    known = {"id": f"m{number}", "created_at": at.isoformat(), "text": text, "author": f"a{number}"}
    return json.dumps({**known, **fields})


def history(bad_share: float = 0.0) -> list[str]:
    """Write a day at one mention in 10 minutes, one in five bad, then 30 minutes at two a minute."""
    before = [line(i, DEPLOY - timedelta(minutes=10 * (i + 1)), BAD if i % 5 == 0 else GOOD) for i in range(140)]
    after = [
        line(1000 + i, DEPLOY + timedelta(seconds=30 * i + 5), BAD if i % 10 < 10 * bad_share else GOOD)
        for i in range(58)
    ]
    return [*before, *after]


def project(folder: Path, lines: Iterable[str] | None = None, policy: str = POLICY) -> Path:
    """Lay out a policy and its mentions."""
    (folder / "gate.yml").write_text(policy, encoding="utf-8")
    (folder / "mentions.jsonl").write_text("\n".join(history() if lines is None else lines) + "\n", encoding="utf-8")
    return folder


def check(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``gate check`` on a deploy in the past."""
    return gate(folder, "check", "--deployed-at", DEPLOY.isoformat(), *words)


def verdict(folder: Path, *words: str) -> dict[str, Any]:
    """Run ``gate check --json`` and read it."""
    found: dict[str, Any] = json.loads(check(folder, "--json", *words).stdout)
    return found
