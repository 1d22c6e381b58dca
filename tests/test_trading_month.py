"""Trading days on the simulator, around holidays: QTS's books and the broker's are equal at each day's end.

To the dong: random orders of a cash, a margin, a foreigner's and a derivatives account go the way of every order;
dividends, new shares, rights, advances and transfers happen to both sides. In April and May 2027 the market is closed
on the 16th (Hung Kings), the 30th and May 3rd; the April future expires on Thursday the 15th.

`QTS_TRADING_DAYS` is how many days, `QTS_TRADING_SEEDS` which months.
"""

import os
from collections.abc import Iterator
from datetime import date

import pytest
from django.apps import apps
from ssi_fctrading.models import fcmodel_requests as models

from apps.accounts import selectors as accounts
from apps.accounts import services as books
from apps.accounts.services import ActionNotice
from apps.marketdata import selectors as marketdata
from qts.domain.market import front_months, to_vietnam
from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.values import Actor, ActorKind, OrderType, Side
from tests.trading_month import SHARES, Month, Trader, forget_everything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(7_200)]
DAYS_BY_DEFAULT = 4
DAYS = int(os.environ.get("QTS_TRADING_DAYS", DAYS_BY_DEFAULT))
SEEDS = [int(seed) for seed in os.environ.get("QTS_TRADING_SEEDS", "1").split(",")]
ROUNDS = ((9, 20), (13, 0)) if DAYS == DAYS_BY_DEFAULT else ((9, 20), (10, 40), (13, 0), (14, 10))
FIRST_DAY = date(2027, 4, 14)
CASH, MARGIN, FOREIGN, DERIVATIVES = "0901351", "0901356", "7005111", "0901358"
ONE, OTHER = Actor(ActorKind.USER, "one"), Actor(ActorKind.USER, "other")

# symbol, ex-date, what, the day on which it is paid, listed, or ends
ACTIONS = [
    ("SSI", date(2027, 4, 15), ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1_333), date(2027, 4, 19)),
    ("HPG", date(2027, 4, 15), ActionTerms(ActionKind.STOCK_DIVIDEND, new_shares=3, old_shares=20), date(2027, 4, 20)),
    (
        "VNM", date(2027, 4, 19),
        ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=3, subscription_price_vnd=10_000), date(2027, 4, 21),
    ),
    ("FPT", date(2027, 5, 4), ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=999), date(2027, 5, 7)),
]  # fmt: skip


def actions_file() -> str:
    rows = ["symbol,ex_date,kind,amount,price,pays_on"]
    for symbol, ex_date, terms, pays_on in ACTIONS:
        kind = {"CASH_DIVIDEND": "cash", "STOCK_DIVIDEND": "bonus", "RIGHTS": "rights"}[terms.kind]
        amount = terms.cash_per_share_vnd or f"{terms.new_shares}/{terms.old_shares}"
        rows.append(f"{symbol},{ex_date},{kind},{amount},{terms.subscription_price_vnd or ''},{pays_on}")
    return "\n".join(rows) + "\n"


@pytest.fixture(params=SEEDS)
def month(request, transactional_db, settings, tmp_path) -> Iterator[Month]:
    forget_everything()
    for name in ("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL", "MARKET_CLOCK"):
        setattr(settings, name, getattr(settings, name))  # put back after the test
    settings.WAL_DIR = tmp_path / "wal"
    numbers = (CASH, MARGIN, FOREIGN, DERIVATIVES)
    made = Month(tmp_path, FIRST_DAY, seed=request.param, numbers=numbers, actions=actions_file())
    try:
        made.begin()
        yield made
    finally:
        made.end()


def test_the_books_are_equal_at_each_days_end(month):
    enter_actions(month)
    calendar, day = marketdata.trading_calendar(), FIRST_DAY
    traded = 0
    for number in range(DAYS):
        traded += trade_a_day(month, day, number)
        day = calendar.next_trading_day(day)
    assert traded >= 4 * DAYS
    assert month.rights_used or DAYS < DAYS_BY_DEFAULT


def enter_actions(month: Month) -> None:
    for symbol, ex_date, terms, pays_on in ACTIONS:
        notice = ActionNotice(symbol, ex_date, pays_on, terms, "notice")
        month.actions[symbol, ex_date] = books.propose_action(notice, actor=ONE, now=month.now)
        books.confirm_action(month.actions[symbol, ex_date], actor=OTHER, now=month.now)


