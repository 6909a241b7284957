"""What a step runs the gate in: made from this checkout and hashes alone, kept from job to job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.test_layout import ROOT

SCRIPT = "gate/ci/installation.py"
STEP = "import needed\nprint('the gate', needed.WORDS)\n"


class Checkout:
    """A checkout of an action whose gate needs one small package, and a folder that has it."""

    def __init__(self, folder: Path) -> None:
        """Lay it out."""
        self.folder = folder
        self.root = folder / "checkout"
        self.tools = folder / "tools"
        for name, text in (("__init__.py", ""), ("cli/__init__.py", ""), ("cli/step.py", STEP), ("ci/__init__.py", "")):
            file = self.root / "gate" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        shutil.copy(ROOT / SCRIPT, self.root / SCRIPT)
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.offer("works")

    def offer(self, says: str) -> str:
        """Put the package into the folder, and its hash into the lock; return the hash."""
        wheel = self.wheels / "needed-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as packed:
            packed.writestr("needed.py", f"WORDS = {says!r}\n")
            packed.writestr("needed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
            packed.writestr(
                "needed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            packed.writestr("needed-1.0.dist-info/RECORD", "")
        self.lock(found := sha256(wheel.read_bytes()).hexdigest())
        return found

    def lock(self, hashed: str) -> None:
        """Write the lock file."""
        file = self.root / "requirements" / "base.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"needed==1.0 \\\n    --hash=sha256:{hashed}\n")

    def environment(self, **more: str) -> dict[str, str]:
        """Return that of a job, with settings of pip that would lead it astray."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        astray = {"PIP_TARGET": str(self.folder / "astray"), "PIP_REQUIRE_VIRTUALENV": "1", "PYTHONPATH": "/nowhere"}
        return {**kept, **offline, **astray, "RUNNER_TOOL_CACHE": str(self.tools), **more}

    def start(self, *python: str, **more: str) -> subprocess.Popen[str]:
        """Begin to install."""
        command = [*(python or (sys.executable, "-I")), str(self.root / SCRIPT)]
        return subprocess.Popen(
            command, env=self.environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def install(self, *python: str, **more: str) -> tuple[str, str]:
        """Install; return the Python that has the gate, and what was said."""
        with self.start(*python, **more) as running:
            said, complaint = running.communicate(timeout=120)
        return said.strip(), complaint


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return one that nothing was installed from."""
    return Checkout(tmp_path)


def ran(python: str) -> str:
    """Run the gate that was installed."""
    return subprocess.run([python, "-I", "-m", "gate.cli.step"], capture_output=True, text=True, check=True).stdout


def test_it_is_made_once_and_whenever_something_changed(checkout: Checkout) -> None:
    """The second step takes what the first one made, with no package to be had; other code is another environment."""
    python, said = checkout.install()
    assert said == ""
    assert Path(python).is_relative_to(checkout.tools)
    assert ran(python) == "the gate works\n"
    wheels = {"PIP_FIND_LINKS": "/nowhere"}
    assert checkout.install(**wheels) == (python, "")
    (checkout.root / "gate" / "new.py").touch()
    other, _ = checkout.install()
    assert other != python
    assert len(list((checkout.tools / "sentiment-gate").iterdir())) == 2


def test_a_package_of_another_hash_is_refused(checkout: Checkout) -> None:
    """Whoever has changed a package on the way, nothing of it is installed, and nothing is left behind."""
    checkout.lock(sha256(b"what was reviewed").hexdigest())
    python, said = checkout.install()
    assert python == ""
    assert said.startswith("::error title=Sentiment Gate is not installed::")
    assert "PIP_INDEX_URL" in said
    assert said.count("\n") == 1
    assert list((checkout.tools / "sentiment-gate").iterdir()) == []


def test_jobs_at_the_same_time_share_one(checkout: Checkout) -> None:
    """Two steps that begin at once come to the same whole environment."""
    with checkout.start() as one, checkout.start() as other:
        first, second = (running.communicate(timeout=120)[0].strip() for running in (one, other))
    assert first == second
    assert ran(first) == "the gate works\n"
    assert len(list((checkout.tools / "sentiment-gate").iterdir())) == 1


def test_without_a_folder_of_tools_it_is_made_for_this_step(checkout: Checkout) -> None:
    """Where nothing can be kept, it gets a new name in the job's own folder; a step that names it takes it as it is."""
    temp = checkout.folder / "temp"
    temp.mkdir()
    python, said = checkout.install(RUNNER_TOOL_CACHE="", RUNNER_TEMP=str(temp))
    assert said == ""
    assert Path(python).is_relative_to(temp)
    assert checkout.install(GATE_ACTION_PYTHON=python, RUNNER_TOOL_CACHE="/nowhere") == (python, "")


@pytest.mark.parametrize(
    ("named", "says"), [("/nowhere/python", "there is no"), ("/bin/false", "has no sentiment-gate")]
)
def test_a_python_without_the_gate_is_refused(checkout: Checkout, named: str, says: str) -> None:
    """A name that leads nowhere, or to a Python without the gate, is told, and nothing is installed instead."""
    python, said = checkout.install(GATE_ACTION_PYTHON=named)
    assert python == ""
    assert says in said
    assert not checkout.tools.exists()


def test_an_old_python_is_refused(checkout: Checkout) -> None:
    """With the next step, as an annotation."""
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path(sys.argv[1], run_name='__main__')"
    _, said = checkout.install(sys.executable, "-c", pretend)
    assert said.startswith("::error ")
    assert "actions/setup-python" in said


def test_the_lock_is_wheels_only() -> None:
    """Nothing is built when the gate is installed: what it needs comes without code that runs on the way."""
    text = (ROOT / SCRIPT).read_text(encoding="utf-8")
    assert "--only-binary=:all:" in text
    assert "--require-hashes" in text
