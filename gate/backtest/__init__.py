"""The same decisions over recorded mentions and past releases: what would the gate have said?

Each release is looked at as the live gate would have: on the policy's cadence, never at a mention
before it was written, until the first final outcome.
"""

from gate.backtest.cases import Case, read_cases
from gate.backtest.judging import judge_all
from gate.backtest.sharding import Shards

__all__ = ["Case", "Shards", "judge_all", "read_cases"]
