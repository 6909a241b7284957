"""From `uses:` to the first look: seconds until a step of GitHub Actions reads what users write.

Runs the script of action.yml as a runner does, in a job of its own each time, on the mentions of `gate demo`: on a machine
where nothing was ever installed (packages come from the index, as on GitHub's own runners), on one that kept pip's
downloads, and on one that kept the environment, as self-hosted runners do. Exits with 1 past the marks; the first needs the
package index.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][-1]["run"]
RUNS = 3
COLD_SECONDS, WARM_SECONDS = 30.0, 4.0
"""Of the processor: the clock shows more where the machine is busy or the index far away."""
FIRST_LOOK = b"look 1"
FAIL = 10


def job(folder: Path, **variables: str) -> tuple[float, float, float]:
    """Return seconds to the first look and to the end of one step, and what it took of the processor."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "gate" / "demo", folder)
    for name in ("output", "summary"):
        (folder / name).touch()
    environment = {
        **os.environ,
        "CI": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GATE_ACTION_DEPLOYED_AT": "2026-03-10T14:00:00Z",
        "GATE_STORE": str(folder / "gate.db"),
        **variables,
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started, before = time.perf_counter(), _processor()
    first = 0.0
    command = [shutil.which("bash") or "bash", "-e", "-c", SCRIPT]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=-1) as running:
        for line in running.stdout or ():
            if not first and FIRST_LOOK in line:
                first = time.perf_counter() - started
    seconds = time.perf_counter() - started
    if running.returncode != FAIL or not first:
        print(f"the step exited with {running.returncode}, and should have failed the release of the demo")
        sys.exit(1)
    return first, seconds, _processor() - before


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Measure, print, and compare with the marks."""
    measured: dict[str, list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        for run in range(RUNS):
            folder = Path(name) / str(run)
            kept, fresh, downloads = (str(folder / each) for each in ("kept", "fresh", "downloads"))
            for what, variables in (
                ("nothing kept", {"RUNNER_TOOL_CACHE": kept, "PIP_CACHE_DIR": downloads}),
                ("pip's downloads kept", {"RUNNER_TOOL_CACHE": fresh, "PIP_CACHE_DIR": downloads}),
                ("environment kept", {"RUNNER_TOOL_CACHE": kept}),
            ):
                measured.setdefault(what, []).append(job(folder / "job", **variables))
        files = [file for file in (Path(name) / "0" / "kept").rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files) / 2**20
    for what, times in measured.items():
        first, whole, used = (statistics.median(each[i] for each in times) for i in range(3))
        print(f"{what:22} {first:6.2f} s to the first look, {whole:6.2f} s to the verdict; processor {used:6.2f} s")
    print(f"the environment takes {size:.0f} MB")
    cold, warm = (
        statistics.median(used for *_, used in measured[what]) for what in ("nothing kept", "environment kept")
    )
    return 0 if cold < COLD_SECONDS and warm < WARM_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
