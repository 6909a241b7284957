"""What is written about Azure Pipelines is what there is."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gate.cli.token import command
from tests.azure.server_task import EXTENSION, definition
from tests.azure.templates import steps
from tests.azure.test_examples import AzureLoader, load
from tests.test_layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (ROOT / "docs" / "azure.md").read_text(encoding="utf-8")
OVERVIEW = (EXTENSION / "overview.md").read_text(encoding="utf-8")
PAGES = [ROOT / "docs" / "azure.md", ROOT / "examples" / "azure" / "README.md", EXTENSION / "README.md"]
TEMPLATE = load("gate.yml")


def nodes(node: object) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside of YAML."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for each in node:
            yield from nodes(each)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """To files of the repository that are there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert links or page.parent == EXTENSION
    assert [each for each in links if not (page.parent / each).exists()] == []


def test_the_page_knows_the_variables() -> None:
    """The table of variables has all that the step may set."""
    table = PAGE.partition("| variable | what |")[2].partition("\n\n")[0]
    first = " ".join(line.split("|")[1] for line in table.splitlines() if line.count("|") > 2)
    assert set(re.findall(r"`(\w+)`", first)) == set(TEMPLATE["steps"][0]["target"]["settableVariables"])


def test_fragments_are_right() -> None:
    """Parameters of the template, inputs of the task and names of hooks in pieces of YAML are those there are."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE + OVERVIEW, re.DOTALL)
    found = [node for block in blocks for node in nodes(yaml.load(block, AzureLoader))]  # noqa: S506
    templates = [node for node in found if "template" in node]
    assert len(templates) == 2
    for node in templates:
        assert steps(load(str(node["template"])), node.get("parameters", {}))
    tasks = [node for node in found if "task" in node]
    assert len(tasks) == 2
    for node in tasks:
        name, _, version = str(node["task"]).partition("@")
        task = definition(name)
        assert version == str(task["version"]["Major"])
        assert set(node["inputs"]) <= {each["name"] for each in task["inputs"]}


def test_words_to_paste_are_right() -> None:
    """The success criteria are those of the task, and the command that makes a token is one."""
    criteria = definition("SentimentGate")["execution"]["HttpRequest"]["Execute"]["Expression"]
    assert f"`{criteria}`" in PAGE
    manifest = (EXTENSION / "vss-extension.json").read_text(encoding="utf-8")
    for text in (PAGE, OVERVIEW, manifest):
        (words,) = re.findall(r"`gate (token [^`]+)`", text)
        _, name, *rest = shlex.split(words)
        made = command.commands[name]
        assert made.make_context(name, list(rest)).params["roles"] == ("run",)
