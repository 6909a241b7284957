"""Forgetting who wrote what in an evidence pack, so that its verdict still follows from what is left.

Texts and addresses go. Ids, authors and conversations are replaced by numbers that mean nothing outside the pack: equal ones stay equal,
as the rules count people and threads. The manifest says that it was done and what the files were before: a forgotten
mention can no longer be shown to be as it was first recorded, but its score and the hash of its text are still there.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gate.canonical import dumps, encode, from_plain, loads
from gate.errors import EvidenceFault
from gate.evidence.contents import FORMAT, MANIFEST, Purge
from gate.evidence.reading import changed_files
from gate.evidence.replaying import replay
from gate.evidence.writing import put_in_place, write_file
from gate.model import Dropped, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from gate.evidence.contents import PackContents
    from gate.model import Verdict

    Line = dict[str, Any]

MENTIONS = "mentions.jsonl"
FORGOTTEN = "forgotten-"


def mentions_of(folder: Path) -> list[Scored | Dropped]:
    """Return every mention of a pack that was not forgotten yet.

    Raises:
        EvidenceFault: it is no pack, or was changed.
    """
    return [each for each in _all(folder) if each]


def forget(
    folder: Path,
    chosen: Callable[[Scored | Dropped], bool],
    purge: tuple[datetime, str],
    decide_again: Callable[[PackContents], Verdict],
) -> int:
    """Forget some mentions of a pack and return how many; the pack is left alone unless its verdict still follows.

    Args:
        folder: the pack.
        chosen: says which.
        purge: when, and why, for the manifest.
        decide_again: as for ``replay``.

    Raises:
        EvidenceFault: it is no pack, was changed, cannot be written, or its verdict would not follow any more.
    """
    numbers = {number for number, each in enumerate(_all(folder)) if each and chosen(each)}
    if not numbers:
        return 0
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        shutil.copytree(folder, draft)
        _rewrite(draft, numbers, *purge)
        result = replay(draft, decide_again)
        if not result.same:
            message = f"{folder} would no longer come to its verdict: " + "; ".join(map(str, result.problems))
            raise EvidenceFault(message, hint="the pack was left as it is; see what is wrong with it: gate replay")
        put_in_place(draft, folder)
    except OSError as error:
        message = f"the evidence pack {folder} cannot be written: {error.strerror}"
        raise EvidenceFault(message, hint="make the folder writable, or free some space") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return len(numbers)


@dataclass(slots=True)
class _Names:
    """Numbers in place of names, the same for the same name."""

    kind: str
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    def instead(self, source: str, name: str) -> str:
        return self.known.setdefault((source, name), f"{FORGOTTEN}{self.kind}{len(self.known) + 1}")


def _rewrite(draft: Path, numbers: set[int], at: datetime, why: str) -> None:
    lines = _lines(draft)
    before, manifest = (draft / MENTIONS).read_bytes(), (draft / MANIFEST).read_bytes()
    # Every mention of a forgotten author or thread gets the new name, or there would be two of them.
    for key in ("author", "conversation"):
        used = {line[key] for line in lines if str(line.get(key, "")).startswith(FORGOTTEN)}
        names = _Names(f"{key}-{len(used)}-")
        for number in sorted(numbers):
            if name := lines[number].get(key, ""):
                names.instead(lines[number]["source"], name)
        for line in lines:
            if instead := names.known.get((line["source"], line.get(key, ""))):
                line[key] = instead
    taken = sum(str(line["id"]).startswith(FORGOTTEN) for line in lines)
    for place, number in enumerate(sorted(numbers), taken + 1):
        lines[number].pop("text", None)
        lines[number].pop("url", None)
        lines[number]["id"] = f"{FORGOTTEN}{place}"
    (draft / MENTIONS).unlink()
    size, digest = write_file(draft / MENTIONS, (encode(line) + b"\n" for line in lines))
    done = Purge(at, why, len(numbers), sha256(before).hexdigest(), sha256(manifest).hexdigest())
    listed = loads(manifest, MANIFEST)["files"] | {MENTIONS: {"bytes": size, "sha256": digest}}
    (draft / MANIFEST).unlink()
    write_file(draft / MANIFEST, [dumps({"format": FORMAT, "files": listed, "purged": [*_earlier(manifest), done]})])


def _earlier(manifest: bytes) -> list[Any]:
    return list(loads(manifest, MANIFEST).get("purged", []))


def _lines(folder: Path) -> list[Line]:
    with (folder / MENTIONS).open("rb") as file:
        return [loads(line, f"{MENTIONS}:{number}") for number, line in enumerate(file, 1)]


def _all(folder: Path) -> Iterator[Scored | Dropped | None]:
    """Yield the mention of each line, None for one that was forgotten already or never was a post."""
    _must_be_whole(folder)
    for number, line in enumerate(_lines(folder), 1):
        plain = {name: value for name, value in line.items() if name != "look"}
        kind: Any = Dropped if "reason" in plain else Scored
        found: Scored | Dropped = from_plain(kind, plain, f"{MENTIONS}:{number}")
        yield None if found.created_at is None or found.id.startswith(FORGOTTEN) else found


def _must_be_whole(folder: Path) -> None:
    if problems := changed_files(folder):
        message = f"the evidence pack {folder}: " + "; ".join(f"{name} {what}" for name, what in problems.items())
        raise EvidenceFault(message, hint="a pack that was changed is not purged: delete it, or get it again")
