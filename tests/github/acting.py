"""Runs workflows on this machine, by `act`, without Docker and without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.commands import POLICY, history
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXAMPLES = ROOT / "examples" / "github"
ACTION = re.compile(r"uses: (sentiment-gate/sentiment-gate@\w+)")
UPLOAD = re.compile(r"uses: (actions/upload-artifact@\w+)")
# The moment that the mentions were written around, whatever today is.
DATE = "#!/bin/sh\necho 2026-03-10T14:00:00Z\n"
RECORDER = """\
#!/bin/sh
echo "{name} $*" >> "$RECORD"
"""
# act hands inputs on as INPUT_*, which GitHub does not: whoever relied on them would pass here and break there.
BASH = """\
#!/bin/sh
exec env $(env | sed -n 's/^\\(INPUT_[^=]*\\)=.*/-u \\1/p') {bash} "$@"
"""
STUB = """\
name: Upload
description: Stands for actions/upload-artifact, which needs a network.
inputs: {name: {description: x}, path: {description: x}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        for path in $PATHS; do test -e "$path" && echo "uploaded $NAME $(basename "$path" | tr -d 0-9)" >> "$RECORD"; done
      env: {NAME: "${{ inputs.name }}", PATHS: "${{ inputs.path }}"}
"""


@dataclass
class Ran:
    """A workflow that came to its end."""

    code: int
    log: str
    record: list[str]
    """What was deployed, rolled back and uploaded, in order."""


class Workshop:
    """What all workflows of the tests need: the action, an environment to run it in, and stand-ins."""

    def __init__(self, folder: Path) -> None:
        """Make them; the environment is found as one that an earlier step left on the runner."""
        self.folder = folder
        self.action = folder / "action"
        self.action.mkdir()
        # The gate itself is in the environment: act copies an action some times for each step that uses it.
        for name in ("action.yml", "requirements/base.txt", "gate/ci/installation.py"):
            (self.action / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.action / name)
        stub = folder / "upload"
        stub.mkdir()
        (stub / "action.yml").write_text(STUB, encoding="utf-8")
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.tool("date", DATE)
        self.tool("bash", BASH.format(bash=shutil.which("bash")))
        self.tool("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        self.tools = folder / "tools"
        self._make_environment()

    def tool(self, name: str, text: str) -> None:
        """Put a program in front of the machine's own."""
        file = self.bin / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def _make_environment(self) -> None:
        script = str(self.action / "gate/ci/installation.py")
        code = f"import os, runpy; print(runpy.run_path({script!r})['_folder'](os.environ))"
        environ = {**os.environ, "RUNNER_TOOL_CACHE": str(self.tools)}
        done = subprocess.run(
            [sys.executable, "-I", "-c", code], env=environ, capture_output=True, text=True, check=True
        )
        made = Path(done.stdout.strip())
        venv.EnvBuilder(symlinks=True).create(made)
        site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(made), "platbase": str(made)}))
        (site / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
        (made / "complete").touch()

    def project(self, folder: Path, workflows: Mapping[str, str], files: Mapping[str, str]) -> Path:
        """Lay out a repository of a user's, and commit it."""
        scripts = {f"{name}.sh": RECORDER.format(name=name) for name in ("deploy", "rollback")}
        named = {f".github/workflows/{name}": text for name, text in workflows.items()}
        for name, text in {**scripts, **named, **files}.items():
            file = folder / "repository" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(0o755 if name.endswith(".sh") else 0o644)
        repository = folder / "repository"
        for words in (("init", "-q", "-b", "main"), ("remote", "add", "origin", "https://github.com/acme/app")):
            git(repository, *words)
        commit(repository)
        return repository

    def act(self, repository: Path, *options: str, on: str = "push", event: Mapping[str, object] | None = None) -> Ran:
        """Run the workflow of a repository, as GitHub does when that happens."""
        home = repository.parent / "home"
        tools = home / ".cache" / "act" / "tool_cache"  # act's own RUNNER_TOOL_CACHE, whatever it is told
        tools.parent.mkdir(parents=True)
        tools.symlink_to(self.tools)
        record = repository.parent / "record"
        record.touch()
        payload = repository.parent / "event.json"
        payload.write_text(json.dumps(event or {}))
        text = "".join(file.read_text() for file in (repository / ".github/workflows").iterdir())
        replaced = dict.fromkeys(ACTION.findall(text), self.action)
        replaced |= dict.fromkeys(UPLOAD.findall(text), self.folder / "upload")
        words = [f"--local-repository={name}={path}" for name, path in replaced.items()]
        environment = {"RECORD": str(record), "PIP_NO_INDEX": "1"}  # nothing is to be installed
        words += [f"--env={name}={value}" for name, value in environment.items()]
        done = subprocess.run(
            [str(Path(sys.executable).parent / "act"), on, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server",
             "--eventpath", str(payload), "--workflows", ".github/workflows/release.yml", *words, *options],
            cwd=repository,
            env={"HOME": str(home), "PATH": f"{self.bin}:{os.environ['PATH']}", "GATE_STORE": str(home / "gate.db")},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr, record.read_text().splitlines())


def example(name: str) -> str:
    """Return the workflow of that name."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def files(lines: Iterable[str] | None = None, policy: str = POLICY) -> dict[str, str]:
    """Return a policy and what people wrote."""
    return {"gate.yml": policy, "mentions.jsonl": "\n".join(history() if lines is None else lines) + "\n"}


def git(repository: Path, *words: str) -> str:
    """Run git there."""
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.strip()


def commit(repository: Path) -> str:
    """Commit all there is; return the commit."""
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "x")
    return git(repository, "rev-parse", "HEAD")
