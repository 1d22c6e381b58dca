"""What doing nothing would have made: the same money in the same symbols, bought at the start and held."""

from typing import Final

import numpy as np

from qts.backtest.spec import BacktestSpec
from qts.backtest.table import BarTable
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio.fees import BPS_PER_WHOLE

_BPS: Final = BPS_PER_WHOLE


def buy_and_hold(spec: BacktestSpec, table: BarTable) -> list[int]:
    """Its worth in VND at the end of each trading day on which the strategies traded.

    The money is split evenly among the symbols; each share of it buys at the close of the symbol's first bar, whole
    shares, with the fee, and waits as cash until then.
    """
    days = (table.ts_start_ms + VIETNAM_AHEAD_MS) // DAY_MS
    counted = np.unique(days[table.ts_start_ms >= spec.trades_from_ms])
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
