"""The comparison of peers that is published with the shared data: its bars and its reference result, SMA 10 and 20."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from qts.backtest import BacktestSpec, BarPeriod, BarTable, FillAt, StrategyPart, read_bars
from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.values import Exchange, InstrumentKind

SHARED = Path(os.environ.get("QTS_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
PROGRAM = SHARED.parent / "bench" / "peers_backtest.py"
GOOG = SHARED / "peer" / "GOOG.csv"
CASH_VND = 1_000_000_000
TWENTY_BPS = FeeSchedule(fee_rate_bps=20, sale_tax_rate_bps=0)


def published() -> Any:
    """The program itself; skips where it is not there."""
    if not PROGRAM.exists():
        pytest.skip("the published comparison of peers is not there: set QTS_SHARED_DATA")
    specification = importlib.util.spec_from_file_location("peers_backtest", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def spec_of(fill_at: FillAt | None, symbols: tuple[str, ...] = ("A",), **more: Any) -> BacktestSpec:
    cross = StrategyPart("moving_average_cross", {"fast": 10, "slow": 20, "quantity": 100})
    given: dict[str, Any] = {
        "parts": [cross],
        "instruments": {name: Instrument(name, Exchange.HOSE, InstrumentKind.STOCK) for name in symbols},
        "cash_vnd": CASH_VND,
        "fees": TWENTY_BPS,
        "frictionless": fill_at,
    }
    return BacktestSpec(**(given | more))


def synthetic(peers: Any, bars: int, seed: int, symbol: str = "A") -> tuple[BarTable, list[float], list[float]]:
    """Bars, opens and closes of a published set."""
    prices, ts_ns = peers.synth(bars, seed)
    table = BarTable.of_columns(symbol, ts_ns // 1_000_000, *prices)
    return table, prices[0].tolist(), prices[3].tolist()


def goog(tmp_path: Path) -> BarTable:
    """A dollar is 1,000 VND here, so that 0.2 % of 100 shares at whole cents is whole."""
    if not GOOG.exists():
        pytest.skip("GOOG.csv is not there: set QTS_SHARED_DATA")
    lines = GOOG.read_text(encoding="utf-8").splitlines()[1:]
    file = tmp_path / "goog.csv"
    rows = ["symbol,time,open,high,low,close,volume", *(f"A,{line}" for line in lines)]
    file.write_text("\n".join(rows), encoding="utf-8")
    return read_bars(file, symbols=["A"])


DAILY = {"period": BarPeriod.DAY}
