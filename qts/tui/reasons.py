"""Why an order is refused, by the code that the API answers: a sentence and the unit of its numbers.

A test compares the codes and units with the gate's own. A code that is not here is shown as it is.
"""

from typing import Final

from qts.tui.language import noop

REASONS: Final = {
    "UNKNOWN_SYMBOL": (noop("The symbol is not in the list of securities."), ""),
    "ACCOUNT_NOT_FOUND": (noop("You have no such account to trade."), ""),
    "ACCOUNT_NOT_TRADABLE": (noop("The account is closed for trading."), ""),
    "QUANTITY_NOT_POSITIVE": (noop("The quantity must be above zero."), "shares"),
    "PRICE_REQUIRED": (noop("A limit order (LO) needs a price."), "VND"),
    "PRICE_NOT_ALLOWED": (noop("This order type takes no price."), "VND"),
    "SESSION_FORBIDS_ORDER_TYPE": (noop("The current session does not take this order type."), ""),
    "SESSION_FORBIDS_CANCEL": (noop("The exchange takes no cancel in this session."), ""),
    "SECURITY_NOT_TRADABLE": (noop("The security is halted or suspended, or this account cannot trade it."), ""),
    "PRICE_OFF_TICK": (noop("The price is not a multiple of the price step."), "VND"),
    "PRICE_ABOVE_CEILING": (noop("The price is above the day's ceiling."), "VND"),
    "PRICE_BELOW_FLOOR": (noop("The price is below the day's floor."), "VND"),
    "QUANTITY_OFF_LOT": (noop("The quantity is not a multiple of the round lot."), "shares"),
    "QUANTITY_EXCEEDS_EXCHANGE_MAX": (noop("The quantity exceeds the exchange's maximum for one order."), "shares"),
    "ODD_LOT_NOT_ADMITTED": (
        noop("Largest odd lot that may be sent, none without this limit; LO only, in some sessions."),
        "shares",
    ),
    "SECURITY_WARNED": (
        noop("The security is about to be delisted; a purchase needs its quantity typed again."),
        "shares",
    ),
    "OPPOSITE_ORDER_IN_AUCTION": (noop("An own order of the other side stands in the same auction."), "orders"),
    "SELF_MATCH": (noop("The order would match an own working order of the other side."), "VND"),
    "FOREIGN_ROOM_EXCEEDED": (noop("Too little room for foreigners would be left."), "shares"),
    "OWNERSHIP_EXCEEDS_MAX": (noop("Largest part of a company's listed shares, working purchases included."), "0.01 %"),
    "PRICE_UNIT_IMPLAUSIBLE": (
        noop("The price looks like one in another unit: 10, 100 or 1,000 times more or less is in the band."),
        "VND",
    ),
    "QUANTITY_UNIT_IMPLAUSIBLE": (noop("The quantity is more than all shares that are listed."), "shares"),
    "PRICE_FAR_FROM_LAST": (
        noop("Farthest price from the last one; beyond it the price must be typed again."),
        "0.01 %",
    ),
    "PRICE_FAR_FROM_REFERENCE": (
        noop("Farthest price from the reference; beyond it the price must be typed again."),
        "0.01 %",
    ),
    "PRICE_FAR_FROM_AVERAGE": (
        noop("Farthest price from the day's average; beyond it the price must be typed again."),
        "0.01 %",
    ),
    "DUPLICATE_ORDER": (
        noop("Least time between two equal orders of an account; within it the quantity must be typed again."),
        "ms",
    ),
    "CONTRACTS_EXCEED_MAX": (
        noop("More futures than one investor may hold over all months, working orders included."),
        "contracts",
    ),
    "ACCOUNT_NOT_ARMED": (
        noop("The account is not armed for trading today: see the page Before the open."),
        "",
    ),
    "SYMBOL_NOT_ARMED": (
        noop("The symbol takes no order: its master data is not today's. Wait for the load, see the page Master data."),
        "",
    ),
    "KILL_SWITCH_ENGAGED": (
        noop("A kill switch is engaged, or a dead-man timer holds trading, for something that the order is part of."),
        "",
    ),
    "ACTOR_NOT_PERMITTED": (
        noop("Whoever sends the order may not trade this account: no role or no membership that says so."),
        "",
    ),
    "SYMBOL_NOT_ALLOWED": (
        noop("The allow-list: 0 for the firm or an account closes all symbols, 1 for a symbol opens it again."),
        "0 or 1",
    ),
    "SYMBOL_RESTRICTED": (
        noop("The restricted list: most shares of one order in the symbol that it is set for, 0 for none."),
        "shares",
    ),
    "ORDER_QUANTITY_EXCEEDS_MAX": (noop("Largest quantity of one order."), "shares"),
    "ORDER_VALUE_EXCEEDS_MAX": (noop("The order is worth more than one order may be."), "VND"),
    "DAY_VALUE_EXCEEDS_MAX": (noop("Largest value of a day: what was traded, works and is asked for."), "VND"),
    "OPEN_VALUE_EXCEEDS_MAX": (noop("Largest value of all working orders of an account."), "VND"),
    "POSITION_EXCEEDS_MAX": (noop("The position would become larger than allowed."), "shares"),
    "SYMBOL_CONCENTRATION_EXCEEDS_MAX": (
        noop("Largest part of one symbol in an account's equity, working purchases included."),
        "0.01 %",
    ),
    "SECTOR_CONCENTRATION_EXCEEDS_MAX": (
        noop("Largest part of one sector in an account's equity, working purchases included."),
        "0.01 %",
    ),
    "GROSS_EXPOSURE_EXCEEDS_MAX": (noop("Largest sum of what is held and all that works, both sides added."), "VND"),
    "NET_EXPOSURE_EXCEEDS_MAX": (noop("Largest value held if every working order were filled."), "VND"),
    "LEVERAGE_EXCEEDS_MAX": (noop("Largest leverage: what is held and on order, in the equity."), "0.01 %"),
    "MARGIN_RATIO_BELOW_MIN": (noop("Least margin ratio: the equity in what is held and on order."), "0.01 %"),
    "REALISED_LOSS_EXCEEDS_MAX": (noop("Largest realised loss of an account in a day; refuses purchases only."), "VND"),
    "DAILY_LOSS_EXCEEDS_MAX": (noop("The account has lost more today than allowed; only sales pass."), "VND"),
    "DRAWDOWN_EXCEEDS_MAX": (
        noop("Deepest fall of an account's equity under its highest; refuses purchases only."),
        "0.01 %",
    ),
    "OPEN_ORDERS_EXCEED_MAX": (noop("The account has too many working orders."), "orders"),
    "PARTICIPATION_EXCEEDS_MAX": (
        noop("Largest part of the day's volume, traded, working and asked for; beyond it the quantity is typed again."),
        "0.01 %",
    ),
    "DAYS_TO_EXIT_EXCEED_MAX": (
        noop("Most days that leaving the position would take, at a fifth of the average daily volume of twenty days."),
        "days",
    ),
    "USER_RATE_EXCEEDS_MAX": (
        noop("Most messages of one user within a second: orders, refused ones too, and cancels."),
        "messages/s",
    ),
    "STRATEGY_RATE_EXCEEDS_MAX": (noop("Most messages of one strategy within a second."), "messages/s"),
    "ACCOUNT_RATE_EXCEEDS_MAX": (noop("Most messages for one account within a second."), "messages/s"),
    "BROKER_RATE_EXCEEDS_MAX": (noop("Most messages over one broker connection within a second."), "messages/s"),
    "ORDERS_PER_TRADE_EXCEED_MAX": (
        noop("Most orders of an account in a day for each of them that traded; the first trade counts as made."),
        "orders/trade",
    ),
    "REPEATED_EXECUTION_EXCEEDS_MAX": (
        noop("Most orders of a strategy for one symbol and side within a minute."),
        "orders",
    ),
    "SIGNAL_TOO_OLD": (noop("Oldest market message that an order of a strategy may rest on."), "ms"),
    "BUYING_POWER_EXCEEDED": (noop("Buying power does not cover the order's value and fee."), "VND"),
    "SELLABLE_QUANTITY_EXCEEDED": (noop("Not enough shares that may be sold (T+2)."), "shares"),
    "MARKET_DATA_STALE": (noop("The market data is too old to trade on."), "ms"),
    "MARKET_DATA_MISSING": (noop("No market data of the symbol for this day yet."), ""),
    "MARKET_DATA_GAP": (
        noop("Most holes in the symbol's market data within the last five minutes; 0 for none."),
        "gaps",
    ),
    "QUOTE_STALE": (
        noop("Oldest quote of the symbol itself that an order may rest on; a quiet stock has old ones."),
        "ms",
    ),
    "MASTER_DATA_STALE": (noop("Oldest list of securities, in days; 0 for one of today."), "days"),
    "CHECK_FAILED": (noop("A risk check could not answer, and that counts as no."), ""),
    "IDEMPOTENCY_KEY_REUSED": (noop("This ticket was already used for another order. Open a new one."), ""),
    "ORDER_NOT_FOUND": (noop("There is no such order in your accounts."), ""),
    "ORDER_NOT_CANCELLABLE": (noop("The order is over: nothing is left to cancel."), ""),
    "NOT_SENT_IN_TIME": (noop("It could not leave for a minute and was taken back: the broker was away."), ""),
    "SESSION_FORBIDS_AMEND": (noop("The exchange takes no more amendments today."), ""),
    "ORDER_NOT_AMENDABLE": (noop("The order cannot be amended now."), ""),
    "AMEND_CHANGES_NOTHING": (noop("Price and quantity are what they were."), ""),
    "AMEND_CHANGES_BOTH": (
        noop("The exchange takes a new price or a new quantity, not both: replace the order instead."),
        "",
    ),
    "QUANTITY_NOT_ABOVE_FILLED": (noop("The new quantity must be above what has traded already."), ""),
    "REQUEST_IN_PROGRESS": (noop("The same request is still being worked on."), ""),
    "TERMS_MISSING": (noop("Something is missing that this kind of order needs."), ""),
    "TERMS_NOT_ALLOWED": (noop("Something is given that this kind of order does not have."), ""),
    "LEVELS_OUT_OF_ORDER": (noop("The stop and the target lie on the wrong sides of the price."), ""),
    "TRIGGER_ALREADY_MET": (noop("The price is there already: place an order instead."), ""),
    "VALIDITY_OUT_OF_RANGE": (noop("The last day lies between today and 90 days from now."), ""),
    "SLICES_OUT_OF_RANGE": (noop("An order goes out in 2 to 200 parts of at least one lot."), ""),
    "PLAN_NOT_FOUND": (noop("There is no such order in your accounts."), ""),
    "PLAN_NOT_ACTIVE": (noop("It is over: nothing is left to take back."), ""),
}
