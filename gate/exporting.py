"""An evidence pack of a run that is in the run log only, made from what was recorded of it."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from gate import evidence, wiring
from gate.canonical import dumps
from gate.errors import EvidenceFault

if TYPE_CHECKING:
    from gate.store import Store

_README = """\
Run {run}.

log.jsonl    every event of the run, each with the hash of the one before it; the last hash is
             {head}
evidence/    the run as an evidence pack: gate replay {run}/evidence

{replay}
"""
_AGAIN = "Deciding again from it comes to the verdict of the last look."
_OTHERWISE = """\
Deciding again from it does not come to what is recorded: {why}. The run log keeps numbers and hashes of mentions only,
and leaves out who wrote those that did not count, or somebody has forgotten mentions since. The log is what counts."""


def zipped(store: Store, run_id: str) -> bytes:
    """Return log and evidence of a run in a ZIP file.

    Raises:
        NoSuchRun: there is none of that id.
        UsageFault: no look has been made yet.
        EvidenceFault: what is recorded cannot be read.
    """
    run, events = store.run(run_id), store.events(run_id)
    with tempfile.TemporaryDirectory() as folder, io.BytesIO() as file:
        pack = Path(folder) / "evidence"
        evidence.write_recorded(pack, run, events, store.seen(run_id), store.policy_text(run_id))
        about = _README.format(run=run.id, head=run.head, replay=_replayed(pack))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            # Names are ours: nothing that anybody wrote becomes a path.
            archive.writestr(f"{run.id}/README.txt", about)
            archive.writestr(f"{run.id}/log.jsonl", b"".join(dumps(event) + b"\n" for event in events))
            for each in sorted(pack.iterdir()):
                archive.write(each, f"{run.id}/evidence/{each.name}")
        return file.getvalue()


def _replayed(pack: Path) -> str:
    try:
        wiring.decide_again(evidence.read_pack(pack))
    except EvidenceFault as fault:
        return _OTHERWISE.format(why=fault.message)
    return _AGAIN
