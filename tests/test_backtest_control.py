"""A backtest with a control: one stream of the recorded mentions is judged against another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.commands import DEPLOY, gate, history, project

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "backtest",
    "--policy",
    "gate.yml",
    "--mentions",
    "mentions.jsonl",
    "--releases",
    "r.jsonl",
    "--output",
    "v.jsonl",
)


def streams(**bad: float) -> list[str]:
    """Write a history for each stream."""
    return [
        json.dumps({**json.loads(line), "stream": name, "id": f"{name}-{i}"})
        for name, share in bad.items()
        for i, line in enumerate(history(share))
    ]


def releases(folder: Path, *fields: dict[str, str]) -> None:
    """List releases of the stream ``ours``."""
    known = {"deployed_at": DEPLOY.isoformat(), "stream": "ours"}
    lines = [json.dumps({"id": str(i), **known, **each}) for i, each in enumerate(fields)]
    (folder / "r.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_release_is_judged_against_its_control_stream(tmp_path: Path) -> None:
    """The same mentions fail alone and beside a calm control, and are excused by one that turned as well."""
    folder = project(tmp_path, streams(ours=0.9, rival=0.9, calm=0.1))
    releases(folder, {}, {"control_stream": "rival"}, {"control_stream": "calm"})
    assert gate(folder, *WORDS).returncode == 0
    verdicts = [json.loads(line) for line in (folder / "v.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["code"] for each in verdicts] == ["share_rose", "control_rose_too", "share_rose"]
    assert {each["mentions_baseline"] for each in verdicts} == {140}


def test_releases_judged_without_the_policys_control_are_counted(tmp_path: Path) -> None:
    """The control's sources are not asked in a backtest: who names no stream in their place is told so."""
    folder = project(tmp_path, streams(ours=0.2, calm=0.1))
    policy = (folder / "gate.yml").read_text(encoding="utf-8")
    (folder / "gate.yml").write_text(policy + "control: [{type: file, path: others.jsonl}]\n", encoding="utf-8")
    releases(folder, {}, {"control_stream": "calm"})
    done = gate(folder, *WORDS)
    assert done.returncode == 0
    assert "1 release names no control_stream, and was judged without the policy's control" in done.stdout + done.stderr


def test_verdicts_are_the_same_to_the_byte_whatever_the_jobs(tmp_path: Path) -> None:
    """In the order of the releases, by one process or by two."""
    folder = project(tmp_path, streams(ours=0.9, calm=0.1))
    releases(folder, {}, {"control_stream": "calm"}, {"stream": "calm"})
    written = []
    for jobs in ("1", "2"):
        assert gate(folder, *WORDS, "--jobs", jobs).returncode == 0
        written.append((folder / "v.jsonl").read_bytes())
    assert written[0] == written[1]
    assert [json.loads(line)["id"] for line in written[0].splitlines()] == ["0", "1", "2"]


def test_a_control_needs_a_stream_to_be_told_from(tmp_path: Path) -> None:
    """A release without a stream, or whose stream is the control, is refused by its line."""
    folder = project(tmp_path, streams(ours=0.2))
    for stream in ("", "ours"):
        releases(folder, {"stream": stream, "control_stream": "ours"})
        done = gate(folder, *WORDS)
        assert done.returncode == 2
        assert "r.jsonl:1: with a control_stream the release needs a stream of its own" in done.stderr
