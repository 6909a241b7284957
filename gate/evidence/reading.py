"""Reading an evidence pack, guessing nothing."""

from __future__ import annotations

import stat
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gate.canonical import dumps, from_plain, loads
from gate.errors import EvidenceFault
from gate.evidence.contents import FILES, FORMAT, MANIFEST, Baseline, LookLine, PackContents, PackLook, Purge
from gate.model import Dropped, Release, Scored, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HINT = "get the pack again from where it was made; nothing can be concluded from a changed one"
_NOTHING: tuple[tuple[Scored, ...], tuple[Dropped, ...]] = ((), ())


def changed_files(folder: Path) -> dict[str, str]:
    """Compare a pack with its manifest and return what is wrong, by file name; empty when nothing is.

    Raises:
        EvidenceFault: there is no evidence pack at all.
    """
    try:
        found = {path.name for path in folder.iterdir()}
        # Not by any file of a pack: a folder of mentions.jsonl and policy.yml is somebody's project.
        if not found & {MANIFEST, "looks.jsonl", "verdict.json"}:
            packs = sorted(path for path in folder.iterdir() if (path / MANIFEST).is_file())
            message = f"{folder.resolve()} is not an evidence pack: it has no {MANIFEST}"
            inside = f"it holds evidence packs, name one: {', '.join(map(str, packs[:5]))}" if packs else ""
            raise EvidenceFault(message, hint=inside or "name the folder that was given to --evidence")
        problems = dict.fromkeys(sorted(found - {*FILES, MANIFEST}), "is not part of the pack")
        problems |= dict.fromkeys([name for name in (*FILES, MANIFEST) if name not in found], "is missing")
        irregular = [name for name in found - problems.keys() if not stat.S_ISREG((folder / name).lstat().st_mode)]
        problems |= dict.fromkeys(sorted(irregular), "is not a regular file")
        if MANIFEST not in problems:
            problems |= _compare(folder, problems)
    except OSError as error:
        message = f"the evidence pack {folder} cannot be read: {error.strerror}"
        raise EvidenceFault(message, hint="name the folder that was given to --evidence") from error
    return problems


def purges(folder: Path) -> tuple[Purge, ...]:
    """Return when mentions of a pack were forgotten, oldest first; of a pack that ``changed_files`` finds whole.

    Raises:
        EvidenceFault: the manifest cannot be read.
    """
    listed = loads((folder / MANIFEST).read_bytes(), MANIFEST).get("purged", [])
    return tuple(from_plain(Purge, each, MANIFEST) for each in listed)


def read_pack(folder: Path) -> PackContents:
    """Read a pack and check it against its manifest.

    Raises:
        EvidenceFault: it is unreadable or was changed; the message names the file, and the line where there is one.
    """
    if problems := changed_files(folder):
        message = f"the evidence pack {folder}: " + "; ".join(f"{name} {what}" for name, what in problems.items())
        raise EvidenceFault(message, hint=_HINT)
    return parse_pack(folder)


def parse_pack(folder: Path) -> PackContents:
    """Read a pack without looking at the manifest.

    Raises:
        EvidenceFault: with file and line.
    """
    mentions = _mentions(folder)
    first, *others = _looks(folder)
    looks: list[PackLook] = []
    for line in others:
        if line.at is None or line.verdict is None:
            message = f"looks.jsonl:{len(looks) + 2}: a look without a time or a verdict"
            raise EvidenceFault(message, hint=_HINT)
        kept, dropped = mentions.pop(line.number, _NOTHING)
        looks.append(PackLook(line.number, line.at, line.closed, line.coverage, kept, dropped, line.verdict))
    baseline = Baseline(*mentions.pop(0, _NOTHING), first.coverage, first.notes)
    if mentions:
        message = f"mentions.jsonl: mentions of look {min(mentions)}, which looks.jsonl does not have"
        raise EvidenceFault(message, hint=_HINT)
    versions = _json(folder, "versions.json")
    if not isinstance(versions, dict) or not all(isinstance(value, str) for value in versions.values()):
        message = "versions.json:1: expected an object of texts"
        raise EvidenceFault(message, hint=_HINT)
    return PackContents(
        policy_text=_text(folder, "policy.yml"),
        policy_json=_text(folder, "policy.json"),
        versions=versions,
        release=from_plain(Release, _json(folder, "release.json"), "release.json:1"),
        baseline=baseline,
        looks=tuple(looks),
        verdict=from_plain(Verdict, _json(folder, "verdict.json"), "verdict.json:1"),
    )


def _compare(folder: Path, skip: dict[str, str]) -> dict[str, str]:
    data = (folder / MANIFEST).read_bytes()
    try:
        manifest = loads(data, MANIFEST)
        listed = manifest["files"]
        if manifest["format"] != FORMAT:
            return {MANIFEST: f"has format {manifest['format']!a}, this gate reads {FORMAT}: upgrade sentiment-gate"}
        # Every byte counts: a manifest that says the same in other bytes is not the one that was written.
        if dumps(manifest) != data or set(listed) != set(FILES) or set(manifest) - {"format", "files", "purged"}:
            return {MANIFEST: "was changed"}
        for each in manifest.get("purged", []):
            from_plain(Purge, each, MANIFEST)
    except (EvidenceFault, KeyError, TypeError):
        return {MANIFEST: "was changed"}
    return {
        name: "was changed"
        for name in FILES
        if name not in skip
        and listed[name] != {"bytes": (folder / name).stat().st_size, "sha256": _digest(folder / name)}
    }


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            digest.update(chunk)
    return digest.hexdigest()


def _lines(folder: Path, name: str) -> Iterator[tuple[str, Any]]:
    # Bytes end a line at \n only; text would also end it at U+2028 inside what somebody wrote.
    with (folder / name).open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{name}:{number}"
            yield where, loads(line, where)


def _looks(folder: Path) -> list[LookLine]:
    lines = [from_plain(LookLine, plain, where) for where, plain in _lines(folder, "looks.jsonl")]
    if [line.number for line in lines] != list(range(len(lines))) or not lines:
        message = "looks.jsonl: the looks are not numbered 0, 1, 2 …"
        raise EvidenceFault(message, hint=_HINT)
    return lines


def _mentions(folder: Path) -> dict[int, tuple[tuple[Scored, ...], tuple[Dropped, ...]]]:
    kept: defaultdict[int, list[Scored]] = defaultdict(list)
    dropped: defaultdict[int, list[Dropped]] = defaultdict(list)
    for where, plain in _lines(folder, "mentions.jsonl"):
        look = plain.pop("look", None) if isinstance(plain, dict) else None
        if type(look) is not int:
            message = f"{where}: expected a mention with the number of its look"
            raise EvidenceFault(message, hint=_HINT)
        if "reason" in plain:
            dropped[look].append(from_plain(Dropped, plain, where))
        else:
            kept[look].append(from_plain(Scored, plain, where))
    return {look: (tuple(kept[look]), tuple(dropped[look])) for look in {*kept, *dropped}}


def _json(folder: Path, name: str) -> Any:  # noqa: ANN401
    return loads((folder / name).read_bytes(), f"{name}:1")


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_bytes().decode()
    except UnicodeDecodeError as error:
        message = f"{name}: not UTF-8: {error}"
        raise EvidenceFault(message, hint=_HINT) from None
