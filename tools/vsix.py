"""Pack the extension for Azure Pipelines.

    python -m tools.vsix sentiment-gate.vsix

Pictures and licence come from where they are in this repository; icons are drawn from the page's own. tfx-cli, which
packs, comes from npm, locked by ``azure-pipelines-task/packing``; once it is there, no network is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import vl_convert

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "azure-pipelines-task"
PACKED = ("vss-extension.json", "overview.md", "SentimentGate", "SentimentGateWait")
PICTURES = ("run.png", "runs.png")
ICON = ROOT / "gate" / "service" / "page" / "static" / "icon.svg"
SHARP = 2.0
"""Pixels of a drawing for one of its own."""
UNITS = 24
"""Of the icon's view box."""
ICONS = {"images/icon.png": 128, "SentimentGate/icon.png": 32, "SentimentGateWait/icon.png": 32}
"""Pixels each way."""


def lay_out(folder: Path) -> None:
    """Put everything that is packed into an empty folder."""
    for name in PACKED:
        place = SOURCE / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, folder / name)
    (folder / "images").mkdir()
    for name in PICTURES:
        shutil.copy(ROOT / "docs" / "images" / name, folder / "images")
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE.txt")
    flow = (SOURCE / "images" / "flow.svg").read_text(encoding="utf-8")
    (folder / "images" / "flow.png").write_bytes(vl_convert.svg_to_png(flow, scale=SHARP))
    drawn = ICON.read_text(encoding="utf-8").replace("<svg ", f'<svg width="{UNITS}" height="{UNITS}" ', 1)
    for name, pixels in ICONS.items():
        (folder / name).write_bytes(vl_convert.svg_to_png(drawn, scale=pixels / UNITS))


def pack(folder: Path, output: Path, tfx: Sequence[str]) -> str:
    """Pack a folder that ``lay_out`` filled, and return what tfx says; the caller must read it, as it warns at most.

    Raises:
        CalledProcessError: it refuses.
    """
    words = ("extension", "create", "--manifest-globs", "vss-extension.json", "--root", str(folder))
    done = subprocess.run(  # noqa: S603 - our own words
        [*tfx, *words, "--output-path", str(output), "--no-prompt", "--json"],
        cwd=folder,
        env={**os.environ, "TFX_DISABLE_TELEMETRY": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


def main(words: Sequence[str]) -> int:
    """Pack it."""
    from tests.servers import installing

    if len(words) != 1:
        print("usage: python -m tools.vsix FILE.vsix", file=sys.stderr)
        return 2
    output = Path(words[0]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        print(pack(Path(folder), output, installing.tfx()))
    print(f"{output.name}: {output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
