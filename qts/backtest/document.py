"""A result as JSON: what a page draws and another program reads. Money is whole VND, days are ISO dates."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from qts.backtest.benchmark import buy_and_hold, in_index
from qts.backtest.data_check import data_doubts
from qts.backtest.honesty import Honesty, reasons_to_doubt
from qts.backtest.report import doubts, outcome
from qts.backtest.result import BacktestResult, DayEquity, Fill
from qts.backtest.spec import BacktestSpec
from qts.backtest.statements import Say, Statement
from qts.backtest.table import BarTable
from qts.domain.values import Side
from qts.quant.performance import Performance, performance

Document = dict[str, Any]
FILLS_KEPT_MAX: Final = 50_000
REASONS_KEPT_MAX: Final = 30
FILL_FIELDS: Final = (
    "ts_ms", "symbol", "side", "quantity", "price_vnd", "fee_vnd", "tax_vnd", "realised_pnl_vnd", "signal", "part",
)  # fmt: skip


def run_document(spec: BacktestSpec, table: BarTable, result: BacktestResult, honesty: Honesty | None) -> Document:
    """Everything that a report shows of one run."""
    found = _performance(result)
    days = _days_traded(spec, table, result)
    held = buy_and_hold(spec, table)
    return {
        "fingerprint": result.fingerprint,
        "trades_hash": trades_hash(result.fills),
        "verdict": [one.as_json() for one in statements(spec, table, result, honesty)],
        "figures": figures(result, found),
        "equity": [[day.day.isoformat(), day.equity_vnd, day.exposure_vnd] for day in days],
        "benchmark": {"name": "BUY_AND_HOLD", "equity": held, "total_return": held[-1] / spec.cash_vnd - 1},
        "index": _index(spec, table),
        "months": months(spec.cash_vnd, days),
        "fills": [[getattr(fill, name) for name in FILL_FIELDS] for fill in result.fills[:FILLS_KEPT_MAX]],
        "refusals": [list(one) for one in Counter(one.reason for one in result.refusals).most_common(REASONS_KEPT_MAX)],
        "honesty": _honesty(honesty),
    }


def statements(
    spec: BacktestSpec, table: BarTable, result: BacktestResult, honesty: Honesty | None
) -> Iterator[Statement]:
    """The result first, then every reason to doubt it."""
    found = _performance(result)
    if found is None:
        yield Statement(Say.RUINED if result.equity else Say.NO_DAY)
        return
    yield outcome(result, found)
    if spec.frictionless is not None:
        yield Statement(Say.FRICTIONLESS)
    yield from doubts(result)
    held = buy_and_hold(spec, table)[-1] / spec.cash_vnd - 1
    if held > found.total_return:
        yield Statement(Say.BEHIND_HOLDING, share=held)
    index = in_index(spec, table)
    if index is not None and index[-1] / spec.cash_vnd - 1 > found.total_return:
        yield Statement(Say.BEHIND_INDEX, share=index[-1] / spec.cash_vnd - 1)
    yield from data_doubts(table)
    if honesty is not None:
        yield from reasons_to_doubt(honesty)


def _index(spec: BacktestSpec, table: BarTable) -> Document | None:
    """None where there is no history of it for these days; whoever draws it says so."""
    worth = in_index(spec, table)
    if worth is None or spec.index is None:
        return None
    return {"name": spec.index.symbol, "equity": worth, "total_return": worth[-1] / spec.cash_vnd - 1}


def trades_hash(fills: Sequence[Fill]) -> str:
    """Equal trades, equal hash."""
    told = [[getattr(fill, name) for name in FILL_FIELDS] for fill in fills]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def figures(result: BacktestResult, found: Performance | None) -> dict[str, float | int | None]:
    sales = [fill.realised_pnl_vnd for fill in result.fills if fill.side is Side.SELL]
    gains, losses = sum(vnd for vnd in sales if vnd > 0), -sum(vnd for vnd in sales if vnd < 0)
    ratios: dict[str, float | None] = asdict(found) if found is not None else {}
    return {
        **ratios,
        "first_equity_vnd": result.first_equity_vnd,
        "last_equity_vnd": result.last_equity_vnd,
        "pnl_vnd": result.last_equity_vnd - result.first_equity_vnd,
        "bars": result.bar_count,
        "days": len(result.equity),
        "fills": len(result.fills),
        "closed_trades": len(sales),
        "win_share": sum(vnd > 0 for vnd in sales) / len(sales) if sales else None,
        "profit_factor": gains / losses if losses else None,
        "average_trade_vnd": sum(sales) // len(sales) if sales else None,
        "costs_vnd": sum(fill.fee_vnd + fill.tax_vnd for fill in result.fills),
        "turnover_vnd": sum(fill.quantity * fill.price_vnd for fill in result.fills),
        "fall_vnd": result.lowest_from_peak_vnd,
        "exposure_share": _exposure(result),
        "largest_share_percent": result.largest_share_percent,
        "locked_bars": result.locked_bars,
        "expired_orders": result.expired_orders,
    }


def months(first_vnd: int, days: Sequence[DayEquity]) -> list[dict[str, Any]]:
    """Each year with its return and those of its twelve months, None where there was no day."""
    ends: dict[tuple[int, int], int] = {(day.day.year, day.day.month): day.equity_vnd for day in days}
    rows: list[dict[str, Any]] = []
    before = year_began = first_vnd
    for (year, month), equity in sorted(ends.items()):
        if not rows or rows[-1]["year"] != year:
            rows.append({"year": year, "months": [None] * 12, "total": 0.0})
            year_began = before
        rows[-1]["months"][month - 1] = equity / before - 1 if before > 0 else None
        rows[-1]["total"] = equity / year_began - 1 if year_began > 0 else None
        before = equity
    return rows


def _days_traded(spec: BacktestSpec, table: BarTable, result: BacktestResult) -> Sequence[DayEquity]:
    """Without the days before trading began."""
    return result.equity[len(result.equity) - len(buy_and_hold(spec, table)) :]


def _performance(result: BacktestResult) -> Performance | None:
    """None for an account that was ruined, or without a day."""
    equities = [day.equity_vnd for day in result.equity]
    if not equities or min(equities) <= 0:
        return None
    return performance(result.first_equity_vnd, equities)


def _exposure(result: BacktestResult) -> float | None:
    shares = [day.exposure_vnd / day.equity_vnd for day in result.equity if day.equity_vnd > 0]
    return sum(shares) / len(shares) if shares else None


def _honesty(honesty: Honesty | None) -> Document | None:
    if honesty is None:
        return None
    return {
        "luck_share": honesty.luck_share,
        "redrawn": asdict(honesty.trades) if honesty.trades is not None else None,
        "sees_future": bool(honesty.foresight),
        "unsettled": list(honesty.unsettled),
    }
