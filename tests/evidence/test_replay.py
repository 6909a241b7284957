"""Deciding again: the same bytes give the same verdict, and whatever was changed is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gate.canonical import digest, dumps
from gate.errors import EvidenceFault, PolicyFault
from gate.evidence import PackContents, read_pack, replay
from gate.model import Outcome
from gate.wiring import decide_again
from tests.evidence.test_pack import FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gate.model import Verdict


def edit(pack: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one file."""
    path = pack / name
    path.write_bytes(change(path.read_bytes()))


def forge(pack: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one file and make the manifest fit."""
    edit(pack, name, change)
    manifest = json.loads((pack / "manifest.json").read_bytes())
    data = (pack / name).read_bytes()
    manifest["files"][name] = {"bytes": len(data), "sha256": digest(data)}
    (pack / "manifest.json").write_bytes(dumps(manifest))


def test_the_same_verdict_comes_out(pack: Path) -> None:
    """Deciding again over hostile mentions gives the recorded verdict to the byte."""
    result = replay(pack, decide_again)
    assert result.problems == ()
    assert result.same
    assert result.decided == result.recorded == (pack / "verdict.json").read_bytes()
    assert result.verdict is not None
    assert result.verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_flipped_bit_is_found(pack: Path, name: str, place: str) -> None:
    """One bit changed anywhere in any file is found."""

    def flip(data: bytes) -> bytes:
        at = {"first": 0, "middle": len(data) // 2, "last": len(data) - 1}[place]
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    edit(pack, name, flip)
    result = replay(pack, decide_again)
    assert not result.same
    # A manifest may also blame the file whose hash it no longer gives.
    blamed = {problem.file for problem in result.problems if problem.what == "was changed"}
    assert name in blamed or (name == "manifest.json" and blamed & FILES)
    with pytest.raises(EvidenceFault, match="was changed"):
        read_pack(pack)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(pack: Path, name: str) -> None:
    """A file that is gone is named."""
    (pack / name).unlink()
    result = replay(pack, decide_again)
    assert f"{name}: is missing" in map(str, result.problems)
    assert not result.same


def test_an_added_file_is_named(pack: Path) -> None:
    """A file that does not belong to the pack is named: nobody may read it as evidence."""
    (pack / "notes.txt").write_text("all is well")
    assert [str(problem) for problem in replay(pack, decide_again).problems] == ["notes.txt: is not part of the pack"]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_regular_files_are_read(pack: Path, tmp_path: Path, kind: str) -> None:
    """A link is not followed out of the pack, and a folder is no file."""
    (pack / "verdict.json").rename(tmp_path / "elsewhere")
    if kind == "link":
        (pack / "verdict.json").symlink_to(tmp_path / "elsewhere")
    else:
        (pack / "verdict.json").mkdir()
    result = replay(pack, decide_again)
    assert [str(problem) for problem in result.problems] == ["verdict.json: is not a regular file"]
    assert not result.same


def test_a_forged_verdict_is_found(pack: Path) -> None:
    """Who changes the verdict and mends the manifest is found: the mentions say otherwise."""
    forge(pack, "verdict.json", lambda data: data.replace(b'"outcome":"fail"', b'"outcome":"pass"'))
    result = replay(pack, decide_again)
    assert [problem.file for problem in result.problems] == ["verdict.json"]
    assert b'"outcome":"fail"' in result.decided
    assert b'"outcome":"pass"' in result.recorded


def test_forged_mentions_are_found(pack: Path) -> None:
    """Who makes the mentions look calm and mends the manifest is found: they no longer give the verdict."""
    forge(pack, "mentions.jsonl", lambda data: data.replace(b'"negative":0.95', b'"negative":0.05'))
    result = replay(pack, decide_again)
    assert not result.same
    assert "look 1 does not come to what is recorded of it" in map(str, result.problems)


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        ("mentions.jsonl", b'"score"', b'"socre"', "mentions.jsonl:1: "),
        ("mentions.jsonl", b'"look":1,', b'"look":7,', "mentions.jsonl: mentions of look 7"),
        ("mentions.jsonl", b'"look":0,', b'"look":true,', "mentions.jsonl:1: expected a mention"),
        ("mentions.jsonl", b'"negative":0.1,', b'"negative":NaN,', "mentions.jsonl:1: not JSON: NaN"),
        ("looks.jsonl", b'"number":2,', b'"number":5,', "looks.jsonl: the looks are not numbered"),
        ("looks.jsonl", b'"closed":false', b'"closed":0', "looks.jsonl:1: closed: expected bool"),
        ("release.json", b"2026-03-10T", b"2026-13-10T", "release.json:1: "),
        ("versions.json", b'"1"', b"1", "versions.json:1: expected"),
        ("verdict.json", b'"fail"', b'"oops"', "verdict.json:1: outcome"),
        ("policy.yml", b"#brimly", b"\xff", "policy.yml: not UTF-8"),
    ],
)
def test_nonsense_is_named_by_line(pack: Path, name: str, old: bytes, new: bytes, where: str) -> None:
    """What never could have been written is refused with file and line, whatever the manifest says."""
    forge(pack, name, lambda data: data.replace(old, new))
    result = replay(pack, decide_again)
    assert result.verdict is None
    assert any(where in str(problem) for problem in result.problems), result.problems
    with pytest.raises(EvidenceFault, match=name) as fault:
        read_pack(pack)
    assert fault.value.hint


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b'{"format":1}', b'{"files":[],"format":1}', b'{"files":{"../x":{}},"format":1}'],
)
def test_a_broken_manifest_is_named(pack: Path, manifest: bytes) -> None:
    """A manifest that is none is named, and leads nowhere outside the pack."""
    (pack / "manifest.json").write_bytes(manifest)
    assert "manifest.json: was changed" in map(str, replay(pack, decide_again).problems)


def test_a_newer_format_is_refused(pack: Path) -> None:
    """A pack of a newer gate is not guessed at."""
    edit(pack, "manifest.json", lambda data: data.replace(b'"format":1', b'"format":2'))
    with pytest.raises(EvidenceFault, match="upgrade sentiment-gate"):
        read_pack(pack)


@pytest.mark.parametrize("kind", ["nothing", "file", "other folder"])
def test_what_is_no_pack_is_refused(tmp_path: Path, kind: str) -> None:
    """A folder that never was a pack is refused with the next step."""
    folder = tmp_path / "place"
    if kind == "file":
        folder.write_text("")
    elif kind == "other folder":
        folder.mkdir()
    with pytest.raises(EvidenceFault) as fault:
        replay(folder, decide_again)
    assert "--evidence" in fault.value.hint


def test_a_policy_that_no_longer_reads(pack: Path) -> None:
    """Where this gate cannot take the policy, that is a problem of the pack and no crash."""

    def refuse(_contents: PackContents) -> Verdict:
        raise PolicyFault(())

    result = replay(pack, refuse)
    assert [str(problem) for problem in result.problems] == ["it cannot be decided again: "]
    assert (result.same, result.decided, result.verdict) == (False, b"", None)


def test_a_pack_without_looks_gives_no_verdict(pack: Path) -> None:
    """Who takes the looks out, writes the verdict that suits and mends the manifest is found."""
    forge(pack, "looks.jsonl", lambda data: data.splitlines(keepends=True)[0])
    forge(pack, "mentions.jsonl", lambda data: b"".join(r for r in data.splitlines(keepends=True) if b'"look":0,' in r))
    forge(pack, "verdict.json", lambda data: data.replace(b'"outcome":"fail"', b'"outcome":"pass"'))
    result = replay(pack, decide_again)
    assert not result.same
    assert "it holds no look" in " ".join(map(str, result.problems))
