"""A second opinion on every control, written from the texts of the rules and in another way than the gate.

It imports nothing of `qts.domain.risk` but the shapes of its input, and nothing of `qts.domain.market`: ticks, lots and
sessions are written out again from the exchanges' rules. Shares are compared by multiplication, never divided.
"""

from fractions import Fraction
from typing import Any

from qts.domain.orders import OrderIntent
from qts.domain.risk import RiskSnapshot

# HOSE, HNX, UPCOM: what a board takes, by session
CONTINUOUS = {
    "HOSE": {"LO", "MTL"},
    "HNX": {"LO", "MTL", "MOK", "MAK"},
    "UPCOM": {"LO"},
    "VNFE": {"LO", "MTL", "MOK", "MAK"},
}
AUCTION = {"ATO": {"ATO", "LO"}, "ATC": {"ATC", "LO"}, "PERIODIC": {"LO"}, "PLO": {"PLO"}}
CALLS = set(AUCTION)
# which auctions a board holds
HELD = {"HOSE": {"ATO", "PERIODIC", "ATC"}, "HNX": {"ATC", "PLO"}, "UPCOM": set(), "VNFE": {"ATO", "ATC"}}


def tick(exchange: str, kind: str, price: int) -> int:
    if kind == "FUTURE":
        return 10_000
    if exchange == "HOSE":
        if kind in {"ETF", "WARRANT"}:
            return 10
        return 10 if price < 10_000 else 50 if price < 50_000 else 100
    return 1 if kind == "ETF" else 100


def refusals(snapshot: RiskSnapshot, intent: OrderIntent) -> set[tuple[str, int | None, int | None]]:
    """(code, limit, actual) of every rule that is broken."""
    found = _of_the_request(snapshot, intent) | _of_the_board(snapshot, intent) | _of_the_books(snapshot, intent)
    for code, bound in snapshot.limits.items():
        found |= _of_a_limit(str(code), bound, snapshot, intent)
    return found


def typed_again(code: str, intent: OrderIntent) -> bool:
    """Prices far from another are passed by typing the price; warnings, repeats and large parts by the quantity."""
    given = {str(name): typed for name, typed in intent.request.confirmations}
    if code in {"PRICE_FAR_FROM_LAST", "PRICE_FAR_FROM_REFERENCE", "PRICE_FAR_FROM_AVERAGE"}:
        return code in given and given[code] == intent.request.price_vnd
    if code in {"SECURITY_WARNED", "DUPLICATE_ORDER", "PARTICIPATION_EXCEEDS_MAX"}:
        return code in given and given[code] == intent.request.quantity
    return False


def _has_prices(snapshot: RiskSnapshot) -> bool:
    market = snapshot.market
    return market is not None and market.has_quote and market.reference_vnd > 0


def _worst(snapshot: RiskSnapshot, intent: OrderIntent) -> int:
    """The most that one share can cost: the limit of an LO order, for all others the ceiling; 0 if nobody knows."""
    asked = intent.request
    if asked.order_type == "LO":
        return asked.price_vnd if asked.price_vnd and asked.price_vnd > 0 else 0
    return snapshot.market.ceiling_vnd if snapshot.market is not None and _has_prices(snapshot) else 0


