"""Does what a policy asks for when a run has ended: each action once for each way it ended, whoever dies meanwhile.

What is to be done is written down in the transaction that records the verdict. Whoever does it claims it first; so two
workers do not do the same, and what a process that was killed had begun is taken up once its claim is over. Whether the
call of such a process got through, only the far side knows: the action is told that it was tried before, and looks there
for its key; where the far side cannot tell, it is done again. At least once, then, and twice only where somebody died
between the call and its record, or an answer was lost.
"""

from __future__ import annotations

from gate.acting.rehearsal import rehearsal
from gate.acting.runner import Acting

__all__ = ["Acting", "rehearsal"]
