"""What is shipped and what is locked: the wheel, the requirement files, the commands that set things up."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import gate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
COMPANIONS = {"pydantic-core", "jinja2", "markupsafe", "werkzeug", "joserfc"}
"""Belong to a dependency (pydantic, Flask, Authlib) that cannot be without them and whose documentation imports from them."""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def normal(name: str) -> str:
    """Return the name as the lock writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(requirements: list[str]) -> dict[str, str]:
    """Return the lower bound of each requirement, by normal name; empty where it has none."""
    found = {}
    for requirement in requirements:
        matched = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?(?:>=([\w.]+))?", requirement)
        assert matched, f"{requirement}: a lower bound, and no more"
        found[normal(matched[1])] = matched[2] or "0"
    return found


def locked(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes of each package in a lock file."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^([\w.-]+)==(\S+)([^\n]*)", text, re.MULTILINE)
    return {package: (version, re.findall(r"--hash=sha256:([0-9a-f]{64})\b", rest)) for package, version, rest in found}


def numbers(version: str) -> tuple[int, ...]:
    """Return the version as numbers, which compare as versions do."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def third_party_imports(package: Path) -> Iterator[str]:
    """Yield the top-level name of each import that is neither ours nor the standard library's."""
    ours = {package.name, "_typeshed"}  # _typeshed exists for type checkers only
    for module in package.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from ({name.split(".")[0] for name in found} - ours - sys.stdlib_module_names)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel as pip does, by the build backend named in pyproject.toml; no network."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling import build; print(build.build_wheel({str(folder)!r}))"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return zipfile.ZipFile(folder / outcome.stdout.split()[-1])


def test_wheel_holds_the_package(wheel: zipfile.ZipFile) -> None:
    """A wheel has every module, the demo's data, the type marker and the licence, and nothing of the tests."""
    names = set(wheel.namelist())
    shipped = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped <= names
    assert any(name.startswith("gate/demo/") and not name.endswith(".py") for name in names)
    assert "gate/py.typed" in names
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"gate", f"sentiment_gate-{gate.__version__}.dist-info"}


def test_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    """Name, version, licence, Python and the README reach whoever looks the package up."""
    (path,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    said = message_from_string(wheel.read(path).decode())
    assert said["Name"] == "sentiment-gate"
    assert said["Version"] == gate.__version__
    assert said["License-Expression"] == "Apache-2.0"
    assert said["Requires-Python"] == ">=3.11"
    assert said.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")


def test_command_is_installed() -> None:
    """The command ``gate`` starts this package, and says this version."""
    (script,) = (entry for entry in metadata.entry_points(group="console_scripts") if entry.name == "gate")
    assert script.value == "gate.cli:main"
    command = Path(sys.executable).parent / "gate"
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert gate.__version__ in said


def test_version_has_its_changes() -> None:
    """The changelog's newest section is about the version the package says it is."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == gate.__version__


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_names_no_place(lock: Path) -> None:
    """A lock file names packages and hashes: no index, no host, no folder of the machine that made it."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        assert re.match(r"[\w.-]+==|    --hash=sha256:[0-9a-f]{64}( \\)?$|\s*#|$", line), line
        assert not re.search(r"://|index-url|find-links|trusted-host|(^|\s)/", line), line


ONE_FILE = {"flatbuffers"}
"""Published as one wheel of pure Python, which fits every machine."""


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_fits_every_machine(lock: Path) -> None:
    """Every package is locked by the hashes of more than one file: its wheels for all platforms, and its source."""
    packages = locked(lock.name)
    assert packages
    assert [name for name, (_, hashes) in packages.items() if len(hashes) < 2 and name not in ONE_FILE] == []


def test_locks_agree() -> None:
    """What the demo runs on is what the tests ran on."""
    tested = locked("test.txt")
    for lock in ("base.txt", "build.txt"):
        assert locked(lock).items() <= tested.items()


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("base.txt", PROJECT["project"]["dependencies"]),
        ("test.txt", PROJECT["project"]["optional-dependencies"]["dev"]),
        ("test.txt", PROJECT["project"]["optional-dependencies"]["postgresql"]),
        ("build.txt", PROJECT["build-system"]["requires"]),
        ("build.txt", PROJECT["dependency-groups"]["build"]),
        ("lock.txt", PROJECT["dependency-groups"]["lock"]),
    ],
    ids=["base", "test", "postgresql", "build-system", "build", "lock"],
)
def test_lock_holds_what_is_wanted(lock: str, requirements: list[str]) -> None:
    """Each dependency of pyproject.toml is in its lock file, at or above its lower bound: else run ``make lock``."""
    packages = locked(lock)
    for name, least in wanted(requirements).items():
        assert name in packages, f"{name} is not in requirements/{lock}: run make lock"
        assert numbers(packages[name][0]) >= numbers(least)


def test_every_import_is_declared() -> None:
    """The package imports nothing that a base install may lack, except what an extra brings."""
    modules = metadata.packages_distributions()
    extras = [each for group in PROJECT["project"]["optional-dependencies"].values() for each in group]
    declared = set(wanted(PROJECT["project"]["dependencies"])) | set(wanted(extras))
    dev = set(wanted(PROJECT["project"]["optional-dependencies"]["dev"]))
    used = {normal(modules[name][0]) for name in third_party_imports(ROOT / "gate")}
    assert used - COMPANIONS <= declared - dev


def test_readme_gives_each_dependency_a_reason() -> None:
    """Each direct dependency has its row in the README's table."""
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    named = {normal(name) for row in rows for name in re.findall(r"[\w.-]+", row.split("|")[1])}
    assert set(wanted(PROJECT["project"]["dependencies"])) - named == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_trust_nothing_unnamed(workflow: Path) -> None:
    """A workflow is granted nothing by default, pins actions by commit, and leaves no token behind."""
    text = workflow.read_text(encoding="utf-8")
    plan = yaml.safe_load(text)
    assert plan["permissions"] == {}
    for line in re.findall(r"uses:.*", text):
        assert re.fullmatch(r"uses: (\./.*|[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*)", line), line
    steps = [step for job in plan["jobs"].values() for step in job.get("steps", [])]
    for step in steps:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_ci_runs_make_test() -> None:
    """CI has one command, the one that people run, and starts from an empty .venv."""
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)
    assert lines[-1] == "exec make test"
    assert "rm -rf .venv" in lines


def test_documented_targets_exist() -> None:
    """Each ``make …`` that the documentation tells people to type is a target."""
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        # In `code` or on a line of its own in a block: elsewhere it is the English verb.
        named = re.findall(r"(?:`|^|&& )make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= set(targets.split()), page.name


@pytest.mark.parametrize("target", ["demo", "test"])
def test_old_python_is_refused_with_a_next_step(target: str, tmp_path: Path) -> None:
    """On a machine whose Python is too old, make says so and what to do, before it makes anything."""
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 1;; *) echo 3.9.2;; esac\n')
    old.chmod(0o755)
    outcome = subprocess.run(
        ["make", target, f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode != 0
    assert "needs 3.11 or later" in outcome.stderr
    assert "make PYTHON=" in outcome.stderr
    assert not (tmp_path / "venv").exists()
