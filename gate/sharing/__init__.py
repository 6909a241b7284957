"""One poll for all runs that ask the same.

What a source delivered for one side of the deploy is kept on a tape, in the order it came. A run that asks for what is on
the tape is answered from it; what is newer is asked for once, by whichever run comes first, and then serves all. Each run
is handed the mentions of its own period, each once, and why something of it is missing, if it is.
"""

from __future__ import annotations

from gate.sharing.pool import Pool
from gate.sharing.tape import Place, Tape

__all__ = ["Place", "Pool", "Tape"]
