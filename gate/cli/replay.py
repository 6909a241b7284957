"""``gate replay``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click


@click.command("replay", short_help="Decide again from an evidence pack.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(folder: Path, *, as_json: bool) -> NoReturn:
    """Recompute a verdict from its evidence pack: same bytes in, same verdict out.

    Every file is compared with the manifest, the decision is made again from the recorded
    mentions, and the new verdict is compared byte by byte with the recorded one. Exits with the
    verdict's own code if all is as recorded, and with 12 if anything was changed.

    \b
    gate check --evidence evidence/ ; gate replay evidence/
    """
    from gate import evidence
    from gate.cli.terminal import say, show
    from gate.decide.words import mentions
    from gate.errors import EvidenceFault
    from gate.report import safe
    from gate.wiring import decide_again

    result = evidence.replay(folder, decide_again)
    if as_json:
        problems = [str(problem) for problem in result.problems]
        purged = result.purged
        show(safe.json({"same": result.same, "problems": problems, "verdict": result.verdict, "purged": purged}))
    elif result.same and result.verdict:
        say(f"Replayed {folder}: the same verdict, byte for byte.")
        say(result.verdict.reason)
        for purge in result.purged:
            were, whose = ("was", "its score") if purge.mentions == 1 else ("were", "their scores")
            say(
                f"On {purge.at:%Y-%m-%d} {mentions(purge.mentions)} in it {were} forgotten ({purge.why}): the verdict "
                f"follows from {whose}, but what was forgotten cannot be compared with the first recording any more "
                f"(mentions.jsonl was {purge.sha256[:12]}…, the manifest {purge.manifest[:12]}…)."
            )
    if result.same and result.verdict:
        sys.exit(result.verdict.outcome.exit_code)
    message = f"{folder} is not as it was recorded:\n" + "\n".join(f"  {problem}" for problem in result.problems)
    raise EvidenceFault(message, hint="take the pack from where the run wrote it; do not trust this copy")
