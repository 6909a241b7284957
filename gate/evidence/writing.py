"""Writing an evidence pack: whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.canonical import clean, dumps, encode, to_plain
from gate.errors import EvidenceFault, UsageFault
from gate.evidence.contents import FORMAT, MANIFEST, LookLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gate.evidence.contents import Heard
    from gate.model import Dropped, Look, Release, Scored

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_pack(  # noqa: PLR0913 - all but the first by name
    folder: Path,
    *,
    policy_text: str,
    policy: object,
    versions: Mapping[str, str],
    release: Release,
    looks: Sequence[Look],
    baseline: Heard,
    replace: bool = False,
) -> None:
    """Write the evidence of a run; nothing is left behind if that fails.

    Args:
        folder: the pack; must not exist, or be empty, or be a pack and ``replace`` be set.
        policy_text: the policy file as the user wrote it.
        policy: the policy as it took effect, anything ``gate.canonical.to_plain`` takes.
        versions: of the gate, the scorer …
        release: what was watched.
        looks: all looks, in order; the last one's verdict is the final one.
        baseline: what was said before the deploy.
        replace: whether a pack that is there already may be replaced.

    Raises:
        UsageFault: the folder holds something else.
        EvidenceFault: it cannot be written, e.g. because the disk is full.
    """
    folder = check_target(folder, replace=replace)
    files: dict[str, Iterable[bytes]] = {
        "policy.yml": [clean(policy_text).encode()],
        "policy.json": [dumps(policy)],
        "versions.json": [dumps(versions)],
        "release.json": [dumps(release)],
        "looks.jsonl": _look_lines(release, baseline, looks),
        "mentions.jsonl": _mention_lines(baseline, looks),
        "verdict.json": [dumps(looks[-1].verdict)],
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        draft.mkdir()
        try:
            _write_files(draft, files)
            put_in_place(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise _fault(folder, error) from error


def check_target(folder: Path, *, replace: bool = False) -> Path:
    """See whether a pack could be written there, and return the absolute path; for asking before a long watch.

    Raises:
        UsageFault: the folder holds something else, or a pack that may not be replaced, or may not be written to.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would replace a link by its target
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() or folder.is_symlink() else set()
    except OSError as error:
        message = f"{folder} cannot be used for evidence: {error.strerror}"
        raise UsageFault(message, hint="name another folder for the evidence") from error
    if folder.is_symlink():
        message = f"{folder} is a link, not a folder"
        raise UsageFault(message, hint="name the folder it leads to")
    if names and MANIFEST not in names:
        message = f"the folder {folder} is not empty and holds no evidence pack"
        raise UsageFault(message, hint="name an empty folder or one that does not exist yet")
    if names and not replace:
        message = f"the folder {folder} holds an evidence pack already"
        raise UsageFault(message, hint="name another folder, or say --force to replace it")
    parent = next(path for path in folder.parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        message = f"{folder} cannot be made: {parent} is not a folder that you may write to"
        raise UsageFault(message, hint="name another folder for the evidence")
    return folder


def _look_lines(release: Release, baseline: Heard, looks: Sequence[Look]) -> Iterator[bytes]:
    lines = [LookLine(0, None, None, closed=False, coverage=baseline.coverage, notes=baseline.notes, verdict=None)]
    for look in looks:
        closed, coverage = look.at >= release.window_to, look.verdict.coverage
        lines.append(LookLine(look.number, look.at, look.next_at, closed, coverage, look.notes, look.verdict))
    for line in lines:
        yield dumps(line) + b"\n"


def _mention_lines(baseline: Heard, looks: Sequence[Look]) -> Iterator[bytes]:
    yield from _mention_lines_of(0, (*baseline.kept, *baseline.dropped))
    for look in looks:
        yield from _mention_lines_of(look.number, (*look.kept, *look.dropped))


def _mention_lines_of(look: int, mentions: Iterable[Scored | Dropped]) -> Iterator[bytes]:
    for mention in mentions:
        plain: Any = to_plain(mention)
        for name in ("text", "url"):
            if plain.get(name, "") is None:
                del plain[name]
        plain["look"] = look
        yield encode(plain) + b"\n"


def _write_files(draft: Path, files: Mapping[str, Iterable[bytes]]) -> None:
    listed = {}
    for name, chunks in files.items():
        size, digest = write_file(draft / name, chunks)
        listed[name] = {"bytes": size, "sha256": digest}
    write_file(draft / MANIFEST, [dumps({"format": FORMAT, "files": listed})])
    _sync_folder(draft)


def write_file(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Write a file that is not there yet, safe from a power cut, and return its size and SHA-256."""
    size, digest = 0, sha256()
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def put_in_place(draft: Path, folder: Path) -> None:
    """Make a finished draft the pack, in place of what is there."""
    if folder.exists() and any(folder.iterdir()):
        # Two renames: no pack is ever half old and half new, and the old one comes back if the second fails.
        old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.old")
        folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.rename(folder)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may take the names of files whose bytes are safe.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fault(folder: Path, error: OSError) -> EvidenceFault:
    message = f"the evidence pack {folder} cannot be written: {error.strerror}"
    if error.errno in _FULL:
        return EvidenceFault(message, hint="free some space, or name a folder on another disk")
    return EvidenceFault(message, hint="name a folder that does not exist yet, in one that you may write to")
