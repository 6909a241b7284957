"""Authors are stored as keyed hashes."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import StoreFault, UsageFault
from gate.store import author_key, hash_author, key_folder

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"0123456789abcdef"
NAMES = st.text(st.characters(codec=None), min_size=1)


@given(source=NAMES, author=NAMES)
def test_equal_authors_stay_equal(source: str, author: str) -> None:
    """The same author has the same 16 hexadecimal digits each time, whatever characters the name has."""
    hashed = hash_author(KEY, source, author)
    assert hashed == hash_author(KEY, source, author)
    assert len(bytes.fromhex(hashed)) == 8


def test_different_authors_differ() -> None:
    """Another author, another source or another key gives another hash."""
    hashes = {
        hash_author(KEY, "x", "ann"),
        hash_author(KEY, "x", "bob"),
        hash_author(KEY, "mastodon", "ann"),
        hash_author(KEY[::-1], "x", "ann"),
        hash_author(KEY, "x", "\ud800"),
        hash_author(KEY, "x", "\ufffd"),
    }
    assert len(hashes) == 6


def test_no_author_has_no_hash() -> None:
    """An unknown author stays unknown: all unknown ones must not become one person."""
    assert hash_author(KEY, "x", "") == ""


def test_key_is_made_once(tmp_path: Path) -> None:
    """The key is made at first use, in a file that only its owner can read, and is the same from then on."""
    folder = tmp_path / "state"
    key = author_key(folder, {})
    assert len(key) == 64
    assert author_key(folder, {}) == key
    assert [each.name for each in folder.iterdir()] == ["author.key"]
    assert stat.S_IMODE((folder / "author.key").stat().st_mode) == 0o600


def test_key_is_made_once_by_many(tmp_path: Path) -> None:
    """Gates that start at the same moment end up with one key."""
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(author_key(tmp_path, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_key_from_the_environment(tmp_path: Path) -> None:
    """A key in GATE_AUTHOR_KEY is used as it is, and no file is made."""
    assert author_key(tmp_path / "state", {"GATE_AUTHOR_KEY": "0123456789abcdef"}) == KEY
    assert not (tmp_path / "state").exists()


def test_short_key_is_refused(tmp_path: Path) -> None:
    """A key that could be guessed is refused with the way to make one, and is not shown."""
    with pytest.raises(UsageFault, match="shorter than 16") as fault:
        author_key(tmp_path, {"GATE_AUTHOR_KEY": "hunter2"})
    assert "openssl rand" in fault.value.hint
    assert "hunter2" not in fault.value.message


def test_damaged_key_is_refused(tmp_path: Path) -> None:
    """An emptied key file is no key: authors would look new without anybody noticing."""
    (tmp_path / "author.key").write_text("")
    with pytest.raises(StoreFault, match="damaged"):
        author_key(tmp_path, {})


def test_key_that_cannot_be_made(tmp_path: Path) -> None:
    """A folder that cannot be used is reported with a way around it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="cannot be made or read") as fault:
        author_key(tmp_path / "file" / "state", {})
    assert "GATE_AUTHOR_KEY" in fault.value.hint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/var/lib/gate/gate.db", "/var/lib/gate"),
        ("sqlite:////var/lib/gate/gate.db", "/var/lib/gate"),
        ("sqlite://", "/home/ann/.local/state/sentiment-gate"),
        ("postgresql://db/gate", "/home/ann/.local/state/sentiment-gate"),
    ],
)
def test_key_lies_beside_the_database(url: str, expected: str) -> None:
    """The key's file lies beside the database where that is a file, else where the user keeps state."""
    assert str(key_folder(url, {"HOME": "/home/ann"})) == expected
