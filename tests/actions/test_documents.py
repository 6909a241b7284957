"""What docs/actions.md shows is what works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate.actions.command import VARIABLES
from gate.policy import json_schema, load_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/actions.md").read_text(encoding="utf-8")


def rollback() -> str:
    """Return the workflow of the page."""
    return PAGE.partition("<!-- rollback")[2].partition("```yaml\n")[2].partition("```")[0]


def test_the_policy_of_the_page() -> None:
    """Its actions are valid."""
    actions = PAGE.partition("```yaml\n")[2].partition("```")[0]
    start = "version: 1\nsources: [{type: file, path: m.jsonl}]\non: {inconclusive: hold, error: hold}\n"
    assert set(load_text(start + actions).actions) == {"fail", "any"}


def test_every_action_is_told_of() -> None:
    """The table of what the far side knows each by leaves none out that is described."""
    described = set(re.findall(r"^\*\*`([\w-]+)`\*\*", PAGE, re.MULTILINE))
    assert described >= {
        "github-dispatch",
        "github-status",
        "github-issue",
        "azure-run",
        "notify",
        "webhook",
        "command",
    }
    assert [name for name in described if f"| `{name}` |" not in PAGE] == []


def test_editors_know_the_actions() -> None:
    """The JSON Schema of a policy has each action with its options, at every moment."""
    moments = json_schema()["properties"]["actions"]["properties"]
    assert set(moments) == {"pass", "fail", "inconclusive", "error", "any"}
    for moment in moments.values():
        known = {each["properties"]["type"]["const"]: each["properties"] for each in moment["items"]["oneOf"]}
        assert "workflow" in known["github-dispatch"]


def test_the_rollback_workflow(tmp_path: Path) -> None:
    """It is a workflow, an attacker finds nothing in it, and its name holds the id by which a double is found."""
    file = tmp_path / ".github/workflows/rollback.yml"
    file.parent.mkdir(parents=True)
    file.write_text(rollback(), encoding="utf-8")
    assert "inputs.gate-run-id" in re.search(r"run-name: .*", rollback())[0]  # type: ignore[index]
    checked(file, "vendor.github-workflows")
    audited(tmp_path)


def checked(file: Path, schema: str) -> None:
    """Hold a file against a schema of GitHub's."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def audited(folder: Path) -> None:
    """Look for what an attacker would try."""
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if zizmor is None:
        pytest.skip("zizmor is not installed beside this Python")
    done = subprocess.run(
        [zizmor, "--offline", "--persona", "auditor", "--quiet", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_variables_of_the_page() -> None:
    """Each variable that a command is said to have is one that it has."""
    said = set(re.findall(r"`(GATE_[A-Z_]+)", PAGE.partition("## Run a program")[2].partition("## ")[0]))
    known = {*VARIABLES.values(), "GATE_EVIDENCE", "GATE_REPORT", "GATE_KEY", "GATE_AGAIN"}
    assert said <= known
    assert said > {"GATE_EVIDENCE", "GATE_REPORT", "GATE_REASON", "GATE_PAGE"}
