"""What pages of backtests show in tables and charts, made from a run's document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Final

import numpy as np

from apps.portal.views.backtest_words import YEAR_ROOT, number, set_text, share, sign
from apps.portal.views.formats import money_text
from qts.backtest import BarTable
from qts.backtest.document import FILL_FIELDS
from qts.domain.market import to_vietnam

CANDLES_MAX: Final = 3_000
HEAT_STEPS: Final = 5  # on each side of nothing earned
ROWS_SHOWN: Final = 20
MEASURES: Final = ("sharpe", "around", "equity")


@dataclass(frozen=True, slots=True)
class Month:
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Cell:
    """`heat` is a class of the style sheet; `title` names the whole set."""

    text: str
    heat: str
    title: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`across` and `down` are names of parameters; the others have the values of the best set."""

    across: str
    down: str
    columns: Sequence[int]
    rows: Sequence[tuple[int, Sequence[Cell | None]]]
    fixed: str


def month_rows(told: Sequence[Mapping[str, Any]]) -> list[tuple[int, list[Month], Month]]:
    return [(row["year"], [_month(one) for one in row["months"]], _month(row["total"])) for row in told]


def fill_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [dict(zip(FILL_FIELDS, fill, strict=True)) for fill in document["fills"]]
    for row in rows:
        row["at"] = to_vietnam(datetime.fromtimestamp(row["ts_ms"] / 1_000, tz=UTC))
    return rows


def set_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best first; of equals the one that was tried first. Without a ratio last."""
    numbered = list(enumerate(document["rows"]))
    numbered.sort(key=lambda one: -np.inf if one[1]["day_sharpe"] is None else one[1]["day_sharpe"], reverse=True)
    return [
        {
            "number": number_ + 1,
            "set": set_text(row["parameters"]),
            "sharpe": number(_of_year(row["day_sharpe"])),
            "around": number(_of_year(row.get("around"))),
            "equity": money_text(row["last_equity_vnd"]),
            "trades": row["closed_trades"],
            "is_best": number_ == document["best"],
        }
        for number_, row in numbered[:ROWS_SHOWN]
    ]


def heat_map(document: Mapping[str, Any], measure: str, across: str = "", down: str = "") -> HeatMap | None:
    """None for a grid of one parameter, or without a best set."""
    grid, best = document.get("grid", {}), document["best"]
    varied = [name for name, values in grid.items() if len(values) > 1]
    if len(varied) < 2 or best is None:
        return None
    across = across if across in varied else varied[0]
    down = down if down in varied and down != across else next(name for name in varied if name != across)
    fixed = {name: document["rows"][best]["parameters"][name] for name in varied if name not in {across, down}}
    found: dict[tuple[int, int], tuple[int, Mapping[str, Any]]] = {}
    for place, row in enumerate(document["rows"]):
        if all(row["parameters"][name] == value for name, value in fixed.items()):
            found[row["parameters"][down], row["parameters"][across]] = (place, row)
    values = [_measured(row, measure, document) for _, row in found.values()]
    widest = max((abs(value) for value in values if value is not None), default=0.0)
    columns, lines = sorted(set(grid[across])), sorted(set(grid[down]), reverse=True)
    cells = [
        (line, [_cell(found.get((line, column)), measure, widest, document) for column in columns]) for line in lines
    ]
    return HeatMap(across, down, columns, cells, set_text(fixed))


def fold_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **fold,
            "set": set_text(fold["parameters"]),
            "within": number(_of_year(fold["train_sharpe"])),
            "outside": number(_of_year(fold["test_sharpe"])),
            "earned": share(fold["test_return"], plus=True),
            "colour": sign(fold["test_return"]),
        }
        for fold in document["folds"]
    ]


def equity_points(report: Mapping[str, Any], first_vnd: int) -> list[dict[str, Any]]:
    """Each day's worth, the largest worth before it, and what holding and the index would have been."""
    worths = [row[1] for row in report["equity"]]
    peaks = accumulate([first_vnd, *worths], max)
    next(peaks)
    held = (report.get("benchmark") or {}).get("equity") or [None] * len(worths)
    index = (report.get("index") or {}).get("equity") or [None] * len(worths)
    return [
        {"time": row[0], "equity": row[1], "fall": 100 * (row[1] / peak - 1), "held": other, "index": market}
        for row, peak, other, market in zip(report["equity"], peaks, held, index, strict=True)
    ]


def candles(table: BarTable, symbol: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Bars of one symbol, several in one candle where they are many, and the trades at their candles."""
    rows = table.place == table.symbols.index(symbol)
    starts = table.ts_start_ms[rows] // 1_000
    width = -(-len(starts) // CANDLES_MAX)
    edges = np.arange(0, len(starts), width)
    last = np.append(edges[1:], len(starts)) - 1
    columns = {
        "time": starts[edges],
        "open": table.open_vnd[rows][edges],
        "high": np.maximum.reduceat(table.high_vnd[rows], edges),
        "low": np.minimum.reduceat(table.low_vnd[rows], edges),
        "close": table.close_vnd[rows][last],
        "volume": np.add.reduceat(table.volume[rows], edges),
    }
    listed = {name: column.tolist() for name, column in columns.items()}
    trades = []
    for fill in document["fills"]:
        told = dict(zip(FILL_FIELDS, fill, strict=True))
        if told["symbol"] == symbol:
            at = int(np.searchsorted(starts[edges], told["ts_ms"] // 1_000, side="right")) - 1
            trades.append({"time": listed["time"][at], "side": told["side"], "quantity": told["quantity"]})
    return {
        "bars": [dict(zip(listed, values, strict=True)) for values in zip(*listed.values(), strict=True)],
        "trades": trades,
        "bars_per_candle": width,
    }


def _month(value: float | None) -> Month:
    return Month("" if value is None else share(value, plus=True), sign(value))


def _of_year(day_sharpe: float | None) -> float | None:
    return None if day_sharpe is None else day_sharpe * YEAR_ROOT


def _measured(row: Mapping[str, Any], measure: str, document: Mapping[str, Any]) -> float | None:
    if measure == "equity":
        first = document["figures"]["first_equity_vnd"]
        return float(row["last_equity_vnd"] / first - 1)
    value = row["around"] if measure == "around" else row["day_sharpe"]
    return _of_year(value)


def _cell(
    found: tuple[int, Mapping[str, Any]] | None, measure: str, widest: float, document: Mapping[str, Any]
) -> Cell | None:
    if found is None:
        return None
    place, row = found
    value = _measured(row, measure, document)
    text = share(value, plus=True) if measure == "equity" else number(value)
    return Cell(text, _heat(value, widest), set_text(row["parameters"]), place == document["best"])


def _heat(value: float | None, widest: float) -> str:
    if value is None or not widest:
        return "heat-none"
    step = min(HEAT_STEPS, 1 + int(abs(value) / widest * HEAT_STEPS))
    return f"heat-{'up' if value >= 0 else 'down'}-{step}"
