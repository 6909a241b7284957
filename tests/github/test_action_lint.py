"""What linters and an attacker's tools say of the action, our workflows and the examples: nothing. All offline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layout import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OURS = [ROOT / "action.yml", *WORKFLOWS]
EXAMPLES = sorted((ROOT / "examples" / "github").glob("*.yml"))
BIN = Path(sys.executable).parent


def run(*command: str) -> str:
    """Run a tool of the test environment; return what it says if it complains."""
    program = shutil.which(command[0], path=str(BIN))
    assert program, f"{command[0]} is not installed beside this Python"
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize(("persona", "files"), [("auditor", OURS), ("pedantic", EXAMPLES)], ids=["ours", "examples"])
def test_zizmor_finds_nothing(persona: str, files: list[Path]) -> None:
    """At no level of severity or confidence; in what is ours, not even what only an auditor asks."""
    paths = [str(path.relative_to(ROOT)) for path in files]
    assert paths
    assert run("zizmor", "--offline", "--no-progress", "--no-config", f"--persona={persona}", *paths) == ""


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    """The check can fail: an input inside of a script is found."""
    bad = (ROOT / "action.yml").read_text(encoding="utf-8") + "        echo ${{ inputs.policy }}\n"
    (tmp_path / "action.yml").write_text(bad, encoding="utf-8")
    assert "template-injection" in run("zizmor", "--offline", "--no-progress", "--no-config", str(tmp_path))


def test_the_action_keeps_to_the_schema() -> None:
    """As GitHub's own schema of actions has it."""
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml") == ""


def test_workflows_keep_to_the_schema() -> None:
    """Ours and the examples."""
    files = [str(path) for path in (*WORKFLOWS, *EXAMPLES)]
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files) == ""


def test_every_job_ends_sometime() -> None:
    """A job without a time limit holds a runner for six hours."""
    files = [str(path) for path in (*WORKFLOWS, *EXAMPLES) if path.name != "reusable-caller.yml"]
    assert run("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *files) == ""
