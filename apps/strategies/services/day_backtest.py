"""One recorded day as a backtest of the strategy as it ran that day: the same code in its confined process, the stored
bars, the matching model in place of the exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import day_bounds_ms
from apps.strategies.models import Strategy
from apps.strategies.selectors.code import CodeView
from apps.strategies.services.backtest_data import instruments_of
from apps.strategies.services.hosted import Trace, hosted
from apps.strategies.services.replay import ReplayBroken
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.backtest import BacktestResult, BacktestSpec, BarTable, SpecWrong, StrategyPart
from qts.backtest.engine import run
from qts.domain.errors import Said
from qts.domain.market import moment_of
from qts.domain.strategy.deciding import parse_policy
from qts.quant.indicators import parse_indicator, warm_up_bars

CASH_VND: Final = 1_000_000_000
_WIDE_MINUTES: Final = 50_000  # before the day, where a wider timeframe is asked for
_DAY_MINUTES_MAX: Final = 1_000

PriceRow = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DayBacktest:
    trace: Trace
    result: BacktestResult
    bars: Mapping[tuple[str, int], PriceRow]  # of the day, by symbol and start: open, high, low, close, volume


def backtest_day(
    strategy: Strategy,
    code: CodeView,
    day: date,
    *,
    since_ms: int = 0,
    held: Mapping[str, int] | None = None,
    recorded: Mapping[str, Sequence[PriceRow]] | None = None,
) -> DayBacktest:
    """It is asked from `since_ms` on and holds `held` then; `recorded` are bars of the day by symbol where the store
    has none. Raises ReplayBroken when the strategy breaks off or no symbol of its traded that day."""
    first_ms, _ = day_bounds_ms(day)
    trace = Trace(max(first_ms, since_ms))
    try:
        with StrategyHost(strategy.class_key, strategy.parameters, source=code.source) as host:
            of_day = {symbol: _of_day(symbol, day) or (recorded or {}).get(symbol, []) for symbol in strategy.symbols}
            table = _table(of_day, first_ms, host.indicator_names)
            spec = _spec(
                strategy, table.symbols, accounts.portfolio(strategy.account_id, marketdata.market_now()).equity_vnd
            )
            result = run(spec, table, strategies=[hosted(host, trace)], held=held)
    except (StrategyHostError, SpecWrong) as error:
        raise ReplayBroken(
            Said(
                "the backtest of {strategy_name} on {day} broke off: {error}",
                strategy_name=strategy.name,
                day=day,
                error=error,
            )
        ) from error
    bars = {(symbol, row[0]): tuple(row[1:]) for symbol, rows in of_day.items() for row in rows}
    return DayBacktest(trace, result, bars)


def _spec(strategy: Strategy, symbols: Sequence[str], equity_vnd: int | None) -> BacktestSpec:
    return BacktestSpec(
        parts=[StrategyPart(strategy.name, {}, symbols, policy=parse_policy(strategy.decision_policy))],
        instruments=instruments_of(symbols),
        cash_vnd=equity_vnd if equity_vnd and equity_vnd > 0 else CASH_VND,
        fees=accounts.fee_schedule(),
    )


def _table(of_day: Mapping[str, Sequence[PriceRow]], first_ms: int, names: Sequence[str]) -> BarTable:
    is_wide = any(parse_indicator(name).timeframe is not None for name in names)
    limit = _WIDE_MINUTES if is_wide else warm_up_bars(names)
    begins_at = moment_of(first_ms)
    tables = [
        BarTable.of_columns(symbol, *zip(*(*before, *rows), strict=True))
        for symbol, rows in of_day.items()
        if rows
        for before in [marketdata.minute_rows(symbol, since=None, until=begins_at, limit=limit)]
    ]
    if not tables:
        raise SpecWrong(Said("none of its symbols has a bar on that day"))
    return BarTable.merged(tables)


def _of_day(symbol: str, day: date) -> list[PriceRow]:
    first_ms, last_ms = day_bounds_ms(day)
    since, until = (moment_of(ms) for ms in (first_ms, last_ms))
    return marketdata.minute_rows(symbol, since=since, until=until, limit=_DAY_MINUTES_MAX)
