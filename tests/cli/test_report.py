"""`gate report`: from the run log and from an evidence pack, in every form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import gate
from tests.support_html import Skeleton

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `gate demo` has left a run log and two packs."""
    folder = tmp_path_factory.mktemp("demo")
    assert gate(folder, "demo", "--folder", "out").returncode == 0
    return folder


def test_every_form_from_log_and_pack(demo: Path) -> None:
    """The same run comes to the same verdict from its log and from its pack, in HTML, Markdown, JSON and as a picture."""
    for run, form in (("last", "html"), ("last", "json"), ("out/2026-03-17", "md"), ("out/2026-03-17", "png")):
        done = gate(demo, "report", run, "--store", "out/gate.db", "--format", form, "-o", f"new/r.{form}")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert f"Wrote new/r.{form}." in done.stderr
    html = Skeleton((demo / "new" / "r.html").read_text(encoding="utf-8"))
    assert html.acting() == []
    assert "PASS → promote the release" in "".join(html.text)
    assert "PASS → promote the release" in (demo / "new" / "r.md").read_text(encoding="utf-8")
    assert json.loads((demo / "new" / "r.json").read_text(encoding="utf-8"))["outcome"] == "pass"
    assert (demo / "new" / "r.png").read_bytes().startswith(b"\x89PNG")


def test_standard_output(demo: Path) -> None:
    """Without -o the report goes to standard output, and nothing else does."""
    done = gate(demo, "report", "out/2026-03-10")
    assert done.stdout.startswith("<!doctype html>")
    assert done.stderr == ""


def test_a_run_that_is_not_there(demo: Path) -> None:
    """A wrong id and a folder that holds no pack are told with the next step."""
    for run, said in (("nothing", "gate runs lists them"), ("out", "name one")):
        done = gate(demo, "report", run, "--store", "out/gate.db")
        assert done.returncode in {2, 12}
        assert said in done.stderr
