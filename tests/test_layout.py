"""The shape of the package: import layers, module sizes, plugs and the error tree."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from gate import cli, errors, plugins
from gate.ports import About

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gate"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST_MODULE = 250
"""Lines. Past that a module is usually two."""
LONGER_MODULES: dict[str, str] = {}
"""Modules that may be longer, each with its reason."""

PURE = ("model", "filters", "decide")
PURE_MAY_IMPORT = {
    "__future__",
    "array",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "types",
    "typing",
    "unicodedata",
    "zlib",
    "zoneinfo",
}
"""Standard-library modules that compute and never touch the world."""

SLOW_IMPORTS = {"flask", "numpy", "pydantic", "requests", "sqlalchemy", "tweepy", "vaderSentiment"}

KINDS: tuple[plugins.Kind, ...] = ("sources", "scorers", "actions")
WORKERS = {"sources": "Source", "scorers": "Scorer", "actions": "Action"}
PLUGS = [(kind, name) for kind in KINDS for name in plugins.names(kind)]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run this Python in a process of its own."""
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def imports(module: Path) -> Iterator[str]:
    """Yield the absolute name of everything a module imports, type-only imports included."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def subclasses(base: type[errors.GateError]) -> Iterator[type[errors.GateError]]:
    """Yield the class and all below it."""
    yield base
    for each in base.__subclasses__():
        yield from subclasses(each)


def test_imports_run_one_way() -> None:
    """The import contracts of pyproject.toml hold, and every room has its layer."""
    outcome = run(
        "-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())", "--no-cache"
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(module: Path) -> None:
    """A module fits in one reading, or its reason stands in the list of exceptions."""
    length = len(module.read_text(encoding="utf-8").splitlines())
    name = module.relative_to(ROOT).as_posix()
    if name in LONGER_MODULES:
        assert length > LONGEST_MODULE, f"{name} is short again: take it off the list"
    else:
        assert length <= LONGEST_MODULE, f"{name} has {length} lines; split it, or say why not in LONGER_MODULES"


def test_long_modules_exist() -> None:
    """The list of exceptions names no module that is gone."""
    assert [name for name in LONGER_MODULES if not (ROOT / name).exists()] == []


def test_deciding_needs_no_world() -> None:
    """What decides imports only modules that compute: no files, no network, no clock, no randomness."""
    pure = [module for module in MODULES if module.relative_to(PACKAGE).parts[0] in PURE]
    allowed = {"gate.decide", "gate.filters", "gate.model", "gate.errors"}
    found = {
        f"{module.relative_to(ROOT)} imports {name}"
        for module in pure
        for name in imports(module)
        if name.split(".")[0] not in PURE_MAY_IMPORT and ".".join(name.split(".")[:2]) not in allowed
    }
    assert pure
    assert found == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_say_what_they_are_for(module: Path) -> None:
    """Every module opens with a docstring."""
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_help_imports_nothing_heavy() -> None:
    """``gate --help`` answers without loading a web framework, a database or a source's client."""
    code = "import sys; sys.argv = ['gate', '--help']\ntry:\n    from gate.cli import main; main()\nexcept SystemExit: pass"
    outcome = run("-c", f"{code}\nprint('loaded:', *sys.modules, file=sys.stderr)")
    assert outcome.returncode == 0, outcome.stderr
    assert "check" in outcome.stdout
    assert SLOW_IMPORTS.isdisjoint(outcome.stderr.partition("loaded:")[2].split())


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_has_its_file(name: str) -> None:
    """A command that the help lists is there, in the file of its name, and explains itself with an example."""
    command = importlib.import_module(f"gate.cli.{name}").command
    assert isinstance(command, click.Command)
    assert command.help
    assert "gate " in command.help, "no example"


def test_error_tree_is_drawn() -> None:
    """The drawing on top of errors.py shows every error with its parent's place and its exit code."""
    drawing = inspect.getdoc(errors) or ""
    undrawn = [
        each.__name__
        for each in subclasses(errors.GateError)
        if each.__module__ == errors.__name__ and not re.search(rf"\b{each.__name__}\b", drawing)
    ]
    assert undrawn == []


def test_every_error_has_an_exit_code() -> None:
    """Each error ends the process with a documented status, and says whether trying again can help."""
    for each in subclasses(errors.GateError):
        assert each.exit_code in {1, 2, 12, 130}
        assert isinstance(each.permanent, bool)
        assert each.__doc__, f"{each.__name__} has no docstring"


@pytest.mark.parametrize(("kind", "name"), PLUGS)
def test_plugs_have_the_agreed_shape(kind: plugins.Kind, name: str) -> None:
    """A plug is a frozen dataclass of documented options and a documented class named after its kind."""
    module = plugins.load(kind, name)
    assert dataclasses.is_dataclass(module.Options)
    assert vars(module.Options)["__dataclass_params__"].frozen, "options must not change once read"
    worker = getattr(module, WORKERS[kind])
    assert inspect.getdoc(module)
    assert worker.__doc__
    parameters = list(inspect.signature(worker).parameters)
    assert parameters[0] == "options"
    if kind == "sources":
        assert parameters == ["options", "context"]
        assert all(callable(getattr(worker, method)) for method in ("fetch", "check", "close"))


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_sources_say_what_they_ask_of_users(name: str) -> None:
    """Each source states its access, cost, delay, limits, storage and terms, for the table in docs/sources.md."""
    about = plugins.load("sources", name).ABOUT
    assert isinstance(about, About)
    empty = [field.name for field in dataclasses.fields(About) if not getattr(about, field.name).strip()]
    assert empty == []


@pytest.mark.parametrize(("kind", "name"), PLUGS)
def test_options_are_documented(kind: plugins.Kind, name: str) -> None:
    """Each option of a plug has a line under it that says what it means: users read it in the help."""
    module = plugins.load(kind, name)
    tree = ast.parse(inspect.getsource(module.Options))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    bare = [
        node.target.id
        for node, following in zip(body, [*body[1:], None], strict=True)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and not (
            isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        )
    ]
    assert bare == []


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_plug_lists_the_known(kind: plugins.Kind) -> None:
    """A name that no plug has is refused, with the names there are."""
    with pytest.raises(errors.UsageFault) as refused:
        plugins.load(kind, "smoke-signals")
    assert "smoke-signals" in str(refused.value)
    assert all(name in str(refused.value) for name in plugins.names(kind))
    assert refused.value.exit_code == 2


def test_naming_a_plug_imports_none() -> None:
    """Listing the names users may write imports no plug."""
    outcome = run("-c", "import sys; from gate import plugins; plugins.names('sources'); print(*sys.modules)")
    assert [name for name in outcome.stdout.split() if name.startswith("gate.sources.")] == []
