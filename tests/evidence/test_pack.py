"""An evidence pack is written whole or not at all, and read back as it was."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.canonical import dumps
from gate.errors import EvidenceFault, UsageFault
from gate.evidence import Baseline, check_target, read_pack
from tests.looks import COVERAGE

if TYPE_CHECKING:
    from gate.model import Look
    from tests.evidence.conftest import Packed

ROOT = Path(__file__).parents[2]
FILES = {
    "policy.yml",
    "policy.json",
    "versions.json",
    "release.json",
    "looks.jsonl",
    "mentions.jsonl",
    "verdict.json",
    "manifest.json",
}


def test_a_pack_is_read_back(packed: Packed, pack: Path) -> None:
    """Everything that went in comes out: policy, release, every mention in its order, every look, the verdict."""
    given, contents = packed.fields, read_pack(pack)
    assert contents.policy_text == given["policy_text"]
    assert json.loads(contents.policy_json) == given["policy"]
    assert contents.versions == given["versions"]
    assert contents.release == given["release"]
    assert contents.baseline == given["baseline"]
    assert [look.dropped for look in contents.looks] == [look.dropped for look in given["looks"]]
    assert [look.verdict for look in contents.looks] == [look.verdict for look in given["looks"]]
    assert [look.at for look in contents.looks] == [look.at for look in given["looks"]]
    assert contents.verdict == given["looks"][-1].verdict
    for look, original in zip(contents.looks, given["looks"], strict=True):
        # Only lone surrogates, which no file can hold, are replaced.
        assert dumps(look.kept) == dumps(original.kept)


def test_the_manifest_lists_every_file(pack: Path) -> None:
    """The manifest holds what any tool computes: the size and SHA-256 of each file."""
    assert {each.name for each in pack.iterdir()} == FILES
    listed = json.loads((pack / "manifest.json").read_text())["files"]
    for name in FILES - {"manifest.json"}:
        data = (pack / name).read_bytes()
        assert listed[name] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_hostile_mentions_are_one_line_each(packed: Packed, pack: Path) -> None:
    """Whatever people write stays within the JSON line of its mention, without a control character."""
    lines = (pack / "mentions.jsonl").read_bytes().split(b"\n")
    looks = packed.fields["looks"]
    assert len(lines) - 1 == 101 + sum(len(look.kept) + len(look.dropped) for look in looks)
    assert all(line.startswith(b"{") and json.loads(line) for line in lines[:-1])
    assert not any(byte < 0x20 for line in lines for byte in line)


def test_text_is_only_there_where_it_was_kept(packed: Packed, tmp_path: Path) -> None:
    """A policy that keeps no text leaves no trace of a text field."""
    folder = packed.write(tmp_path / "pack", looks=[_without_text(look) for look in packed.fields["looks"]])
    assert b'"text":' not in (folder / "mentions.jsonl").read_bytes()
    assert read_pack(folder).looks[0].kept[0].text is None


def test_equal_runs_give_equal_packs(packed: Packed, tmp_path: Path) -> None:
    """Nothing in a pack depends on when or where it was written."""
    one, two = (packed.write(tmp_path / name) for name in ("one", "two"))
    assert [(one / name).read_bytes() == (two / name).read_bytes() for name in sorted(FILES)] == [True] * len(FILES)


def test_the_last_look_of_the_window_is_closed(packed: Packed, tmp_path: Path) -> None:
    """A look at the window's end is recorded as the closing one, so that it is decided the same way again."""
    looks = packed.fields["looks"]
    ends = replace(packed.fields["release"], window_to=looks[-1].at)
    assert [look.closed for look in read_pack(packed.write(tmp_path / "p", release=ends)).looks] == [False, False, True]


def test_a_run_without_mentions(packed: Packed, tmp_path: Path) -> None:
    """Silence can be packed too."""
    looks = [replace(look, kept=(), dropped=()) for look in packed.fields["looks"]]
    contents = read_pack(packed.write(tmp_path / "pack", looks=looks, baseline=Baseline(coverage=(COVERAGE,))))
    assert contents.baseline == Baseline(coverage=(COVERAGE,))
    assert [look.kept for look in contents.looks] == [(), (), ()]


