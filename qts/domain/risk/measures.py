"""What the officers' limits are compared with: one pure function for each limit.

None lets the order pass: the limit does not concern it. FactMissing refuses: it does, and nobody can tell. Shares of
something are rounded so that a limit in whole hundredths of a percent is never overstepped by a fraction.
"""

from qts.domain.errors import RuleCode
from qts.domain.risk.case import Case, FactMissing

BPS = 10_000
EXIT_SHARE_BPS = 2_000  # of a day's volume: who sells more than a fifth of it moves the price against himself


# --- one order -------------------------------------------------------------------------------------------------------


def order_quantity(case: Case) -> int | None:
    return case.quantity


def order_value_vnd(case: Case) -> int | None:
    """Both sides: a mistyped sale is as wrong as a mistyped purchase, and a large exit goes out in parts."""
    return case.value_vnd or None


def symbol_not_listed_as_allowed(case: Case) -> int | None:  # noqa: ARG001 - the limit alone decides
    return 1


def far_from_last_bps(case: Case) -> int | None:
    return _distance_bps(case, case.priced.last_vnd if case.priced is not None else 0)


def far_from_reference_bps(case: Case) -> int | None:
    return _distance_bps(case, case.priced.reference_vnd if case.priced is not None else 0)


def far_from_average_bps(case: Case) -> int | None:
    return _distance_bps(case, case.priced.average_vnd if case.priced is not None else 0)


def same_order_age_ms(case: Case) -> int | None:
    return case.activity.same_order_age_ms


def signal_age_ms(case: Case) -> int | None:
    return case.activity.signal_age_ms


