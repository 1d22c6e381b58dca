"""The snapshot that the gate judges: books, limits, stops, orders and live market at one moment.

What only a limit needs is looked up only where that limit is in force: an ordinary order costs few statements.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState, Valuation
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote, MarketState, market_and_quotes
from apps.risk.models import EquityPoint
from apps.risk.selectors import effective_limits, kill_states, may_trade_today, sectors
from apps.risk.services.facts_orders import OrderFacts, WorkingValue, order_facts_reader
from qts.domain.errors import RuleCode, TransientError
from qts.domain.market import to_vietnam
from qts.domain.orders import OrderIntent
from qts.domain.portfolio import Deposit, Means
from qts.domain.risk import AccountFacts, ActivityFacts, MarketFacts, RiskSnapshot
from qts.domain.values import Actor, ActorKind, Side

GAPS_LOOKED_BACK = timedelta(minutes=5)
NOTHING_KNOWN = Valuation(equity_vnd=None, day_pnl_vnd=None, quotes={})

log = structlog.get_logger(__name__)


def snapshot_of(
    account_id: UUID, intent: OrderIntent, now: datetime, actor: Actor, *, asks_right: bool = False
) -> RiskSnapshot:
    """Raises LookupError, TransientError or TerminalError where a fact cannot be had that every order needs."""
    exchange = str(intent.instrument.exchange) if intent.instrument else ""
    user_id = actor.id if actor.kind is ActorKind.USER else ""
    state = accounts.account_state(account_id, now)
    if intent.amends is not None:
        state = accounts.without_order(state, intent.amends, now)
    in_force = effective_limits(account_id, intent.symbol, intent.strategy_id, exchange=exchange, user_id=user_id)
    limits = {code: found.limit for code, found in in_force.items()}
    orders = order_facts_reader()(
        account_id=account_id, intent=intent, actor=actor, limits=limits, asks_right=asks_right
    )
    worth, market = _live(state, intent, orders, now)
    return RiskSnapshot(
        account=replace(
            _with_means(_account(state, intent, orders, worth, limits), state, intent, worth.quotes),
            is_armed=may_trade_today(account_id, to_vietnam(now).date()),
        ),
        market=_market(market, limits, now) if market is not None else None,
        limits=limits,
        rules=market.rules if market is not None else marketdata.rules_at(now),
        kills=kill_states(account_id, intent.strategy_id, symbol=intent.symbol, exchange=exchange, user_id=user_id),
        fees=accounts.fee_schedule(),
        activity=_activity(orders, worth.quotes),
    )


def _live(
    state: AccountState, intent: OrderIntent, orders: OrderFacts, now: datetime
) -> tuple[Valuation, MarketState | None]:
    """Without Redis nothing is known of the market, and the rules that need it refuse."""
    unpriced = {working.symbol for working in orders.working if working.unpriced_quantity}
    try:
        wanted = accounts.valued_symbols(state) | unpriced | accounts.needed_symbols(state, intent.symbol)
        market, quotes = market_and_quotes(intent.symbol, wanted, now)
    except TransientError as error:
        log.warning("risk.market_unknown", symbol=intent.symbol, reason=str(error))
        return NOTHING_KNOWN, None
    return accounts.valuation_at(state, quotes), market


def _account(
    state: AccountState,
    intent: OrderIntent,
    orders: OrderFacts,
    worth: Valuation,
    limits: Mapping[RuleCode, int],
) -> AccountFacts:
    position = state.position(intent.symbol)
    return AccountFacts(
        is_active=state.is_active,
        buying_power_vnd=state.buying_power_vnd,
        position_quantity=position.quantity,
        pending_buy_quantity=position.pending_buy_quantity,
        sellable_quantity=position.sellable_quantity,
        open_order_count=orders.open_order_count,
        day_pnl_vnd=worth.day_pnl_vnd,
        realised_today_vnd=state.realised_today_vnd,
        equity_vnd=worth.equity_vnd,
        peak_equity_vnd=_peak_vnd(state, worth) if RuleCode.DRAWDOWN_EXCEEDS_MAX in limits else None,
        held_vnd=None if worth.equity_vnd is None else worth.equity_vnd - state.cash_vnd,
        working_buys_vnd=_working_vnd(orders, Side.BUY, worth.quotes),
        working_sales_vnd=_working_vnd(orders, Side.SELL, worth.quotes),
        sector_vnd=(_sector_vnd(state, intent.symbol) if RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX in limits else None),
    )


def _with_means(
    facts: AccountFacts, state: AccountState, intent: OrderIntent, quotes: Mapping[str, LiveQuote]
) -> AccountFacts:
    """What pays on margin, for a foreigner or for futures; a cash account of a resident has its buying power. Where a
    price is missing that says so, nothing does: the rule refuses."""
    try:
        if state.kind == "DERIVATIVES":
            deposit = accounts.deposit_of(state, intent.symbol, quotes)
            return _of_contracts(replace(facts, deposit=deposit), intent)
        if state.kind == "MARGIN" or state.is_foreign:
            return replace(facts, means=accounts.means_of(state, intent.symbol, quotes, without=intent.amends))
    except LookupError as error:
        log.warning("risk.means_unknown", account_id=str(state.account_id), reason=str(error))
        if state.kind == "DERIVATIVES":
            return replace(facts, deposit=Deposit(0, {}, accounts.future_terms()))
        return replace(facts, means=Means.of_cash(0))
    return facts


def _of_contracts(facts: AccountFacts, intent: OrderIntent) -> AccountFacts:
    """Held and on order are contracts in the direction of the order; exposure is their value at the last price."""
    deposit = facts.deposit
    if deposit is None or intent.symbol not in deposit.months:
        return facts
    month, is_buy = deposit.months[intent.symbol], intent.request.side is Side.BUY
    net = month.holding.net if is_buy else -month.holding.net
    return replace(
        facts,
        position_quantity=max(0, net),
        pending_buy_quantity=month.bids if is_buy else month.offers,
        held_vnd=sum(abs(one.holding.net) * one.price_vnd for one in deposit.months.values()),
    )


def _peak_vnd(state: AccountState, worth: Valuation) -> int | None:
    """The highest equity that the monitor recorded, or now if that is higher; None when it never recorded any."""
    points = EquityPoint.objects.filter(account_id=state.account_id).order_by("-at")
    peak = points.values_list("peak_vnd", flat=True).first()
    return None if peak is None else max(peak, worth.equity_vnd or 0)


def _sector_vnd(state: AccountState, symbol: str) -> int | None:
    """What is held and on order of the symbol's sector; None when its own or a held symbol's sector is not recorded.

    Raises TransientError without live prices.
    """
    mine = {name: held.quantity + held.pending_buy_quantity for name, held in state.positions.items()}
    mine = {name: quantity for name, quantity in mine.items() if quantity}
    known = sectors({*mine, symbol})
    if symbol not in known or mine.keys() - known.keys():
        return None
    same = [name for name in mine if known[name] == known[symbol]]
    marks = marketdata.marks_vnd(same)
    return None if set(same) - marks.keys() else sum(mine[name] * marks[name] for name in same)


def _working_vnd(orders: OrderFacts, side: Side, quotes: Mapping[str, LiveQuote]) -> int:
    return sum(_dearest_vnd(working, quotes) for working in orders.working if working.side is side)


def _dearest_vnd(working: WorkingValue, quotes: Mapping[str, LiveQuote]) -> int:
    """Raises LookupError for an order without a price in a symbol without a ceiling: its value could be anything."""
    if not working.unpriced_quantity:
        return working.priced_vnd
    quote = quotes.get(working.symbol)
    if quote is None or not quote.ceiling_vnd:
        raise LookupError(f"a working order in {working.symbol} has no price, and its ceiling is not known")
    return working.priced_vnd + working.unpriced_quantity * quote.ceiling_vnd


def _activity(orders: OrderFacts, quotes: Mapping[str, LiveQuote]) -> ActivityFacts:
    """The day's value is what was traded and what works."""
    facts = orders.activity
    if not orders.working:
        return facts
    works_vnd = sum(_dearest_vnd(working, quotes) for working in orders.working)
    return replace(facts, day_value_vnd=facts.day_value_vnd + works_vnd)


