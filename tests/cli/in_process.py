"""Runs commands in the test's own process: starting one takes longer than most commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from gate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def runner(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **known: str
) -> Callable[..., Done]:
    """Return what runs ``gate`` in a folder, with a run log of its own there, and with these variables beside others."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GATE_STORE", str(folder / "gate.db"))
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, **variables: str) -> Done:
        with monkeypatch.context() as here:
            for name, value in {**known, **variables}.items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(list(words))
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run