def _distance_bps(case: Case, from_vnd: int) -> int | None:
    price = case.price_vnd
    if price is None or from_vnd <= 0 or price <= 0:
        return None
    return -(-abs(price - from_vnd) * BPS // from_vnd)


# --- what works and what was sent ------------------------------------------------------------------------------------


def open_orders(case: Case) -> int | None:
    return case.account.open_order_count + 1


def open_value_vnd(case: Case) -> int | None:
    return case.account.working_buys_vnd + case.account.working_sales_vnd + case.value_vnd


def day_value_vnd(case: Case) -> int | None:
    return case.activity.day_value_vnd + case.value_vnd


def user_rate(case: Case) -> int | None:
    return _next(case.activity.user_rate)


def strategy_rate(case: Case) -> int | None:
    return _next(case.activity.strategy_rate)


def account_rate(case: Case) -> int | None:
    return case.activity.account_rate + 1


def broker_rate(case: Case) -> int | None:
    return case.activity.broker_rate + 1


def orders_per_trade(case: Case) -> int | None:
    activity = case.activity
    return -(-(activity.day_order_count + 1) // max(1, activity.day_trade_count))


def repeated_executions(case: Case) -> int | None:
    return _next(case.activity.repeated_count)


def _next(count: int | None) -> int | None:
    return None if count is None else count + 1


# --- what is held ----------------------------------------------------------------------------------------------------


def position_after(case: Case) -> int | None:
    """Held, on order and asked for, together."""
    return case.account.position_quantity + case.account.pending_buy_quantity + case.quantity


def symbol_share_bps(case: Case) -> int | None:
    """What the account would hold of the symbol, in its equity."""
    if case.priced is None:
        return None
    account, market = case.account, case.priced
    before = (account.position_quantity + account.pending_buy_quantity) * (market.last_vnd or market.reference_vnd)
    return _share_bps(before + case.value_vnd, _equity_vnd(case))


def sector_share_bps(case: Case) -> int | None:
    if case.account.sector_vnd is None:
        raise FactMissing(f"the sector of {case.symbol} is not recorded")
    return _share_bps(case.account.sector_vnd + case.value_vnd, _equity_vnd(case))


def gross_exposure_vnd(case: Case) -> int | None:
    """Everything held and everything that works, whichever side, as if none of it offset the other."""
    return _held_vnd(case) + case.account.working_buys_vnd + case.account.working_sales_vnd + case.value_vnd


def net_exposure_vnd(case: Case) -> int | None:
    """As if every working order were filled."""
    return _held_vnd(case) + case.account.working_buys_vnd - case.account.working_sales_vnd + case.value_vnd


def leverage_bps(case: Case) -> int | None:
    """Held, on order and asked for, in the equity: 10,000 is an account that owes nothing."""
    return _share_bps(_long_after_vnd(case), _equity_vnd(case))


def margin_ratio_bps(case: Case) -> int | None:
    """Equity in what would be held: what a lender asks to see."""
    long_vnd = _long_after_vnd(case)
    return None if long_vnd <= 0 else _equity_vnd(case) * BPS // long_vnd


def ownership_bps(case: Case) -> int | None:
    """Held, on order and asked for, in all shares that are listed."""
    if case.market is None:
        return None
    if case.market.listed_quantity <= 0:
        raise FactMissing(f"the listed quantity of {case.symbol} is not recorded")
    account = case.account
    after = account.position_quantity + account.pending_buy_quantity + case.quantity
    return _share_bps(after, case.market.listed_quantity)


def foreign_room_after(case: Case) -> int | None:
    """What foreigners could still buy after this order."""
    if case.market is None:
        return None
    if case.market.foreign_room_left is None:
        raise FactMissing(f"the foreign room of {case.symbol} is not known")
    return case.market.foreign_room_left - case.quantity


def _long_after_vnd(case: Case) -> int:
    return _held_vnd(case) + case.account.working_buys_vnd + case.value_vnd


def _held_vnd(case: Case) -> int:
    if case.account.held_vnd is None:
        raise FactMissing("what is held cannot be valued: a held symbol has no price")
    return case.account.held_vnd


def _equity_vnd(case: Case) -> int:
    equity = case.account.equity_vnd
    if equity is None:
        raise FactMissing("the equity is unknown: a held symbol has no price")
    if equity <= 0:
        raise FactMissing("the account has no equity")
    return equity


def _share_bps(part: int, whole: int) -> int:
    return -(-part * BPS // whole)


# --- losses ----------------------------------------------------------------------------------------------------------


def day_loss_vnd(case: Case) -> int | None:
    profit = case.account.day_pnl_vnd
    if profit is None:
        raise FactMissing("the day's loss is unknown: a held symbol has no price")
    return -profit


def realised_loss_vnd(case: Case) -> int | None:
    return -case.account.realised_today_vnd


def drawdown_bps(case: Case) -> int | None:
    """How far the equity is under its highest value, in that value."""
    peak = case.account.peak_equity_vnd
    if peak is None or peak <= 0:
        raise FactMissing("the account's highest equity is not recorded")
    return _share_bps(max(0, peak - _equity_vnd(case)), peak)


# --- the market ------------------------------------------------------------------------------------------------------


def participation_bps(case: Case) -> int | None:
    """What the account traded, has working and asks for, in the day's volume; everything, before the first match."""
    if case.priced is None:
        return None
    return _share_bps(case.activity.day_symbol_quantity + case.quantity, max(1, case.priced.day_volume))


def days_to_exit(case: Case) -> int | None:
    """Days until the position could be sold at a fifth of the average daily volume."""
    if case.market is None:
        return None
    volume, account = case.market.average_volume, case.account
    if not volume:
        raise FactMissing(f"the average volume of {case.symbol} is not known")
    after = account.position_quantity + account.pending_buy_quantity + case.quantity
    return -(-after * BPS // (volume * EXIT_SHARE_BPS))


def stream_age_ms(case: Case) -> int | None:
    """By the age of the stream, not of the quote: in a quiet stock an old quote on a live stream is the latest one.

    Both sides, sales too: nobody knows what a price from before a silence is worth.
    """
    if case.market is None:
        return None
    if case.market.stream_age_ms is None:
        raise FactMissing("the market stream is not connected", RuleCode.MARKET_DATA_STALE)
    return case.market.stream_age_ms


def quote_age_ms(case: Case) -> int | None:
    if case.priced is None:
        return None
    if case.priced.quote_age_ms is None:
        raise FactMissing(f"no quote of {case.symbol} has come today", RuleCode.QUOTE_STALE)
    return case.priced.quote_age_ms


def master_data_age_days(case: Case) -> int | None:
    if case.market is None:
        return None
    if case.market.master_data_age_days is None:
        raise FactMissing("no master data has been loaded", RuleCode.MASTER_DATA_STALE)
    return case.market.master_data_age_days


def gap_count(case: Case) -> int | None:
    return None if case.market is None else case.market.gap_count