def _market(state: MarketState, limits: Mapping[RuleCode, int], now: datetime) -> MarketFacts:
    symbol, today = state.instrument.symbol, to_vietnam(now).date()
    asked: dict[str, Any] = {}
    if RuleCode.DAYS_TO_EXIT_EXCEED_MAX in limits:
        asked["average_volume"] = marketdata.average_day_volume(symbol, before=today)
    if RuleCode.MASTER_DATA_STALE in limits:
        asked["master_data_age_days"] = marketdata.master_data_age_days(today)
    if RuleCode.MARKET_DATA_GAP in limits:
        asked["gap_count"] = marketdata.gap_count(symbol, since=datetime.now(UTC) - GAPS_LOOKED_BACK)
    return MarketFacts(
        instrument=state.instrument,
        reference_vnd=state.reference_vnd,
        ceiling_vnd=state.band.ceiling_vnd,
        floor_vnd=state.band.floor_vnd,
        session=state.session,
        is_tradable=state.is_tradable,
        # without a ceiling an order at the market would be worth nothing to every limit of value, and to buying power
        has_quote=state.reference_vnd > 0 and state.band.ceiling_vnd > 0,
        stream_age_ms=state.stream_age_ms,
        last_vnd=state.last_vnd,
        average_vnd=state.average_vnd,
        is_warned=state.is_warned,
        quote_age_ms=state.quote_age_ms,
        day_volume=state.day_volume,
        listed_quantity=state.listed_quantity,
        foreign_room_left=state.foreign_room_left,
        is_armed=marketdata.takes_orders(state.told_on, today),
        told_on=state.told_on,
        **asked,
    )
