"""``gate score`` as a shell uses it: a stream in, the same stream scored out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.cli.commands import environment, gate
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

NAMED = {"unscorable", "language", "unreadable"}


def score(folder: Path, data: bytes, *words: str) -> list[dict[str, Any]]:
    """Score what is piped in and read what comes out."""
    done = subprocess.run(
        [sys.executable, "-m", "gate", "score", "--scorer", "vader", *words],
        cwd=folder,
        env=environment(folder),
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_lines_and_json_lines_come_back_in_order(tmp_path: Path) -> None:
    """Each line has its row: the id as it came, the numbers, the scorer, or why it was dropped."""
    lines = [
        '{"id": 7, "text": "I love it"}',
        "I hate it",
        '{"id": "de-1", "text": "whatever", "lang": "de"}',
        '{"id": "x"}',
        "{not json, but a text}",
        '{"text": "cut off',
        "",
        "アップデートしてから開けない",
    ]
    rows = score(tmp_path, "\n".join(lines).encode())
    assert rows[0] == {"id": "7", "negative": pytest.approx(0.18, abs=0.01), "score": 0.6369, "scorer": "vader"}
    assert rows[1]["negative"] > 0.5
    assert rows[2] == {
        "id": "de-1",
        "scorer": "vader",
        "dropped": "language",
        "detail": "the scorer does not read de",
    }
    assert rows[3] == {"id": "x", "scorer": "vader", "dropped": "unreadable"}
    assert rows[4]["score"] == 0
    assert rows[5] == {"scorer": "vader", "dropped": "unreadable"}
    assert rows[6] == {"scorer": "vader", "dropped": "unscorable"}
    assert (rows[7]["dropped"], rows[7]["detail"]) == ("language", "detected ja; the scorer does not read it")


def test_explain_names_the_words_that_moved_the_score(tmp_path: Path) -> None:
    """Strongest first, with the sign they have after negation."""
    (row,) = score(tmp_path, b"not good, the login is a horrible nightmare\n", "--explain")
    assert [word for word, _ in row["words"]] == ["horrible", "good"]
    assert all(weight < 0 for _, weight in row["words"])


def test_a_policy_brings_its_scorers_with_their_options(tmp_path: Path) -> None:
    """By language, if the policy says so; each row names who scored it, or all who do not read it."""
    policy = "version: 1\nsources: [{type: file, path: mentions.jsonl}]\non: {inconclusive: hold, error: hold}\n"
    languages = "scorer:\n  type: by-language\n  languages: {en: vader}\n"
    (tmp_path / "gate.yml").write_text(policy + languages, encoding="utf-8")
    texts = '{"text": "horrible", "lang": "en-GB"}\n{"text": "schlimm", "lang": "de"}\n'
    done = gate(tmp_path, "score", "--policy", "gate.yml", text=texts)
    assert done.returncode == 0, done.stderr
    english, german = map(json.loads, done.stdout.splitlines())
    assert (english["scorer"], english["negative"] > 0.5) == ("vader (en)", True)
    assert (german["scorer"], german["dropped"]) == ("vader (en)", "language")


def test_two_scorers_at_once_are_refused(tmp_path: Path) -> None:
    """By name and by policy is one too many."""
    done = gate(tmp_path, "score", "--policy", "gate.yml", "--scorer", "blend", text="fine\n")
    assert done.returncode == 2
    assert "leave one of them out" in done.stderr


def test_emotions_are_added_on_demand(tmp_path: Path) -> None:
    """Only those that show."""
    (row,) = score(tmp_path, b"thank you, I love it\n", "--emotions")
    assert set(row["emotions"]) == {"joy", "relief"}


BAD = [
    b"",
    b" \t ",
    "😀😀😭".encode(),
    b"x" * 100_000,
    "работает works 最高 app اليوم".encode(),
    bytes(range(1, 10)) + bytes(range(11, 32)),
    b"\x00",
    b'{"text": "\\ud800 lone \\udfff"}',
    b'{"text": "\\ud800"}',
    b"&lt;b&gt;it&#39;s bad&lt;/b&gt; &amp;amp;",
    ("z" + "\u0300\u0301\u0302" * 2000 + "algo").encode(),
    b"\xff\xfe\xfa broken \xc3\x28",
    b'{"id": 1}',
    b'{"id": 1, "text": null}',
    b'{"id": 1, "text": ["a"]}',
    b'{"text": ' * 50_000,
    b"[" * 100_000,
    b'{"text": "x", "id": ' + b"9" * 5000 + b"}",
    b'{"text": "x", "lang": 7}',
    b'{"text": "x", "lang": "xx-weird-\xf0\x9f\x98\x80"}',
    b"\xef\xbb\xbfI love it",
    b"\r",
    b"- " * 50_000,
]


def test_bad_input_gets_a_score_or_a_named_drop(tmp_path: Path) -> None:
    """One row a line, whatever is in it, and nothing stops the stream."""
    lines = [*BAD, *(text.replace("\n", " ").encode("utf-8", "surrogatepass") for _, text in HOSTILE), b"I love it"]
    rows = score(tmp_path, b"\n".join(lines) + b"\n", "--explain", "--emotions")
    assert len(rows) == len(lines)
    assert [row for row in rows if ("score" in row) == (row.get("dropped") in NAMED)] == []
    assert rows[-1]["score"] > 0
    assert all(-1 <= row["score"] <= 1 and 0 <= row["negative"] <= 1 for row in rows if "score" in row)


def test_a_line_of_ten_megabytes_is_one_text(tmp_path: Path) -> None:
    """A long line is scored, one past the limit is named, and the line behind it is read."""
    long = b"great stuff " * 850_000
    rows = score(tmp_path, b"\n".join([long, long * 4, b"I hate it"]) + b"\n")
    assert [row.get("dropped") for row in rows] == [None, "unreadable", None]
    assert rows[0]["score"] > 0 > rows[2]["score"]


def test_a_single_line_comes_out_at_once(tmp_path: Path) -> None:
    """What is typed is answered while the pipe stays open: nothing waits for a full batch."""
    with subprocess.Popen(
        [sys.executable, "-m", "gate", "score", "--scorer", "vader"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        given, answered = _pipes(child)
        for text, good in (("I love it", True), ("I hate it", False)):
            given.write(text.encode() + b"\n")
            given.flush()
            assert (json.loads(answered.readline())["score"] > 0) is good
        given.write(b"no line break")
        given.close()
        assert json.loads(answered.readline())["score"] < 0
        assert child.wait(30) == 0


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin
    assert child.stdout
    return child.stdin, child.stdout


def _peak_memory(folder: Path, lines: int) -> int:
    """Pipe that many lines through and return the most memory the scorer had, in KiB."""
    feeder = f'for i in range({lines}): print(\'{{"id": %d, "text": "the login is slow %d", "lang": "en"}}\' % (i, i))'
    code = (
        "import resource, sys\n"
        "from gate.cli import main\n"
        "try:\n    main(['score', '--scorer', 'vader'])\n"
        "finally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    feed = subprocess.Popen([sys.executable, "-c", feeder], stdout=subprocess.PIPE)
    with feed, (folder / "out.jsonl").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=feed.stdout,
            stdout=out,
            stderr=subprocess.PIPE,
            check=True,
            timeout=120,
        )
    with (folder / "out.jsonl").open("rb") as written:
        assert sum(1 for _ in written) == lines
    return int(done.stderr.split()[-1])


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Ten times the lines need no more memory."""
    assert _peak_memory(tmp_path, 120_000) < _peak_memory(tmp_path, 12_000) + 4 * 1024


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """``gate score … | head -1`` ends quietly."""
    (tmp_path / "many.txt").write_text("I love it\n" * 20_000)
    with subprocess.Popen(
        [sys.executable, "-m", "gate", "score", "many.txt"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout
        assert child.stderr
        assert json.loads(child.stdout.readline())["score"] > 0
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 0


def test_an_unknown_scorer_lists_the_known(tmp_path: Path) -> None:
    """A wrong name is refused before anything is read, and the nearest known one is named."""
    done = gate(tmp_path, "score", "--scorer", "vadr", text="x\n")
    assert done.returncode == 2
    assert "next: did you mean vader? If not, write one of the known types" in done.stderr
