"""Files that may lie beside a checkout and are not ours to ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def specs_folder() -> Path | None:
    """Return the folder of other people's API descriptions, or None where it is not present."""
    folder = ROOT.parent / "shared" / "specs"
    return folder if folder.is_dir() else None


def labelled_folder() -> Path | None:
    """Return the folder of real posts with human labels, or None where it is not present."""
    folder = ROOT.parent / "shared" / "data" / "labelled"
    return folder if folder.is_dir() else None


def spec(name: str) -> dict[str, Any]:
    """Return one API description, or skip the test and say what it would need."""
    folder = specs_folder()
    if folder is None or not (folder / name).is_file():
        pytest.skip(f"needs ../shared/specs/{name}: somebody else's description of an API, which is not ours to ship")
    described: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return described
