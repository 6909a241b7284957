"""A folder in which scripts of examples run: the real ``gate``, a clock that stands at the deploy, and deploys written down."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from gate.model import Outcome
from tests.cli.commands import DEPLOY, environment, history, project
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

USERS = {"pass": history(0.2), "fail": history(0.9)}
"""What they wrote for a run to end like that."""

REMEMBERING = """\
it={memory}/$(printf '%s ' "$@" | cat - gate.yml mentions.jsonl 2>&1 | sha256sum | cut -c1-16)
[ -f "$it.code" ] || {{ "{python}" -m gate "$@" > "$it.said"; echo $? > "$it.code"; }}
cat "$it.said"
exit "$(cat "$it.code")"
"""
"""The real command; asked the same of the same files again, as other pipelines do, it takes no time."""


class Workplace:
    """Where a pipeline is checked out."""

    def __init__(self, folder: Path, memory: Path) -> None:
        """Lay out the commands that pipelines call.

        Args:
            folder: to do it in.
            memory: where it is kept how ``gate`` ended.
        """
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self._command(self.bin / "gate", REMEMBERING.format(memory=memory, python=sys.executable))
        self._command(self.bin / "python", f'exec "{sys.executable}" "$@"')
        self._command(self.bin / "date", f"echo {DEPLOY:%Y-%m-%dT%H:%M:%SZ}")
        self._command(self.bin / "pip", 'echo "$@" >> installed')
        for name in ("deploy", "rollback"):
            self._command(folder / f"{name}.sh", f'echo "{name} $1" >> done')

    def hear(self, outcome: str) -> None:
        """Write what users wrote; of what is not in ``USERS``, have ``gate`` end as it does then."""
        if outcome in USERS:
            project(self.folder, USERS[outcome])
        elif outcome == "broke":
            self.exits(2)
        else:
            self.exits(Outcome(outcome).exit_code, '{"decision": "hold"}')

    def exits(self, code: int, says: str = "") -> None:
        """Put something in place of ``gate`` that only says something, and exits so."""
        self._command(self.bin / "gate", f"echo '{says}'\nexit {code}" if says else f"exit {code}")

    def bash(self, script: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script."""
        return self.run(["bash", *options, "-c", script], **variables)

    def run(self, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        own = {"PYTHONPATH": str(ROOT), "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment(self.folder), **own, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def done(self) -> list[str]:
        """What was deployed and rolled back, in order."""
        file = self.folder / "done"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    @staticmethod
    def _command(path: Path, line: str) -> None:
        path.write_text(f"#!/usr/bin/env bash\n{line}\n", encoding="utf-8")
        path.chmod(0o755)
