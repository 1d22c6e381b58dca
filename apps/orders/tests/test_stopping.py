"""Taking back a scope takes back what QTS keeps for it too: no condition stays armed, no part goes out any more."""

from typing import Any
from uuid import UUID

import pytest

from apps.accounts import services as ledger
from apps.accounts.services import OpeningPosition
from apps.eventlog.services import handlers_of
from apps.orders import handlers, services
from apps.orders.models import ConditionalOrder, Order, SlicedOrder
from apps.orders.services import slicing, stopping
from apps.orders.tests.conftest import MORNING, STRATEGY, at, ms
from apps.orders.tests.plans import TODAY, Watch
from apps.risk import services as risk
from apps.risk.tests.conftest import OFFICER
from qts.domain.events import KillSwitchChanged
from qts.domain.orders.conditional import ConditionalKind, ConditionalTerms
from qts.domain.orders.slicing import SliceKind, SliceTerms
from qts.domain.values import Actor, ActorKind, Side

OWNER = "5525cb34-b425-4977-bd96-01e3de82e564"
SYSTEM = Actor(ActorKind.SYSTEM, "test")
# name: account, strategy, and whether it is a purchase
KEPT = {
    "stop": ("first", "", "SELL"),
    "entry stop": ("first", "", "BUY"),
    "stop of a strategy": ("first", OWNER, "SELL"),
    "iceberg": ("first", "", "BUY"),
    "iceberg of a strategy": ("first", OWNER, "BUY"),
    "stop of another": ("second", "", "SELL"),
}


@pytest.fixture
def accounts(desk) -> dict[str, UUID]:
    second = ledger.open_account(number="1184411", name="Second", connection_id=desk.connection_id)
    ledger.adopt_balances(
        account_id=second, cash_vnd=1_000_000, positions=[OpeningPosition("SSI", 1_000, 1)], now=at("08:00:00")
    )
    return {"first": desk.account_id, "second": second}


@pytest.fixture
def kept(market, accounts) -> dict[str, UUID]:
    return {
        name: _keep(name, accounts[account], strategy, Side(side)) for name, (account, strategy, side) in KEPT.items()
    }


def _keep(name: str, account_id: UUID, strategy_id: str, side: Side) -> UUID:
    asked: dict[str, Any] = {"account_id": account_id, "actor": STRATEGY, "now": MORNING, "strategy_id": strategy_id}
    if name.startswith("iceberg"):
        sliced = SliceTerms(SliceKind.ICEBERG, "SSI", side, 1_000, 24_000, name, show_quantity=300)
        done = services.place_sliced(terms=sliced, **asked)
    else:
        stop_vnd = 24_000 if side is Side.SELL else 26_000
        done = services.place_conditional(
            terms=ConditionalTerms(ConditionalKind.STOP, "SSI", side, 300, TODAY, name, stop_vnd=stop_vnd), **asked
        )
    assert done.plan_id is not None, done.breaches
    return done.plan_id


def ended(kept: dict[str, UUID]) -> set[str]:
    rows: list[Any] = [*ConditionalOrder.objects.all(), *SlicedOrder.objects.all()]
    assert {row.status for row in rows} <= {"ACTIVE", "CANCELLED"}
    over = {row.id for row in rows if row.status == "CANCELLED"}
    return {name for name, plan_id in kept.items() if plan_id in over}


def test_nothing_named_is_the_firm(kept):
    services.cancel_scope(reason="all", actor=SYSTEM, now=MORNING)
    assert ended(kept) == set(KEPT)


def test_an_account_is_its_own(kept, accounts):
    services.cancel_scope(account_id=accounts["first"], reason="mine", actor=SYSTEM, now=MORNING)
    assert ended(kept) == set(KEPT) - {"stop of another"}
    assert set(ConditionalOrder.objects.filter(status="CANCELLED").values_list("reason", flat=True)) == {"mine"}
    assert set(SlicedOrder.objects.filter(status="CANCELLED").values_list("reason", flat=True)) == {"mine"}


@pytest.mark.parametrize(
    ("scope", "over"),
    [
        ({"strategy_id": OWNER}, {"stop of a strategy", "iceberg of a strategy"}),
        ({"strategy_id": "9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11"}, set()),
        ({"symbol": "SSI"}, set(KEPT)),
        ({"symbol": "VNM"}, set()),
        ({"symbol": "SSI", "strategy_id": OWNER}, {"stop of a strategy", "iceberg of a strategy"}),
    ],
)
def test_a_scope_ends_what_belongs_to_it_alone(kept, scope, over):
    services.cancel_scope(**scope, reason="test", actor=SYSTEM, now=MORNING)
    assert ended(kept) == over


