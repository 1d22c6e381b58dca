"""Backtests: one strategy class over recorded bars, with the rules, fees and settlement of the real market.

`from qts.backtest import run` is all that a notebook needs, `BacktestSpec` says more; `Study` and `conduct` are for
many runs of one question.
"""

from qts.backtest.ask import run
from qts.backtest.bars import BarsUnreadable, read_bars
from qts.backtest.picture import examined
from qts.backtest.result import BacktestResult, Fill, Refusal
from qts.backtest.spec import BacktestSpec, BarPeriod, FillAt, SpecWrong, StrategyPart
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind
from qts.backtest.table import BarTable, TickTable

__all__ = [
    "BacktestResult",
    "BacktestSpec",
    "BarPeriod",
    "BarTable",
    "BarsUnreadable",
    "Fill",
    "FillAt",
    "Refusal",
    "SpecWrong",
    "StrategyPart",
    "Study",
    "StudyKind",
    "TickTable",
    "conduct",
    "examined",
    "read_bars",
    "run",
]
