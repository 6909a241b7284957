"""The same decisions over recorded mentions and past releases: what would the gate have said?

Each release is looked at as the live gate would have: on the policy's cadence, never at a mention
before it was written, until the first final outcome.
"""

from gate.backtest.baseline_file import BaselineFile
from gate.backtest.calibration import Result, more_tolerant, recommend, settings_of, summarise
from gate.backtest.cases import Case, read_cases
from gate.backtest.judging import Judged, judge_all
from gate.backtest.setup import Setup
from gate.backtest.sharding import Shards, no_mention, place_of
from gate.backtest.trials import try_window
from gate.backtest.windows import History, pretend, stream_without_mention, too_short

__all__ = [
    "BaselineFile",
    "Case",
    "History",
    "Judged",
    "Result",
    "Setup",
    "Shards",
    "judge_all",
    "more_tolerant",
    "no_mention",
    "place_of",
    "pretend",
    "read_cases",
    "recommend",
    "settings_of",
    "stream_without_mention",
    "summarise",
    "too_short",
    "try_window",
]
