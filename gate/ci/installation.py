"""Makes the environment that a step of a CI system runs the gate in, and prints where its Python is.

Run as a file, ``python -I gate/ci/installation.py``, by whatever Python a runner has: standard library only.

Every package is a wheel of the lock file, checked by its hash wherever it came from, so that nothing is built and no
code runs while it is installed; the gate itself is copied from this very checkout. The environment stays in the runner's
own folder of tools, by the hash of all it was made of. It is never kept in the repository's cache of GitHub Actions: an
environment cannot be checked by hash when it comes back from there, and every workflow of the repository may write to it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "base.txt"
OLDEST = (3, 11)
FOLDERS = ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY")
"""Where a runner keeps tools from job to job, if it lives on: GitHub's, Azure's."""
PIP_THAT_INSTALLS_ELSEWHERE = (22, 3)
COMPLETE = "complete"
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_CONSTRAINT")
"""Settings of a job that would send the packages somewhere else, or ask for others."""


class NotInstalled(Exception):
    """Says why, and what to do."""


def main() -> int:
    """Print the path of a Python that has the gate."""
    try:
        # As bash reads it: on Windows a line would end with a carriage return, and another encoding be meant.
        sys.stdout.buffer.write(str(find(os.environ)).encode())
    except NotInstalled as why:
        told = str(why).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        sys.stderr.write(f"::error title=Sentiment Gate is not installed::{told}\n")
        return 1
    return 0


def find(environ: Mapping[str, str]) -> Path:
    """Return the Python that the workflow named, or one made here, now or by an earlier step.

    Raises:
        NotInstalled: there is none, and none can be made.
    """
    if named := environ.get("GATE_ACTION_PYTHON"):
        return _named(named)
    if sys.version_info < OLDEST:
        message = f"{sys.executable} is Python {sys.version.split()[0]}, and the gate needs 3.11 or later. "
        raise NotInstalled(message + "Put a step with actions/setup-python before this one.")
    folder = _folder(environ)
    if not (folder / COMPLETE).exists():
        _make(folder, environ)
    return _python(folder)


def _named(named: str) -> Path:
    found = shutil.which(named)
    if found is None:
        message = f"there is no {named}. Write into `python` where a Python with sentiment-gate is, or leave it out."
        raise NotInstalled(message)
    done = subprocess.run([found, "-I", "-c", "import gate.cli.step"], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        message = f"{named} has no sentiment-gate of this version. Install it there, or leave out `python`."
        raise NotInstalled(message)
    return Path(found)


def _folder(environ: Mapping[str, str]) -> Path:
    name = hashlib.sha256()
    name.update("\0".join((sys.version, os.path.realpath(sys.executable), sysconfig.get_platform())).encode())
    for file in (LOCK, *_files(ROOT / "gate")):
        name.update(f"\0{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes())
    for folder in filter(None, map(environ.get, FOLDERS)):
        tools = Path(folder) / "sentiment-gate"
        try:
            tools.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(tools, os.W_OK):
            return tools / name.hexdigest()[:32]
    # A folder of a new name each time: in one that others may write to, a known name may have been taken by them.
    return Path(tempfile.mkdtemp(prefix="sentiment-gate-", dir=environ.get("RUNNER_TEMP"))) / "environment"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _make(folder: Path, environ: Mapping[str, str]) -> None:
    """Make it beside its place and move it there whole, so that jobs at the same time never see half of it."""
    made = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent))
    try:
        venv.EnvBuilder(symlinks=os.name != "nt").create(made)
        _install(made, environ)
        shutil.copytree(ROOT / "gate", _packages(made) / "gate", ignore=shutil.ignore_patterns("__pycache__"))
        (made / COMPLETE).touch()
        made.rename(folder)
    except OSError as error:
        if not (folder / COMPLETE).exists():
            message = f"the gate could not be installed in {folder}: {error.strerror}."
            raise NotInstalled(message) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _install(made: Path, environ: Mapping[str, str]) -> None:
    settings = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    settings |= {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # Not compiled: a run loads a part of the modules only, and compiles those.
    words = [
        "install",
        "--quiet",
        "--no-compile",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "-r",
        str(LOCK),
    ]
    done = subprocess.run([*_pip(made), *words], env=settings, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        message = (
            f"pip could not install what the gate needs. Where the package index cannot be reached, name a mirror "
            f"(PIP_INDEX_URL) or a folder of wheels (PIP_NO_INDEX, PIP_FIND_LINKS).\n{said}"
        )
        raise NotInstalled(message)


def _pip(made: Path) -> list[str]:
    """Return the machine's pip, told to install there; or, slower, one of the environment's own."""
    try:
        version = tuple(map(int, importlib.metadata.version("pip").split(".")[:2]))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        version = (0, 0)
    python = str(_python(made))
    if version >= PIP_THAT_INSTALLS_ELSEWHERE and importlib.util.find_spec("pip"):
        return [sys.executable, "-I", "-m", "pip", "--python", python]
    done = subprocess.run([python, "-I", "-m", "ensurepip"], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        message = "this Python has no pip. On Debian and Ubuntu: apt-get install python3-venv."
        raise NotInstalled(message)
    return [python, "-I", "-m", "pip"]


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _packages(folder: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)}))


if __name__ == "__main__":
    sys.exit(main())