@pytest.mark.parametrize(
    ("side", "over"),
    [
        ("BUY", {"entry stop", "iceberg", "iceberg of a strategy"}),
        ("SELL", {"stop", "stop of a strategy", "stop of another"}),
    ],
)
def test_a_side_is_that_of_what_may_still_come_out(kept, side, over):
    assert services.count_kept(side=side) == 3
    assert services.cancel_kept(side=side, reason="test", actor=SYSTEM, now=MORNING) == 3
    assert ended(kept) == over


def test_a_bracket_is_of_both_sides_while_its_entry_works_and_then_of_its_exits(desk, market, gateway, stream):
    terms = {"side": Side.BUY, "entry_vnd": 25_000, "stop_vnd": 24_000, "target_vnd": 26_500}
    watch = Watch(desk, market)
    for number, side in enumerate(("BUY", "SELL")):
        watch.place("BRACKET", name=f"b-{number}", **terms)
        assert services.cancel_kept(side=side, reason="test", actor=SYSTEM, now=MORNING) == 1
    assert {order.status for order in Order.objects.all()} == {"CANCELLED"}, "its entry order is asked back"
    watch.place("BRACKET", name="filled", **terms)
    entry = Order.objects.get(status="PENDING")
    gateway.send()
    stream.event(entry, "QU")
    stream.match(entry, entry.quantity)
    watch.look()
    assert services.cancel_kept(side="BUY", reason="test", actor=SYSTEM, now=MORNING) == 0
    assert services.cancel_kept(side="SELL", reason="test", actor=SYSTEM, now=MORNING) == 1


def test_no_part_goes_out_between_the_end_of_its_parent_and_the_cancels(kept, desk):
    slicing.advance_sliced(MORNING)
    working = set(Order.objects.filter(client_order_id__startswith="slice-").values_list("status", flat=True))
    assert working == {"PENDING"}
    services.cancel_scope(account_id=desk.account_id, reason="test", actor=SYSTEM, now=MORNING)
    assert slicing.advance_sliced(MORNING) == 0
    assert {order.status for order in Order.objects.all()} == {"CANCELLED"}
    assert desk.reserved_vnd == 0


def test_what_was_ended_does_not_come_out(kept, desk, market):
    watch = Watch(desk, market)
    services.cancel_scope(account_id=desk.account_id, reason="test", actor=SYSTEM, now=MORNING)
    watch.price(23_500)
    released = list(Order.objects.values_list("account_id", flat=True))
    assert desk.account_id not in released


def test_one_that_cannot_be_ended_keeps_nothing_else_alive(kept, monkeypatch, desk):
    resting = desk.submit()
    honest = stopping.cancel_conditional

    def fails_for_one(*, conditional_id, **named):
        if conditional_id == kept["stop"]:
            raise ValueError("a row that nobody foresaw")
        return honest(conditional_id=conditional_id, **named)

    monkeypatch.setattr(stopping, "cancel_conditional", fails_for_one)
    with pytest.raises(ExceptionGroup, match="1 kept orders could not be ended"):
        services.cancel_scope(reason="test", actor=SYSTEM, now=MORNING)
    assert ended(kept) == set(KEPT) - {"stop"}
    assert desk.order(resting.order_id).status == "CANCELLED"


# --- the kill switch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "reducing", "over"),
    [
        ("firm", False, set(KEPT)),
        ("firm", True, {"entry stop", "iceberg", "iceberg of a strategy"}),
        ("account", False, set(KEPT) - {"stop of another"}),
        ("symbol:SSI", False, set(KEPT)),
        ("symbol:VNM", False, set()),
        (f"strategy:{OWNER}", False, {"stop of a strategy", "iceberg of a strategy"}),
    ],
)
def test_a_kill_switch_ends_them_at_once_and_its_release_brings_nothing_back(kept, accounts, scope, reducing, over):
    scope = f"account:{accounts['first']}" if scope == "account" else scope
    risk.engage_kill_switch(scope=scope, reason="test", actor=OFFICER, now=MORNING, allows_reducing=reducing)
    services.cancel_for_kill_switch(scope=scope, reason="test", now=MORNING)
    assert ended(kept) == over


def test_the_news_of_a_kill_switch_end_them_where_nobody_watches(kept):
    risk.engage_kill_switch(scope="firm", reason="test", actor=OFFICER, now=MORNING)
    told = KillSwitchChanged(scope="firm", engaged=True, reason="test", ts_market_ms=ms(MORNING))
    assert "apps.orders.handlers.cancel_what_works" in handlers_of(KillSwitchChanged.topic)
    handlers.cancel_what_works(told)
    assert ended(kept) == set(KEPT)
