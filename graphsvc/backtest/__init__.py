"""Would the scores have told? A programme over past times, against what happened afterwards.

At each time only what was known then is read, so that nothing of the answer is in the question.
"""

from graphsvc.backtest.measures import Measured, measured
from graphsvc.backtest.model import Backtest, Cut, Knowledge, Plan
from graphsvc.backtest.outcome import Outcome, parse_outcome
from graphsvc.backtest.run import run_backtest

__all__ = [
    "Backtest",
    "Cut",
    "Knowledge",
    "Measured",
    "Outcome",
    "Plan",
    "measured",
    "parse_outcome",
    "run_backtest",
]
