"""Backtests: one strategy class over recorded bars, with the rules, fees and settlement of the real market.

`from qts.backtest import BacktestSpec, read_bars, run` is all that a notebook needs.
"""

from qts.backtest.bars import BarsUnreadable, read_bars
from qts.backtest.engine import run
from qts.backtest.result import BacktestResult, Fill, Refusal
from qts.backtest.spec import BacktestSpec, SpecWrong

__all__ = ["BacktestResult", "BacktestSpec", "BarsUnreadable", "Fill", "Refusal", "SpecWrong", "read_bars", "run"]