def test_an_empty_folder_is_filled(packed: Packed, tmp_path: Path) -> None:
    """A folder that was made beforehand may be used, and missing parents are made."""
    (tmp_path / "empty").mkdir()
    read_pack(packed.write(tmp_path / "empty"))
    read_pack(packed.write(tmp_path / "a" / "b" / "pack"))


def test_a_relative_folder(packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is named as in the shell."""
    monkeypatch.chdir(tmp_path)
    packed.write(Path("evidence/"))
    read_pack(tmp_path / "evidence")


def test_somebody_elses_folder_is_refused(packed: Packed, tmp_path: Path) -> None:
    """A folder with other files in it is never touched, not even when told to replace."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"meow")
    for told in (False, True):
        with pytest.raises(UsageFault, match="not empty and holds no evidence pack") as fault:
            packed.write(tmp_path / "photos", replace=told)
        assert fault.value.hint
    assert [each.name for each in tmp_path.rglob("*")] == ["photos", "cat.jpg"]


def test_a_pack_is_replaced_only_when_told_to(packed: Packed, pack: Path) -> None:
    """The evidence of an earlier run is not lost by accident; told to, it is replaced whole."""
    with pytest.raises(UsageFault, match="holds an evidence pack already"):
        packed.write(pack)
    (pack / "looks.jsonl").write_bytes(b"old")
    (pack / "old.txt").write_bytes(b"old")
    read_pack(packed.write(pack, replace=True))
    assert [each.name for each in pack.parent.iterdir()] == ["evidence"]


@pytest.mark.parametrize("kind", ["file", "in a file", "link"])
def test_what_is_no_folder_is_refused(packed: Packed, tmp_path: Path, kind: str) -> None:
    """A file, a place below a file and a link are refused before anything is written, and early if asked early."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    folder = tmp_path / {"file": "file", "in a file": "file/pack", "link": "link"}[kind]
    with pytest.raises(UsageFault) as fault:
        check_target(folder)
    assert fault.value.hint
    with pytest.raises(UsageFault):
        packed.write(folder)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "link"]


def test_a_good_target_passes_the_check(tmp_path: Path, pack: Path) -> None:
    """Asking beforehand refuses nothing that would work, and makes nothing."""
    check_target(tmp_path / "new" / "pack")
    check_target(pack, replace=True)
    assert [each.name for each in tmp_path.iterdir()] == ["evidence"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from gate.errors import EvidenceFault
from gate.evidence import Baseline, write_pack
from tests.looks import look
from tests.support import release
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    write_pack(Path(sys.argv[1]), policy_text="x" * 1000, policy={}, versions={}, release=release(),
               looks=[look(1)] * 9, baseline=Baseline(), replace=True)
except EvidenceFault as fault:
    print(fault.message, "|", fault.hint)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_leaves_nothing_behind(pack: Path) -> None:
    """When a file cannot grow, the half-written pack is removed, the pack that was there stays, and the way out is said."""
    before = {each.name: each.read_bytes() for each in pack.iterdir()}
    command = [sys.executable, "-W", "error", "-c", FULL_DISK, str(pack)]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "cannot be written" in outcome.stdout, outcome.stderr
    assert "free some space" in outcome.stdout
    assert [each.name for each in pack.parent.iterdir()] == ["evidence"]
    assert {each.name: each.read_bytes() for each in pack.iterdir()} == before


def test_not_a_number_leaves_nothing_behind(packed: Packed, tmp_path: Path) -> None:
    """A score that JSON cannot hold stops the pack, and no half of it remains."""
    first, *others = packed.fields["looks"]
    broken = replace(first, kept=(replace(first.kept[0], score=float("nan")),))
    with pytest.raises(EvidenceFault, match="nan"):
        packed.write(tmp_path / "pack", looks=[broken, *others])
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden ones too


def _without_text(look: Look) -> Look:
    return replace(look, kept=tuple(replace(mention, text=None) for mention in look.kept))
