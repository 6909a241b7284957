"""The evidence pack: a folder from which anybody can decide again, and get the same bytes.

    policy.yml       as the user wrote it; secrets in it are references by the policy's own rule
    policy.json      as it took effect, every default filled in
    versions.json    of the gate, the scorer …
    release.json     what was watched, and when
    looks.jsonl      one look a line; look 0 is the baseline
    mentions.jsonl   one kept or dropped mention a line, in the order they counted
    verdict.json     the final verdict
    manifest.json    size and SHA-256 of the others, and what was forgotten since

All canonical JSON (``gate.canonical``). The manifest shows damage and careless edits. Who edits
the manifest as well is caught where the mentions no longer give the verdict; to rule out a whole
invented pack, keep the manifest's SHA-256, or sign it.
"""

from __future__ import annotations

from gate.evidence.contents import Baseline, PackContents, PackLook, Purge
from gate.evidence.purging import forget, mentions_of
from gate.evidence.reading import read_pack
from gate.evidence.recorded import write_recorded
from gate.evidence.replaying import Problem, ReplayResult, replay
from gate.evidence.writing import check_target, write_pack

__all__ = [
    "Baseline",
    "PackContents",
    "PackLook",
    "Problem",
    "Purge",
    "ReplayResult",
    "check_target",
    "forget",
    "mentions_of",
    "read_pack",
    "replay",
    "write_pack",
    "write_recorded",
]
