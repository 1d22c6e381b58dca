"""What the gate hears of an account's orders, from rows as `submit_order` and the broker leave them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps

from apps.accounts import selectors as accounts
from apps.accounts import services as books
from apps.marketdata import selectors as marketdata
from apps.risk import services
from apps.risk.models import EquityPoint, SecuritySector
from apps.risk.services import facts_orders
from apps.risk.tests.conftest import MONDAY, OFFICER, TRADER, check, codes
from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderIntent, OrderRequest, Status
from qts.domain.values import Actor, ActorKind, OrderType, Side

STRATEGY = str(uuid4())


@pytest.fixture
def stored(account_id):
    """Rows of orders: this app lies under theirs and must not import it."""
    connection = accounts.account(account_id).connection_id

    def store(side: str, quantity: int, price: int | None, symbol: str = "SSI", **fields: Any) -> Any:
        row = {
            "account_id": account_id, "connection_id": connection, "client_order_id": str(uuid4()), "body_hash": "",
            "trading_day": MONDAY.date(), "symbol": symbol, "exchange": "HOSE", "side": side, "order_type": "LO",
            "quantity": quantity, "price_vnd": price, "status": Status.OPEN, "actor_kind": TRADER.kind,
            "actor_id": TRADER.id, "submitted_at": MONDAY, "updated_at": MONDAY,
        }  # fmt: skip
        return apps.get_model("orders", "Order").objects.create(**row | fields)

    return store


def limit(code: RuleCode, number: int, **scope: Any) -> None:
    services.change_limit(code=code, limit=number, reason="test", actor=OFFICER, now=MONDAY, **scope)


def rows(model: str) -> Any:
    return apps.get_model("marketdata", model).objects


def only(account_id: UUID, text: str, **named: Any) -> Breach:
    (breach,) = check(account_id, text, **named)
    return breach


def test_an_own_sale_at_the_price_is_a_self_match_and_a_dearer_one_is_not(account_id, stored):
    stored("SELL", 100, 25_100)
    stored("SELL", 100, 25_050, account_id=another_account())
    stored("SELL", 100, 25_000, symbol="HPG")
    stored("SELL", 100, 25_000, status=Status.FILLED, filled_quantity=100)
    assert check(account_id, "BUY 100 SSI @ 25050") == ()
    assert only(account_id, "BUY 100 SSI @ 25100") == Breach(RuleCode.SELF_MATCH, limit=25_100, actual=25_100)
    assert check(account_id, "SELL 100 SSI @ 25050") == ()


def another_account() -> UUID:
    return books.open_account(number="1184411", name="Other", connection_id=uuid4())


def test_of_several_own_purchases_the_dearest_meets_a_sale(account_id, stored):
    stored("BUY", 100, 24_000)
    stored("BUY", 100, 24_900)
    assert check(account_id, "SELL 100 SSI @ 24950") == ()
    assert only(account_id, "SELL 100 SSI @ 24900") == Breach(RuleCode.SELF_MATCH, limit=24_900, actual=24_900)


def test_open_value_counts_what_is_left_of_both_sides_and_orders_without_a_price_at_the_ceiling(account_id, stored):
    stored("BUY", 300, 25_000, filled_quantity=100, status=Status.PARTIALLY_FILLED)  # 5,000,000
    stored("SELL", 100, 26_000, symbol="HPG")  # 2,600,000
    stored("BUY", 100, None, order_type="ATC")  # 2,675,000
    stored("BUY", 900, 25_000, status=Status.CANCELLED)
    limit(RuleCode.OPEN_VALUE_EXCEEDS_MAX, 12_774_999)
    assert only(account_id, "BUY 100 SSI @ 25000") == Breach(
        RuleCode.OPEN_VALUE_EXCEEDS_MAX, limit=12_774_999, actual=12_775_000
    )


def test_a_working_order_without_a_price_or_a_ceiling_could_be_worth_anything(account_id, stored):
    stored("BUY", 100, None, symbol="HPG", order_type="ATC")
    assert check(account_id, "BUY 100 SSI @ 25000") == ()
    limit(RuleCode.OPEN_VALUE_EXCEEDS_MAX, 10**12)
    assert only(account_id, "BUY 100 SSI @ 25000") == Breach(RuleCode.CHECK_FAILED, detail="LookupError")


def test_the_days_value_is_what_was_traded_and_what_works(account_id, stored):
    stored("BUY", 300, 25_000, filled_quantity=100, filled_value_vnd=2_490_000, status=Status.PARTIALLY_FILLED)
    stored("SELL", 100, 25_000, filled_quantity=100, filled_value_vnd=2_510_000, status=Status.FILLED)
    stored("BUY", 100, 25_000, status=Status.DENIED)
    yesterday = MONDAY.date() - timedelta(days=3)
    stored("SELL", 100, 25_000, filled_quantity=100, filled_value_vnd=9, status=Status.FILLED, trading_day=yesterday)
    limit(RuleCode.DAY_VALUE_EXCEEDS_MAX, 12_499_999)
    assert only(account_id, "BUY 100 SSI @ 25000").actual == 12_500_000


def test_orders_for_each_trade(account_id, stored):
    for _ in range(5):
        stored("BUY", 100, 24_000, status=Status.CANCELLED)
    stored("BUY", 100, 24_000, status=Status.FILLED, filled_quantity=100, filled_value_vnd=2_400_000)
    stored("BUY", 100, 24_000, status=Status.DENIED)
    limit(RuleCode.ORDERS_PER_TRADE_EXCEED_MAX, 6)
    assert only(account_id, "BUY 100 SSI @ 24000").actual == 7


def test_participation_needs_a_typed_quantity(account_id, market, stored):
    market.quote("SSI", 25_000, total_quantity=10_000)
    stored("BUY", 200, 24_000, filled_quantity=100, filled_value_vnd=1, status=Status.PARTIALLY_FILLED)
    stored("BUY", 900, 24_000, symbol="HPG")
    limit(RuleCode.PARTICIPATION_EXCEEDS_MAX, 299)
    assert only(account_id, "BUY 100 SSI @ 24000") == Breach(RuleCode.PARTICIPATION_EXCEEDS_MAX, limit=299, actual=300)


RATES = [
    (RuleCode.ACCOUNT_RATE_EXCEEDS_MAX, 5),  # all but the other account's and the old one; the cancel too
    (RuleCode.BROKER_RATE_EXCEEDS_MAX, 6),
    (RuleCode.USER_RATE_EXCEEDS_MAX, 5),
    (RuleCode.STRATEGY_RATE_EXCEEDS_MAX, 2),
]


@pytest.mark.parametrize(("code", "actual"), RATES)
def test_messages_of_the_last_second_count_by_who_sends_them(account_id, stored, code, actual):
    one = stored("BUY", 100, 24_000)
    stored("BUY", 100, 24_100, status=Status.DENIED)  # it was sent to us all the same
    stored("BUY", 100, 24_200, strategy_id=STRATEGY, actor_kind="strategy", actor_id=STRATEGY)
    stored("BUY", 100, 24_300, account_id=another_account())
    stored("BUY", 100, 24_400, recorded_at=datetime.now(UTC) - timedelta(seconds=2))
    apps.get_model("orders", "Intent").objects.create(
        order=one, kind="CANCEL", connection_id=one.connection_id, trading_day=one.trading_day, request_id="1",
        account_number="0901351",
    )  # fmt: skip
    limit(code, 0)
    assert only(account_id, "BUY 100 SSI @ 24000", strategy_id=STRATEGY).actual == actual
    limits_left = {found.code for found in check(account_id, "BUY 100 SSI @ 24000")}
    assert limits_left == (set() if code is RuleCode.STRATEGY_RATE_EXCEEDS_MAX else {code})


def test_a_strategy_that_repeats_itself_is_held_back(account_id, stored):
    mine = {"strategy_id": STRATEGY, "actor_kind": "strategy", "actor_id": STRATEGY}
    for price in (24_000, 24_050, 24_100):
        stored("BUY", 100, price, **mine)
    stored("BUY", 100, 24_000, symbol="HPG", **mine)
    stored("BUY", 100, 24_000, recorded_at=datetime.now(UTC) - timedelta(seconds=61), **mine)
    limit(RuleCode.REPEATED_EXECUTION_EXCEEDS_MAX, 3)
    assert only(account_id, "BUY 100 SSI @ 24150", strategy_id=STRATEGY).actual == 4
    assert check(account_id, "BUY 100 SSI @ 24150") == ()
    assert check(account_id, "SELL 100 SSI @ 24150", strategy_id=STRATEGY) == ()


def test_the_same_order_again_is_a_slip_until_enough_time_has_passed(account_id, stored):
    stored("BUY", 100, 24_000, recorded_at=datetime.now(UTC) - timedelta(seconds=90))
    limit(RuleCode.DUPLICATE_ORDER, 120_000)
    breach = only(account_id, "BUY 100 SSI @ 24000")
    assert breach.code is RuleCode.DUPLICATE_ORDER
    assert breach.actual is not None
    assert 90_000 <= breach.actual < 110_000
    for other in ("BUY 200 SSI @ 24000", "BUY 100 SSI @ 24050"):
        assert check(account_id, other) == ()


def test_a_denied_order_may_be_sent_again_at_once(account_id, stored):
    stored("BUY", 100, 24_000, status=Status.DENIED)
    limit(RuleCode.DUPLICATE_ORDER, 120_000)
    assert check(account_id, "BUY 100 SSI @ 24000") == ()


def test_concentration_and_leverage_are_of_the_equity_at_marks(account_id):
    """Equity 125,000,000: 100 million in cash and 1,000 SSI at 25,000."""
    limit(RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX, 2_199)
    limit(RuleCode.LEVERAGE_EXCEEDS_MAX, 2_199)
    limit(RuleCode.MARGIN_RATIO_BELOW_MIN, 45_455)
    found = check(account_id, "BUY 100 SSI @ 25000")
    assert [(breach.code, breach.actual) for breach in found] == [
        (RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX, 2_200),
        (RuleCode.LEVERAGE_EXCEEDS_MAX, 2_200),
        (RuleCode.MARGIN_RATIO_BELOW_MIN, 45_454),
    ]
    assert check(account_id, "SELL 100 SSI @ 25000") == ()


def test_exposure_adds_or_offsets_what_works(account_id, stored):
    stored("BUY", 100, 24_000)
    stored("SELL", 100, 26_000)
    limit(RuleCode.GROSS_EXPOSURE_EXCEEDS_MAX, 0)
    limit(RuleCode.NET_EXPOSURE_EXCEEDS_MAX, 0)
    gross, net = check(account_id, "BUY 100 SSI @ 25000")
    assert (gross.actual, net.actual) == (32_500_000, 27_300_000)


def test_a_sector_is_what_officers_entered_and_a_symbol_without_one_is_refused(account_id):
    limit(RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX, 2_199)
    assert only(account_id, "BUY 100 SSI @ 25000").code is RuleCode.CHECK_FAILED
    SecuritySector.objects.create(symbol="SSI", sector="Securities")
    assert only(account_id, "BUY 100 SSI @ 25000").actual == 2_200
    limit(RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 99, scope="sector", scope_id="Securities")
    limit(RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 1, scope="sector", scope_id="Banks")
    assert RuleCode.ORDER_QUANTITY_EXCEEDS_MAX in codes(check(account_id, "BUY 100 SSI @ 25000"))
    assert codes(check(account_id, "SELL 50 SSI @ 25000")) == ["QUANTITY_OFF_LOT"]


def test_the_drawdown_is_under_the_peak_that_the_monitor_recorded(account_id):
    limit(RuleCode.DRAWDOWN_EXCEEDS_MAX, 1_000)
    assert only(account_id, "BUY 100 SSI @ 25000").code is RuleCode.CHECK_FAILED
    EquityPoint.objects.create(
        account_id=account_id, at=MONDAY, equity_vnd=1, peak_vnd=140_000_000, day_pnl_vnd=0, exposure_vnd=0
    )
    assert only(account_id, "BUY 100 SSI @ 25000") == Breach(RuleCode.DRAWDOWN_EXCEEDS_MAX, limit=1_000, actual=1_072)


def test_what_the_lists_of_the_market_tell(account_id):
    for code, number in (
        (RuleCode.DAYS_TO_EXIT_EXCEED_MAX, 1),
        (RuleCode.MASTER_DATA_STALE, 2),
        (RuleCode.MARKET_DATA_GAP, 0),
        (RuleCode.OWNERSHIP_EXCEEDS_MAX, 109),
    ):
        limit(code, number)
    day = MONDAY.date()
    rows("MasterDataLoad").create(trading_day=day - timedelta(days=3), finished_at=MONDAY, securities=1, changed=0)
    rows("DailyBar").create(
        symbol="SSI", trading_day=day - timedelta(days=3), open_vnd=1, high_vnd=1, low_vnd=1, close_vnd=1, volume=5_000,
        value_vnd=1,
    )  # fmt: skip
    rows("Security").filter(symbol="SSI").update(listed_quantity=100_000)
    wall = datetime.now(UTC)
    market_time = {"market_from_at": MONDAY, "market_to_at": MONDAY}
    for symbols, from_at, to_at in (
        ("*", wall - timedelta(minutes=2), wall - timedelta(minutes=1)),
        ("HPG", wall, wall),
        ("SSI,HPG", wall, wall - timedelta(minutes=6)),
    ):
        rows("MarketGap").create(symbols=symbols, from_at=from_at, to_at=to_at, **market_time)
    found = {breach.code: breach.actual for breach in check(account_id, "BUY 100 SSI @ 25000")}
    assert found == {
        RuleCode.DAYS_TO_EXIT_EXCEED_MAX: 2,  # 1,100 shares at 1,000 a day
        RuleCode.MASTER_DATA_STALE: 3,
        RuleCode.MARKET_DATA_GAP: 1,
        RuleCode.OWNERSHIP_EXCEEDS_MAX: 110,
    }


def test_foreign_room_binds_the_accounts_that_it_is_set_for(account_id, market):
    limit(RuleCode.FOREIGN_ROOM_EXCEEDED, 0, scope="account", scope_id=str(account_id))
    assert only(account_id, "BUY 100 SSI @ 25000").code is RuleCode.CHECK_FAILED  # nobody has told the room today
    market.room("SSI", total=1_000, left=99)
    assert only(account_id, "BUY 100 SSI @ 25000") == Breach(RuleCode.FOREIGN_ROOM_EXCEEDED, limit=0, actual=-1)
    market.room("SSI", total=1_000, left=100)
    assert check(account_id, "BUY 100 SSI @ 25000") == ()


def test_the_allow_list_closes_all_and_opens_one(account_id):
    limit(RuleCode.SYMBOL_NOT_ALLOWED, 0)
    assert codes(check(account_id, "SELL 100 SSI @ 25000")) == ["SYMBOL_NOT_ALLOWED"]
    RiskLimit = apps.get_model("risk", "RiskLimit")
    RiskLimit.objects.create(
        code=RuleCode.SYMBOL_NOT_ALLOWED, scope="symbol", scope_id="SSI", limit=1, version=1, reason="test",
        changed_by="test", is_current=True, effective_at=MONDAY,
    )  # fmt: skip
    assert check(account_id, "SELL 100 SSI @ 25000") == ()


@pytest.mark.parametrize(
    ("scope", "scope_id", "binds"),
    [("exchange", "HOSE", True), ("exchange", "HNX", False), ("user", TRADER.id, True), ("user", "99", False)],
)
def test_limits_of_an_exchange_and_a_user_bind_their_orders(account_id, scope, scope_id, binds):
    limit(RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 99, scope=scope, scope_id=scope_id)
    assert codes(check(account_id, "SELL 100 SSI @ 25000")) == (["ORDER_QUANTITY_EXCEEDS_MAX"] if binds else [])


def intent(**changes: Any) -> OrderIntent:
    request = OrderRequest("SSI", Side.BUY, OrderType.LO, 100, 25_500, "test", changes.pop("confirmations", ()))
    known = marketdata.security("SSI")
    assert known is not None
    return OrderIntent(request, known.instrument, **changes)


def test_what_would_happen_tells_who_may_not_trade_and_announces_nothing(account_id):
    limit(RuleCode.PRICE_FAR_FROM_LAST, 100)
    stranger = Actor(ActorKind.USER, "4711")
    found = services.what_would_happen(account_id, intent(), MONDAY, stranger)
    assert codes(found) == ["ACTOR_NOT_PERMITTED", "PRICE_FAR_FROM_LAST"]
    assert not apps.get_model("eventlog", "EventRecord").objects.filter(topic="risk.limit.breached").exists()
    typed = intent(confirmations=((RuleCode.PRICE_FAR_FROM_LAST, 25_500),))
    system = Actor(ActorKind.SYSTEM, "test")
    assert services.what_would_happen(account_id, typed, MONDAY, system) == ()


def test_an_old_signal_is_no_reason_to_trade(account_id):
    limit(RuleCode.SIGNAL_TOO_OLD, 500)
    system = Actor(ActorKind.SYSTEM, "test")
    assert services.what_would_happen(account_id, intent(signal_age_ms=500), MONDAY, system) == ()
    (breach,) = services.what_would_happen(account_id, intent(signal_age_ms=501), MONDAY, system)
    assert (breach.code, breach.actual) == (RuleCode.SIGNAL_TOO_OLD, 501)


def test_without_anybody_to_tell_of_orders_nothing_passes(account_id, monkeypatch):
    monkeypatch.setattr(facts_orders, "_readers", [])
    assert check(account_id, "SELL 100 SSI @ 25000") == (Breach(RuleCode.CHECK_FAILED, detail="LookupError"),)