def trade_a_day(month: Month, day: date, number: int) -> int:
    """How many fills there were."""
    if number:
        month.jump(8, 50, day=day)
    books.settle_due(month.now)
    contract = front_months(day, marketdata.trading_calendar())[0].code
    before = fills()
    with month.order_streams():
        for hour, minute in ROUNDS:
            month.jump(hour, minute)
            month.jump(hour, minute, 20, trades=True)
            books.settle_due(month.now)
            month.meet_market(*SHARES, contract)
            others_act(month, hour, number)
            order_at_random(month, contract)
            month.jump(hour, minute, 50, trades=True)
            month.listen()
            month.meet_market(*SHARES, contract)
            for trader in month.traders:
                assert_equal_now(month, trader, contract)
            cancel_some(month)
        month.jump(15, 31)
        month.listen()
    end_day(month, day)
    return fills() - before


def fills() -> int:
    return apps.get_model("orders", "Fill").objects.count()


def others_act(month: Month, hour: int, number: int) -> None:
    """The bank in the morning, advances at noon, rights when they can be used."""
    cash = month.traders[0]
    if hour == 9:
        month.bank(cash, month.rng.choice([50_000_001, -20_000_003, 7]))
        month.bank(month.traders[1], 30_000_000)
    if hour == 13:
        coming_vnd = month.state(cash).cash_pending_vnd
        if coming_vnd > 1_000_000:
            month.advance(cash, coming_vnd // month.rng.choice([2, 3, 7]))
    if hour == 13:
        use_rights(month, cash)


def use_rights(month: Month, trader: Trader) -> None:
    listed = month.official(trader).get_ors_exercisable_quantity(models.OrsExercisableQuantity(trader.number))
    calendar = marketdata.trading_calendar()
    for right in listed["data"]["exercisableQuantities"]:
        quantity = min(500, right["ExerciseableQuantity"])
        asked = models.Ors(trader.number, right["InstrumentID"], right["EntitlementID"], quantity, 0.0, "")
        assert month.official(trader).create_ors(asked)["status"] == 200
        _, ex_date, _, pays_on = next(one for one in ACTIONS if one[0] == right["InstrumentID"])
        books.subscribe_rights(
            account_id=trader.id,
            action_id=month.actions[right["InstrumentID"], ex_date],
            quantity=quantity,
            listed_on=calendar.add_trading_days(pays_on, 2),
            now=month.now,
        )
        month.rights_used = True


def order_at_random(month: Month, contract: str) -> None:
    for trader in month.traders:
        for _ in range(month.rng.randint(1, 3)):
            if trader.number == DERIVATIVES:
                order_contracts(month, trader, contract)
            else:
                order_shares(month, trader)
            month.send()  # one after the other, as the broker would hold for them


def order_shares(month: Month, trader: Trader) -> None:
    symbol, side = month.rng.choice(SHARES), month.rng.choice(list(Side))
    found = marketdata.market_state(symbol, month.now)
    assert found is not None
    if side is Side.SELL and month.state(trader).position(symbol).sellable_quantity < 100:
        side = Side.BUY
    crossing = found.best_ask_vnd if side is Side.BUY else found.best_bid_vnd
    far = found.band.floor_vnd if side is Side.BUY else found.band.ceiling_vnd
    price_vnd = month.rng.choice([crossing, crossing, far]) or found.mark_vnd
    quantity = 100 * month.rng.choice([1, 2, 3, 5, 8])
    if trader.number == MARGIN and side is Side.BUY:
        quantity *= 40  # more than its cash pays
    month.submit(trader, side, symbol, quantity, price_vnd=price_vnd, kind=OrderType.LO)


def order_contracts(month: Month, trader: Trader, contract: str) -> None:
    kind = month.rng.choice([OrderType.MTL, OrderType.LO])
    found = marketdata.market_state(contract, month.now)
    assert found is not None
    side = month.rng.choice(list(Side))
    price_vnd = None if kind is OrderType.MTL else found.mark_vnd
    month.submit(trader, side, contract, month.rng.choice([1, 2, 3]), price_vnd=price_vnd, kind=kind)


def cancel_some(month: Month) -> None:
    by_id = {trader.id: trader for trader in month.traders}
    for order in month.orders_of_day():
        if order.remaining_quantity and order.status.value in ("OPEN", "PARTIALLY_FILLED") and month.rng.random() < 0.4:
            month.cancel(order.id, by_id[order.account_id])


# --- the comparison ---------------------------------------------------------------------------------------------------


def assert_equal_now(month: Month, trader: Trader, contract: str) -> None:
    """In the middle of the day, with orders working: cash, holds, and what may still be ordered."""
    client, account = month.client(trader), accounts.account(trader.id)
    assert account is not None
    assert books.compare_with_broker(account, broker=client, now=month.now) == [], (month.now, trader.number)
    state = month.state(trader)
    if trader.number == DERIVATIVES:
        deposit, held = client.deposit(trader.number), accounts.deposit_of(state, contract)
        told = (deposit.balance_vnd, deposit.required_vnd, deposit.floating_vnd)
        assert (held.equity_vnd, held.required_vnd, held.floating_vnd) == told, month.now
        most = client.max_buy_quantity(trader.number, contract, held.months[contract].price_vnd, unit_vnd=100_000)
        assert accounts.max_quantity(state, contract, Side.BUY, price_vnd=1).quantity == most
        most = client.max_sell_quantity(trader.number, contract)
        assert accounts.max_quantity(state, contract, Side.SELL, price_vnd=1).quantity == most
        return
    cash = client.cash_balance(trader.number)
    assert state.reserved_orders_vnd == cash.on_hold_vnd, (month.now, trader.number)
    if trader.number != MARGIN:
        assert state.buying_power_vnd == cash.purchasing_power_vnd, (month.now, trader.number)
    for symbol in SHARES:
        found = marketdata.market_state(symbol, month.now)
        assert found is not None
        ceiling_vnd = found.band.ceiling_vnd
        mine = accounts.max_quantity(state, symbol, Side.BUY, price_vnd=ceiling_vnd)
        assert mine.quantity == client.max_buy_quantity(trader.number, symbol, ceiling_vnd), (month.now, symbol)
        mine = accounts.max_quantity(state, symbol, Side.SELL, price_vnd=ceiling_vnd, lot=1)
        assert mine.quantity == client.max_sell_quantity(trader.number, symbol), (month.now, symbol)


def end_day(month: Month, day: date) -> None:
    settle_futures(month, day)
    ledger = {one["number"]: one for one in month.market.ask("sim/ledger")["accounts"]}
    for trader in month.traders:
        account = accounts.account(trader.id)
        assert books.reconcile_with_broker(trader.id, now=month.now, broker=month.client(trader)) == [], (day, account)
        assert accounts.ledger_differences(trader.id, now=month.now) == []
        state = month.state(trader)
        assert state.open_order_count == state.reserved_orders_vnd == 0
        assert_costs(trader, day, ledger[trader.number])
        if trader.number != DERIVATIVES:
            assert_buckets(month, trader)
    assert list(apps.get_model("orders", "Discrepancy").objects.all()) == []


def settle_futures(month: Month, day: date) -> None:
    """The clearing house names its prices at 15:30."""
    for symbol, price_vnd in month.market.ask("sim/state")["settlement_vnd"].items():
        books.record_settlement_price(symbol, day, price_vnd, source="VSDC", actor=ONE, now=month.now)


def assert_costs(trader: Trader, day: date, theirs: dict) -> None:
    """Fees and taxes of the day's trades; the broker's fees have those of advances in them nowhere."""
    booked = accounts.trade_bookings(trader.id, day)
    assert sum(one.fee_vnd for one in booked) == theirs["fees_today_vnd"], (day, trader.number)
    assert sum(one.tax_vnd for one in booked) == theirs["taxes_today_vnd"], (day, trader.number)


def assert_buckets(month: Month, trader: Trader) -> None:
    """T+1 and T+2, of cash and of every share."""
    client, calendar, today = month.client(trader), marketdata.trading_calendar(), month.now.date()
    next_day, after = calendar.add_trading_days(today, 1), calendar.add_trading_days(today, 2)
    coming = [one for one in accounts.cash_arriving(trader.id, month.now) if one.source == "TRADE" and one.amount > 0]
    cash = client.cash_balance(trader.number)
    assert sum(one.amount for one in coming if local_day(one) == next_day) == cash.receiving_t1_vnd
    assert sum(one.amount for one in coming if local_day(one) == after) == cash.receiving_t2_vnd
    arriving = [one for one in accounts.shares_arriving(trader.id, month.now) if "action:" not in one.reference]
    for held in client.stock_positions(trader.number):
        of_symbol = [one for one in arriving if one.source == held.symbol]
        assert sum(one.amount for one in of_symbol if local_day(one) == after) == held.bought_today
        assert sum(one.amount for one in of_symbol if local_day(one) == next_day) == held.bought_yesterday
        assert held.bought_before == 0  # arrived at 13:00


def local_day(arriving: accounts.Arriving) -> date:
    return to_vietnam(arriving.due_at).date()
