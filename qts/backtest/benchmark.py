"""What doing nothing would have made: the same money in the same symbols, bought at the start and held; or the index.

Bars of the VN-Index that stand among those of the symbols are its history. Where there are none nothing is made up.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from qts.backtest.spec import BacktestSpec, IndexHistory
from qts.backtest.table import BarTable, Ints
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio.fees import BPS_PER_WHOLE

INDEX: Final = "VNINDEX"
_BPS: Final = BPS_PER_WHOLE


def buy_and_hold(spec: BacktestSpec, table: BarTable) -> list[int]:
    """Its worth in VND at the end of each trading day on which the strategies traded.

    The money is split evenly among the symbols; each share of it buys at the close of the symbol's first bar, whole
    shares, with the fee, and waits as cash until then.
    """
    days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
    counted = _days_traded(spec, table)
    worth = np.zeros(len(counted), dtype=np.int64)
    part_vnd = spec.cash_vnd // len(table.symbols)
    for place in range(len(table.symbols)):
        rows = (table.place == place) & (table.ts_start_ms >= spec.trades_from_ms)
        closes, at = table.close_vnd[rows], days[rows]
        if not len(closes):
            worth += part_vnd
            continue
        price_vnd = int(closes[0])
        quantity = part_vnd * _BPS // (price_vnd * (_BPS + spec.fees.fee_rate_bps))
        left_vnd = part_vnd - quantity * price_vnd - spec.fees.fee_vnd(quantity * price_vnd)
        ends = np.searchsorted(at, counted, side="right")
        held = np.where(ends > 0, left_vnd + quantity * closes[np.maximum(ends - 1, 0)], part_vnd)
        worth += held
    return [int(vnd) for vnd in worth]


def in_index(spec: BacktestSpec, table: BarTable) -> list[int] | None:
    """What the money would be worth on the same days had it followed the index from the first day's close on. None
    without an index, or where it has no close until that day; a day without one is worth what the day before was."""
    if spec.index is None or not len(spec.index.days):
        return None
    counted = _days_traded(spec, table)
    at = np.searchsorted(np.asarray(spec.index.days), counted, side="right") - 1
    if not len(counted) or at[0] < 0:
        return None
    closes = [int(spec.index.closes[place]) for place in at.tolist()]
    return [spec.cash_vnd * close // closes[0] for close in closes]


def with_index(spec: BacktestSpec, table: BarTable) -> tuple[BacktestSpec, BarTable]:
    """Bars of the index among the others become its history, by days; nobody trades them."""
    if INDEX in spec.instruments or INDEX not in table.symbols:
        return spec, table
    rows = table.of_symbols({INDEX})
    days = (rows.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    history = IndexHistory(INDEX, days[last].tolist(), rows.close_vnd[last].tolist())
    return replace(spec, index=history), table.of_symbols(set(table.symbols) - {INDEX})


def _days_traded(spec: BacktestSpec, table: BarTable) -> Ints:
    days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
    counted: Ints = np.unique(days[table.ts_start_ms >= spec.trades_from_ms])
    return counted
