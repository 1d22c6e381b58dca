"""What is held, by symbol and sector, of one account or of all together; and what a shock would do to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.accounts import selectors as accounts
from apps.risk.selectors.limits import effective_limits, sectors
from apps.risk.selectors.use import percent_of
from qts.domain.errors import RuleCode

BPS = 10_000


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """One symbol or sector. `value_vnd` and `share_bps` (of all that is held) are None where a price is not known."""

    name: str
    sector: str
    quantity: int
    value_vnd: int | None
    share_bps: int | None
    unrealised_pnl_vnd: int | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Totals are None when a held symbol has no price: unknown is not zero. In cash accounts gross is net."""

    lines: tuple[ExposureLine, ...]
    sectors: tuple[ExposureLine, ...]
    value_vnd: int | None
    cash_vnd: int
    equity_vnd: int | None
    day_pnl_vnd: int | None
    unrealised_pnl_vnd: int | None

    @property
    def values_vnd(self) -> dict[str, int]:
        """By symbol, of those that have a price."""
        return {line.name: line.value_vnd for line in self.lines if line.value_vnd}


@dataclass(frozen=True, slots=True)
class ShockedLine:
    symbol: str
    quantity: int
    value_vnd: int
    shock_bps: int
    pnl_vnd: int


@dataclass(frozen=True, slots=True)
class ShockedLimit:
    """The day's loss against its limit, before and after the shock."""

    account_number: str
    limit_vnd: int
    loss_before_vnd: int
    loss_after_vnd: int

    @property
    def percent_before(self) -> int:
        return percent_of(self.loss_before_vnd, self.limit_vnd)

    @property
    def percent_after(self) -> int:
        return percent_of(self.loss_after_vnd, self.limit_vnd)

    @property
    def would_stop(self) -> bool:
        return self.loss_after_vnd > self.limit_vnd


@dataclass(frozen=True, slots=True)
class Shocked:
    lines: tuple[ShockedLine, ...]
    limits: tuple[ShockedLimit, ...]
    pnl_vnd: int
    equity_before_vnd: int | None
    equity_after_vnd: int | None


def exposure(account_ids: Iterable[UUID], now: datetime) -> Exposure:
    """Raises TransientError while there are no live prices at all."""
    portfolios = [accounts.portfolio(account_id, now) for account_id in account_ids]
    held = _together(portfolios)
    total = _total(value for _, value, _ in held.values())
    known = sectors(held)
    lines = sorted(
        (_line(symbol, known.get(symbol, ""), row, total) for symbol, row in held.items()),
        key=lambda line: (-(line.value_vnd or 0), line.name),
    )
    return Exposure(
        lines=tuple(lines),
        sectors=_by_sector(lines, total),
        value_vnd=total,
        cash_vnd=sum(found.state.cash_vnd for found in portfolios),
        equity_vnd=_total(found.equity_vnd for found in portfolios),
        day_pnl_vnd=_total(found.day_pnl_vnd for found in portfolios),
        unrealised_pnl_vnd=_total(found.unrealised_pnl_vnd for found in portfolios),
    )


def shocked(
    account_ids: Iterable[UUID], now: datetime, *, shock_bps: int, of_symbols: Mapping[str, int] | None = None
) -> Shocked:
    """All prices moved by `shock_bps`, those in `of_symbols` by their own; nothing is sold on the way down."""
    ids = list(account_ids)
    moves = of_symbols or {}
    before = exposure(ids, now)
    lines = tuple(
        ShockedLine(line.name, line.quantity, line.value_vnd, move, _moved(line.value_vnd, move))
        for line in before.lines
        if line.value_vnd is not None
        for move in [moves.get(line.name, shock_bps)]
    )
    pnl = sum(line.pnl_vnd for line in lines)
    return Shocked(
        lines=lines,
        limits=tuple(limit for one in ids if (limit := _shocked_limit(one, now, shock_bps, moves)) is not None),
        pnl_vnd=pnl,
        equity_before_vnd=before.equity_vnd,
        equity_after_vnd=None if before.equity_vnd is None else before.equity_vnd + pnl,
    )


def _shocked_limit(account_id: UUID, now: datetime, shock_bps: int, moves: Mapping[str, int]) -> ShockedLimit | None:
    in_force = effective_limits(account_id).get(RuleCode.DAILY_LOSS_EXCEEDS_MAX)
    found = accounts.portfolio(account_id, now)
    if in_force is None or found.day_pnl_vnd is None:
        return None
    values = {one.symbol: one.market_value_vnd or 0 for one in found.positions}
    after = found.day_pnl_vnd + sum(_moved(value, moves.get(symbol, shock_bps)) for symbol, value in values.items())
    return ShockedLimit(found.account.number, in_force.limit, max(0, -found.day_pnl_vnd), max(0, -after))


def _moved(value_vnd: int, shock_bps: int) -> int:
    """Rounded against the holder."""
    return value_vnd * shock_bps // BPS


_Row = tuple[int, int | None, int | None]  # quantity, value, unrealised profit


def _together(portfolios: Iterable[accounts.PortfolioView]) -> dict[str, _Row]:
    found: dict[str, list[accounts.PositionView]] = defaultdict(list)
    for portfolio in portfolios:
        for position in portfolio.positions:
            if position.quantity:
                found[position.symbol].append(position)
    return {
        symbol: (
            sum(one.quantity for one in positions),
            _total(one.market_value_vnd for one in positions),
            _total(one.unrealised_pnl_vnd for one in positions),
        )
        for symbol, positions in found.items()
    }


def _line(name: str, sector: str, row: _Row, total: int | None) -> ExposureLine:
    quantity, value, unrealised = row
    share = value * BPS // total if total and value is not None else None
    return ExposureLine(name, sector, quantity, value, share, unrealised)


def _by_sector(lines: Iterable[ExposureLine], total: int | None) -> tuple[ExposureLine, ...]:
    """The sectors that officers recorded; "" holds the symbols without one. Empty when no sector is recorded at all."""
    found: dict[str, list[ExposureLine]] = defaultdict(list)
    for line in lines:
        found[line.sector].append(line)
    if not set(found) - {""}:
        return ()
    rows = {
        sector: (
            sum(one.quantity for one in members),
            _total(one.value_vnd for one in members),
            _total(one.unrealised_pnl_vnd for one in members),
        )
        for sector, members in found.items()
    }
    summed = [_line(sector, sector, row, total) for sector, row in rows.items()]
    return tuple(sorted(summed, key=lambda line: -(line.value_vnd or 0)))


def _total(values: Iterable[int | None]) -> int | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None
