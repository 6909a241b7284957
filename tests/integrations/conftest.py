"""One service for every system that asks one, and a folder in which pipelines deploy by writing down that they did."""

from __future__ import annotations

from importlib.util import find_spec
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import history
from tests.integrations.asking import ORGANIZATION, PUBLIC, Gate
from tests.integrations.shells import Workplace
from tests.service.running import POLICY, serving, write_policies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A running service that knows its address, with policies on which users are well, unwell, silent, or talk for long."""
    folder = tmp_path_factory.mktemp("gate")
    write_policies(folder)
    silent = folder / "silent.jsonl"
    silent.write_text("\n".join(history()[:145]) + "\n")
    (folder / "policies" / "silent.yml").write_text(POLICY.format(path=silent, length="30m"))
    azure = (
        f"azure: {{organizations: ['{ORGANIZATION}'], keys: ['${{AZURE_KEY}}']}}\n"
        if find_spec("gate.service.azure")
        else ""
    )
    with serving(folder, f"public_url: {PUBLIC}\n{azure}", environ={"AZURE_KEY": token_urlsafe(32)}) as service:
        yield Gate(service)


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is kept how ``gate`` ended."""
    return tmp_path_factory.mktemp("memory")


@pytest.fixture
def workplace(tmp_path: Path, memory: Path) -> Workplace:
    """An empty one."""
    return Workplace(tmp_path, memory)
