"""What the documentation says is what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate.policy import load_text
from tests.cli.commands import environment, gate

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_blocks_are_current() -> None:
    """Tables of the README come from the code; `python -m tools.readme` makes them anew."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.readme", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_policy_of_the_readme_is_valid() -> None:
    """The ten lines a reader copies first are a policy."""
    block = re.search(r"<!-- begin:policy -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    assert len(block[1].splitlines()) == 10
    assert load_text(block[1]).release == "#acme24"


def test_the_start_of_the_readme_runs(tmp_path: Path) -> None:
    """The commands under Start, word for word, lead from nothing to a verdict."""
    section = README.split("## Start")[1].split("```sh\n")[1].split("```")[0]
    commands = [line.split("#")[0].split() for line in section.splitlines()]
    assert commands[0] == ["pip", "install", "."]
    codes = []
    for program, *words in commands[1:]:
        assert program == "gate"
        codes.append(gate(tmp_path, *words).returncode)
    assert codes == [0, 0, 10]


def test_the_demo_halts_one_release_and_promotes_one(tmp_path: Path) -> None:
    """`gate demo` needs no key and no network, ends with both reasons, and leaves reports."""
    done = gate(tmp_path, "demo", "--folder", "out")
    assert done.returncode == 0, done.stderr
    assert "FAIL → halt the rollout" in done.stdout
    assert "PASS → promote the release" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"2026-03-10", "2026-03-10.md", "2026-03-17.md"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(tmp_path: Path, shell: str) -> None:
    """The completion script of each shell the README names comes out."""
    script = shutil.which("gate", path=str(Path(sys.executable).parent))
    assert script, "the gate command is not installed beside this Python"
    done = subprocess.run(
        [script],
        env={**environment(tmp_path), "_GATE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_gate_completion" in done.stdout
