"""A backtest in words first, then in figures."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from qts.backtest.honesty import Honesty, reasons_to_doubt
from qts.backtest.result import BacktestResult, Fill
from qts.backtest.statements import Say, Statement
from qts.domain.errors import RuleCode
from qts.domain.values import Side
from qts.quant.performance import Performance, performance

TRADES_MIN: Final = 30
SHARE_PERCENT_HIGH: Final = 5.0
_MONEY_SHORT: Final = RuleCode.BUYING_POWER_EXCEEDED.value
_FIGURES: Final = (
    ("annual_return", "annual return", "{:+.2%}"),
    ("annual_volatility", "annual volatility", "{:.2%}"),
    ("sharpe", "Sharpe ratio", "{:.2f}"),
    ("sortino", "Sortino ratio", "{:.2f}"),
    ("calmar", "Calmar ratio", "{:.2f}"),
)


def report(result: BacktestResult, honesty: Honesty | None = None) -> str:
    """Plain text. A run whose account was worth nothing has no ratios, and says so."""
    if not result.equity:
        return "No trading day was run."
    try:
        found = performance(result.first_equity_vnd, [day.equity_vnd for day in result.equity])
    except ValueError as error:
        return f"Verdict: {error}."
    examined = list(_examined(honesty)) if honesty is not None else []
    first = f"Verdict: {verdict(result, found, honesty)}"
    return "\n".join([first, "", *_figures(result, found), *examined, *_refusals(result)])


def verdict(result: BacktestResult, found: Performance, honesty: Honesty | None = None) -> str:
    """What to think of it, in sentences: first the result, then every reason to doubt it."""
    return " ".join([outcome(result, found), *doubts(result), *(reasons_to_doubt(honesty) if honesty else [])])


def outcome(result: BacktestResult, found: Performance) -> Statement:
    gain = result.last_equity_vnd - result.first_equity_vnd
    if gain == 0:
        return Statement(Say.EVEN)
    return Statement(Say.EARNED if gain > 0 else Say.LOST, vnd=abs(gain), share=found.total_return)


def doubts(result: BacktestResult) -> Iterator[Statement]:
    trades = sum(fill.side is Side.SELL for fill in result.fills)
    if not result.fills:
        yield Statement(Say.NEVER_TRADED)
    elif trades < TRADES_MIN:
        yield Statement(Say.FEW_TRADES, trades=trades, least=TRADES_MIN)
    if result.largest_share_percent > SHARE_PERCENT_HIGH:
        yield Statement(Say.LARGE_SHARE, percent=result.largest_share_percent)
    if result.locked_bars:
        yield Statement(Say.LOCKED, bars=result.locked_bars)
    costs_vnd = sum(fill.fee_vnd + fill.tax_vnd for fill in result.fills)
    gain = result.last_equity_vnd - result.first_equity_vnd
    if costs_vnd > abs(gain):
        yield Statement(Say.COSTS, vnd=costs_vnd)
    if short := sum(_MONEY_SHORT in one.reason for one in result.refusals):
        yield Statement(Say.MONEY_SHORT, count=short)


def _figures(result: BacktestResult, found: Performance) -> Iterator[str]:
    sales = [fill.realised_pnl_vnd for fill in result.fills if fill.side is Side.SELL]
    gains, losses = sum(vnd for vnd in sales if vnd > 0), -sum(vnd for vnd in sales if vnd < 0)
    yield _line("bars, trading days", f"{result.bar_count:,}, {len(result.equity):,}")
    yield _line("equity, first and last", f"{result.first_equity_vnd:,} -> {result.last_equity_vnd:,} VND")
    for name, label, form in _FIGURES:
        value = getattr(found, name)
        yield _line(label, "-" if value is None else form.format(value))
    yield _line("largest fall from a peak", f"{result.lowest_from_peak_vnd:,} VND ({found.max_drawdown:.2%} by days)")
    yield _line("fills, closed trades", f"{len(result.fills):,}, {len(sales):,}")
    if sales:
        yield _line("trades with a gain", f"{sum(vnd > 0 for vnd in sales) / len(sales):.0%}")
        yield _line("profit factor", f"{gains / losses:.2f}" if losses else "-")
    yield _line("fees and tax", f"{sum(fill.fee_vnd + fill.tax_vnd for fill in result.fills):,} VND")
    yield _line("turnover", f"{sum(map(_value_vnd, result.fills)):,} VND")
    yield _line("orders that ended unfilled", f"{result.expired_orders:,}")
    yield _line("fingerprint", result.fingerprint[:16])


def _examined(honesty: Honesty) -> Iterator[str]:
    if honesty.luck_share is not None:
        yield _line("random entries as good", f"{honesty.luck_share:.1%} of the draws")
    if honesty.trades is not None:
        low, median = honesty.trades.pnl_vnd_low, honesty.trades.pnl_vnd_median
        yield _line("trades drawn anew", f"{low:,.0f} VND in the worst twentieth, {median:,.0f} in the middle")
        fall, high = honesty.trades.fall_vnd_median, honesty.trades.fall_vnd_high
        yield _line("their largest fall", f"{fall:,.0f} VND in the middle, {high:,.0f} in the worst twentieth")
    yield _line("future cut off", "changes nothing" if not honesty.foresight else "CHANGES THE PAST")


def _refusals(result: BacktestResult) -> Iterator[str]:
    if not result.refusals:
        return
    yield ""
    yield "Intents that became no order:"
    for reason, count in Counter(one.reason for one in result.refusals).most_common():
        yield f"  {count:>7,}  {reason}"


def _value_vnd(fill: Fill) -> int:
    return fill.quantity * fill.price_vnd


def _line(name: str, value: str) -> str:
    return f"  {name:<28}{value}"