def _of_the_request(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    asked = intent.request
    found: set[Any] = set()
    if intent.instrument is None:
        found.add(("UNKNOWN_SYMBOL", None, None))
    if not snapshot.account.is_active:
        found.add(("ACCOUNT_NOT_TRADABLE", None, None))
    if not snapshot.account.is_armed:
        found.add(("ACCOUNT_NOT_ARMED", None, None))
    if snapshot.market is not None and not snapshot.market.is_armed:
        found.add(("SYMBOL_NOT_ARMED", None, None))
    if not snapshot.activity.actor_may_trade:
        found.add(("ACTOR_NOT_PERMITTED", None, None))
    if asked.quantity < 1:
        found.add(("QUANTITY_NOT_POSITIVE", 1, asked.quantity))
    if asked.order_type == "LO" and (asked.price_vnd is None or asked.price_vnd < 1):
        found.add(("PRICE_REQUIRED", 1, asked.price_vnd))
    if asked.order_type != "LO" and asked.price_vnd is not None:
        found.add(("PRICE_NOT_ALLOWED", None, asked.price_vnd))
    stops = [stop for stop in snapshot.kills if not stop.allows_reducing or asked.side == "BUY"]
    if stops:
        found.add(("KILL_SWITCH_ENGAGED", None, None))
    return found


def _of_the_board(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    asked, known, market = intent.request, intent.instrument, snapshot.market
    found: set[Any] = set()
    if known is not None:
        found |= _lots(snapshot, intent)
        if asked.price_vnd is not None and asked.price_vnd > 0:
            step = tick(known.exchange, known.kind, asked.price_vnd)
            if asked.price_vnd % step:
                found.add(("PRICE_OFF_TICK", step, asked.price_vnd))
        if not _has_prices(snapshot):
            found.add(("MARKET_DATA_MISSING", None, None))
    if (known is not None and known.kind == "FUTURE") or (market is not None and not market.is_tradable):
        found.add(("SECURITY_NOT_TRADABLE", None, None))
    if market is None:
        return found
    if market.is_warned and asked.side == "BUY":
        found.add(("SECURITY_WARNED", None, asked.quantity))
    if market.listed_quantity and asked.quantity > market.listed_quantity:
        found.add(("QUANTITY_UNIT_IMPLAUSIBLE", market.listed_quantity, asked.quantity))
    if asked.order_type not in _taken(market.instrument.exchange, market.session):
        found.add(("SESSION_FORBIDS_ORDER_TYPE", None, None))
    return found | _band(snapshot, intent) | _own_orders(snapshot, intent)


def _taken(exchange: str, session: str) -> set[str]:
    if session == "CONTINUOUS":
        return CONTINUOUS[exchange]
    return AUCTION[session] if session in HELD[exchange] else set()


def _lots(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    quantity, known = intent.request.quantity, intent.instrument
    assert known is not None
    found: set[Any] = set()
    most = 500 if known.kind == "FUTURE" or known.exchange == "VNFE" else 500_000
    if quantity > most:
        found.add(("QUANTITY_EXCEEDS_EXCHANGE_MAX", most, quantity))
    allowed = {str(code): limit for code, limit in snapshot.limits.items()}.get("ODD_LOT_NOT_ADMITTED")
    is_odd = 0 < quantity < known.lot_size
    if is_odd and allowed is not None:
        market = snapshot.market
        fits = intent.request.order_type == "LO" and quantity <= allowed
        admitting = {"CONTINUOUS"} | ({"ATO", "ATC"} & HELD[known.exchange])
        if market is not None and not (fits and market.session in admitting):
            found.add(("ODD_LOT_NOT_ADMITTED", allowed, quantity))
    elif quantity > 0 and quantity % known.lot_size:
        found.add(("QUANTITY_OFF_LOT", known.lot_size, quantity))
    return found


def _band(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    market, price = snapshot.market, intent.request.price_vnd
    if price is None or market is None or not _has_prices(snapshot):
        return set()
    found: set[Any] = set()
    if price > market.ceiling_vnd:
        found.add(("PRICE_ABOVE_CEILING", market.ceiling_vnd, price))
    if 0 < price < market.floor_vnd:
        found.add(("PRICE_BELOW_FLOOR", market.floor_vnd, price))
    if found:
        scaled = [Fraction(price) * 10**power for power in (-3, -2, -1, 1, 2, 3)]
        if any(market.floor_vnd <= other <= market.ceiling_vnd for other in scaled):
            found.add(("PRICE_UNIT_IMPLAUSIBLE", None, price))
    return found


def _own_orders(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    market, activity, asked = snapshot.market, snapshot.activity, intent.request
    if market is None or activity.opposite_count == 0:
        return set()
    if market.session in CALLS:
        return {("OPPOSITE_ORDER_IN_AUCTION", 0, activity.opposite_count)}
    nearest = activity.opposite_price_vnd
    prices_cross = activity.opposite_unpriced_count > 0
    if asked.price_vnd is None or nearest is None:
        prices_cross = True
    elif asked.side == "BUY":
        prices_cross |= asked.price_vnd >= nearest
    else:
        prices_cross |= asked.price_vnd <= nearest
    return {("SELF_MATCH", nearest, asked.price_vnd)} if prices_cross else set()


def _of_the_books(snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    asked, account = intent.request, snapshot.account
    if asked.side == "SELL":
        if asked.quantity > account.sellable_quantity:
            return {("SELLABLE_QUANTITY_EXCEEDED", account.sellable_quantity, asked.quantity)}
        return set()
    value = _worst(snapshot, intent) * asked.quantity
    if value <= 0:
        return set()
    cost = value + int(Fraction(value * snapshot.fees.fee_rate_bps, 10_000))
    return {("BUYING_POWER_EXCEEDED", account.buying_power_vnd, cost)} if cost > account.buying_power_vnd else set()


# --- limits: what is measured, None where it does not concern the order, "?" where it cannot be known -----------------

PURCHASES_ONLY = {
    "FOREIGN_ROOM_EXCEEDED", "OWNERSHIP_EXCEEDS_MAX", "DAYS_TO_EXIT_EXCEED_MAX", "POSITION_EXCEEDS_MAX",
    "SYMBOL_CONCENTRATION_EXCEEDS_MAX", "SECTOR_CONCENTRATION_EXCEEDS_MAX", "GROSS_EXPOSURE_EXCEEDS_MAX",
    "NET_EXPOSURE_EXCEEDS_MAX", "LEVERAGE_EXCEEDS_MAX", "MARGIN_RATIO_BELOW_MIN", "DAILY_LOSS_EXCEEDS_MAX",
    "REALISED_LOSS_EXCEEDS_MAX", "DRAWDOWN_EXCEEDS_MAX",
}  # fmt: skip
FLOORS = {"FOREIGN_ROOM_EXCEEDED", "MARGIN_RATIO_BELOW_MIN", "DUPLICATE_ORDER"}
SILENCE_IS_THE_BREACH = {"MARKET_DATA_STALE", "QUOTE_STALE", "MASTER_DATA_STALE"}


def _of_a_limit(code: str, bound: int, snapshot: RiskSnapshot, intent: OrderIntent) -> set[Any]:
    if code == "ODD_LOT_NOT_ADMITTED" or (intent.request.side == "SELL" and code in PURCHASES_ONLY):
        return set()
    measured = _measured(code, snapshot, intent)
    if measured is None:
        return set()
    if measured == "?":
        return {(code if code in SILENCE_IS_THE_BREACH else "CHECK_FAILED", bound, None)}
    if code in FLOORS:
        return {(code, bound, _down(measured))} if measured < bound else set()
    return {(code, bound, _up(measured))} if measured > bound else set()


def _up(number: Fraction | int) -> int:
    return -((-Fraction(number)).__floor__())


def _down(number: Fraction | int) -> int:
    return Fraction(number).__floor__()


def _measured(code: str, snapshot: RiskSnapshot, intent: OrderIntent) -> Any:
    asked, activity = intent.request, snapshot.activity
    value = _worst(snapshot, intent) * asked.quantity
    working = snapshot.account.working_buys_vnd + snapshot.account.working_sales_vnd
    plus_one = {
        "USER_RATE_EXCEEDS_MAX": activity.user_rate,
        "STRATEGY_RATE_EXCEEDS_MAX": activity.strategy_rate,
        "ACCOUNT_RATE_EXCEEDS_MAX": activity.account_rate,
        "BROKER_RATE_EXCEEDS_MAX": activity.broker_rate,
        "REPEATED_EXECUTION_EXCEEDS_MAX": activity.repeated_count,
        "OPEN_ORDERS_EXCEED_MAX": snapshot.account.open_order_count,
    }
    if code in plus_one:
        count = plus_one[code]
        return None if count is None else count + 1
    plain = {
        "SYMBOL_NOT_ALLOWED": 1,
        "SYMBOL_RESTRICTED": asked.quantity,
        "ORDER_QUANTITY_EXCEEDS_MAX": asked.quantity,
        "ORDER_VALUE_EXCEEDS_MAX": value if value else None,
        "OPEN_VALUE_EXCEEDS_MAX": working + value,
        "DAY_VALUE_EXCEEDS_MAX": activity.day_value_vnd + value,
        "DUPLICATE_ORDER": activity.same_order_age_ms,
        "SIGNAL_TOO_OLD": activity.signal_age_ms,
        "ORDERS_PER_TRADE_EXCEED_MAX": Fraction(activity.day_order_count + 1, activity.day_trade_count or 1),
    }
    if code in plain:
        return plain[code]
    return _of_account(code, snapshot, intent, value) if _is_of_account(code) else _of_market(code, snapshot, intent)


def _is_of_account(code: str) -> bool:
    return code.endswith(("EXPOSURE_EXCEEDS_MAX", "CONCENTRATION_EXCEEDS_MAX", "LOSS_EXCEEDS_MAX")) or code in {
        "POSITION_EXCEEDS_MAX", "LEVERAGE_EXCEEDS_MAX", "MARGIN_RATIO_BELOW_MIN", "DRAWDOWN_EXCEEDS_MAX",
    }  # fmt: skip


def _shares_after(snapshot: RiskSnapshot, intent: OrderIntent) -> int:
    return snapshot.account.position_quantity + snapshot.account.pending_buy_quantity + intent.request.quantity


def _equity(snapshot: RiskSnapshot) -> int | None:
    equity = snapshot.account.equity_vnd
    return equity if equity is not None and equity > 0 else None


def _in_equity(part: int | None, equity: int | None) -> Any:
    return "?" if part is None or equity is None else Fraction(part * 10_000, equity)


def _of_account(code: str, snapshot: RiskSnapshot, intent: OrderIntent, value: int) -> Any:
    account, equity = snapshot.account, _equity(snapshot)
    simple = {
        "POSITION_EXCEEDS_MAX": _shares_after(snapshot, intent),
        "DAILY_LOSS_EXCEEDS_MAX": "?" if account.day_pnl_vnd is None else 0 - account.day_pnl_vnd,
        "REALISED_LOSS_EXCEEDS_MAX": 0 - account.realised_today_vnd,
    }
    if code in simple:
        return simple[code]
    if code == "DRAWDOWN_EXCEEDS_MAX":
        peak = account.peak_equity_vnd
        return "?" if not peak or equity is None else Fraction(max(peak - equity, 0) * 10_000, peak)
    if code == "SYMBOL_CONCENTRATION_EXCEEDS_MAX":
        return _symbol_share(snapshot, value, equity)
    if code == "SECTOR_CONCENTRATION_EXCEEDS_MAX":
        return _in_equity(None if account.sector_vnd is None else account.sector_vnd + value, equity)
    return _exposure(code, snapshot, value, equity)


def _symbol_share(snapshot: RiskSnapshot, value: int, equity: int | None) -> Any:
    account, market = snapshot.account, snapshot.market
    if market is None or not _has_prices(snapshot):
        return None
    price = market.last_vnd if market.last_vnd else market.reference_vnd
    return _in_equity(price * (account.position_quantity + account.pending_buy_quantity) + value, equity)


def _exposure(code: str, snapshot: RiskSnapshot, value: int, equity: int | None) -> Any:
    account = snapshot.account
    if account.held_vnd is None:
        return "?"
    after = account.held_vnd + account.working_buys_vnd + value
    if code == "GROSS_EXPOSURE_EXCEEDS_MAX":
        return after + account.working_sales_vnd
    if code == "NET_EXPOSURE_EXCEEDS_MAX":
        return after - account.working_sales_vnd
    if code == "LEVERAGE_EXCEEDS_MAX":
        return "?" if equity is None else Fraction(after * 10_000, equity)
    if after <= 0:
        return None
    return "?" if equity is None else Fraction(equity * 10_000, after)


def _of_market(code: str, snapshot: RiskSnapshot, intent: OrderIntent) -> Any:
    """Without a security there is nothing to measure; without prices of today only what needs none."""
    market, asked = snapshot.market, intent.request
    if market is None:
        return None
    after, listed, volume = _shares_after(snapshot, intent), market.listed_quantity, market.average_volume
    room = market.foreign_room_left
    priceless = {
        "MARKET_DATA_STALE": market.stream_age_ms,
        "MASTER_DATA_STALE": market.master_data_age_days,
        "MARKET_DATA_GAP": market.gap_count,
        "FOREIGN_ROOM_EXCEEDED": None if room is None else room - asked.quantity,
        "OWNERSHIP_EXCEEDS_MAX": Fraction(after * 10_000, listed) if listed > 0 else None,
        "DAYS_TO_EXIT_EXCEED_MAX": Fraction(after * 5, volume) if volume else None,
    }
    if code in priceless:
        return "?" if priceless[code] is None else priceless[code]
    return _of_prices(code, snapshot, intent) if _has_prices(snapshot) else None


def _of_prices(code: str, snapshot: RiskSnapshot, intent: OrderIntent) -> Any:
    asked, market = intent.request, snapshot.market
    assert market is not None
    if code == "QUOTE_STALE":
        return "?" if market.quote_age_ms is None else market.quote_age_ms
    if code == "PARTICIPATION_EXCEEDS_MAX":
        traded = market.day_volume if market.day_volume > 0 else 1
        return Fraction((snapshot.activity.day_symbol_quantity + asked.quantity) * 10_000, traded)
    middle = {
        "PRICE_FAR_FROM_LAST": market.last_vnd,
        "PRICE_FAR_FROM_REFERENCE": market.reference_vnd,
        "PRICE_FAR_FROM_AVERAGE": market.average_vnd,
    }[code]
    if asked.price_vnd is None or asked.price_vnd <= 0 or middle <= 0:
        return None
    return Fraction(abs(asked.price_vnd - middle) * 10_000, middle)
