"""Journeys at the keyboard against the real server: log-in, order and fill, refusals, kill switch, outages."""

import asyncio
from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session as StoredSession

from apps.marketdata.services.live_state import Checkpoint
from apps.orders.models import Order
from apps.orders.tests.conftest import MORNING, Broker, Gateway, Stream, quote
from apps.risk import services as risk
from apps.risk.models import KillSwitch
from qts.adapters.bus import connect, encode, publish_events
from qts.domain.errors import RuleCode
from qts.domain.values import Actor, ActorKind
from qts.tui import preferences
from qts.tui.feed import FeedState
from qts.tui.screens.log_in import LogIn
from tests.tui.conftest import in_database, relay

pytestmark = pytest.mark.django_db(transaction=True)
OFFICER = Actor(ActorKind.USER, "7")


async def test_password_and_code_lead_to_a_live_desk(sit):
    async with sit() as seat:
        await seat.give_password("trader", "not this one")
        await seat.sees("password you specified are not correct")
        await seat.give_password("trader")
        await seat.sees("The password is right")
        await seat.type("code", "000000")
        await seat.press("enter")
        await seat.sees("Incorrect code")
        assert seat.app.session.person is None
        await seat.say_the_code("trader")
        await seat.sees("● Live")
        await seat.sees("SSI", "■", "25.00", "0901351 trader", "10:15:0", "Continuous")
        await seat.press("2")
        await seat.sees("Positions", "1,000", "Buying power 100.0M")
        await seat.press("4")
        await seat.sees("no kill switch engaged", "2,000,000,000 ₫")


async def test_an_order_is_previewed_sent_once_and_seen_to_its_fill(sit, floor):
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("b")
        await seat.sees("Order on account 0901351")
        await seat.type("quantity", "300")
        await seat.type("price", "25.05")
        await seat.press("enter")
        await seat.sees("Enter sends: Buy 300 SSI LO @ 25.05 =", "7,515,000 ₫")
        assert await in_database(Order.objects.count) == 0, "a preview records nothing"
        await seat.press("enter", "enter")
        await seat.sees("Sent. What becomes of it")
        await relay()
        await seat.sees("To be sent", "1 working of 1")
        order = await in_database(Order.objects.get)
        assert (order.quantity, order.price_vnd, order.actor_id) == (300, 25_050, str(floor.trader.pk))
        await in_database(lambda: fill(floor, order))
        await relay()
        await seat.sees("Filled", "25.00", "0 working of 1")
        await seat.press("2")
        await seat.sees("1,300")


def fill(floor, order) -> None:
    Gateway(floor.desk, Broker()).send()
    order.refresh_from_db()
    stream = Stream(floor.desk)
    stream.event(order, "QU")
    stream.match(order, 300)


async def test_a_refusal_names_every_rule_and_what_is_soft_is_typed_again(sit, floor):
    def limit_collar():
        risk.change_limit(code=RuleCode.PRICE_FAR_FROM_LAST, limit=100, reason="test", actor=OFFICER, now=MORNING)

    await in_database(limit_collar)
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("b")
        await seat.type("quantity", "150")
        await seat.type("price", "30")
        await seat.press("enter")
        await seat.sees("not a multiple of the round lot", "above the day's ceiling", "allowed 26.75, asked 30.00")
        await seat.type("quantity", "100")
        await seat.type("price", "25.5")
        await seat.press("enter")
        await seat.sees("type again what is asked", "allowed 1.00 %, asked 2.00 %")
        await seat.type("again-price", "25.6")
        await seat.press("enter")
        await seat.sees("Refused:", "Farthest price from the last one")
        await seat.press("enter")
        await seat.sees("type again what is asked")
        await seat.type("again-price", "25.5")
        await seat.press("enter")
        await seat.sees("Sent. What becomes of it")
    states = await in_database(lambda: sorted(Order.objects.values_list("status", "price_vnd")))
    assert states == [("DENIED", 25_500), ("PENDING", 25_500)]


async def test_a_working_order_is_cancelled_after_a_question(sit, floor):
    await in_database(floor.place)
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("1", "c")
        await seat.sees("Cancel this order?", "BUY 300 SSI LO")
        await seat.press("n")
        assert (await in_database(Order.objects.get)).status == "PENDING"
        await seat.press("c", "y")
        await seat.sees("Cancel asked for")
        await relay()
        await seat.sees("Cancelled")
    assert (await in_database(Order.objects.get)).status == "CANCELLED"


async def test_an_officer_stops_a_symbol_by_a_typed_word(sit):
    async with sit() as seat:
        await seat.log_in("officer")
        await seat.press("k")
        await seat.sees("Kill switch")
        seat.app.screen.query_one("#scope").focus()
        while "‹ symbol ›" not in seat.text():
            await seat.press("right")
        await seat.type("which", "ssi")
        await seat.type("reason", "drill of the desk")
        await seat.type("word", "stop")
        await seat.press("enter")
        await seat.sees("Type STOP in capitals")
        assert await in_database(KillSwitch.objects.count) == 0
        await seat.type("word", "STOP")
        await seat.press("enter")
        await seat.sees("Stopped: symbol SSI")
        await relay()
        await seat.sees("kill switches engaged: 1", "■ STOPPED", "drill of the desk")
    switch = await in_database(KillSwitch.objects.get)
    assert (switch.scope, switch.is_engaged) == ("symbol:SSI", True)


async def test_a_trader_cannot_stop_and_is_told_why(sit):
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("k")
        await seat.type("reason", "I want to")
        await seat.type("word", "STOP")
        await seat.press("enter")
        await seat.sees("Only a risk officer may do this.")
    assert await in_database(KillSwitch.objects.count) == 0


async def test_an_ended_session_asks_for_the_log_in_over_the_same_screen(sit):
    async with sit() as seat:
        await seat.log_in("trader")
        await in_database(StoredSession.objects.all().delete)
        await seat.until(lambda: isinstance(seat.app.screen, LogIn), "no log-in")
        await seat.sees("Your session has ended", "Logged out", "SSI")
        assert {feed.state for feed in seat.app.feeds.values()} <= {FeedState.ENDED, FeedState.LIVE}
        await seat.give_password("trader")
        await seat.sees("The password is right")
        await seat.say_the_code("trader", is_second=True)
        await seat.until(
            lambda: all(feed.state is FeedState.LIVE for feed in seat.app.feeds.values()), "feeds do not come back"
        )


async def test_a_server_that_went_away_is_found_again_and_old_prices_look_old(sit, market):
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.wire.cut()
        await seat.sees("Not connected", "Connection lost", "OLD", "25.00")
        await seat.press("b", "enter")
        await seat.sees("The server does not answer")
        await seat.press("escape")
        changed = replace(quote(MORNING), last_vnd=25_300)
        await asyncio.to_thread(market.write, [encode(changed)], Checkpoint("0:1", 0))
        await seat.wire.mend()
        await seat.sees("● Live", "25.30")
        assert "OLD" not in seat.text()


async def test_an_order_whose_answer_was_lost_is_sent_again_and_taken_once(sit):
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("b")
        await seat.type("price", "25.05")
        await seat.press("enter")
        await seat.sees("Enter sends: Buy 100 SSI")
        seat.wire.is_deaf = True
        await seat.press("enter")
        await seat.until(lambda: seat.wire.was_deaf, "nothing was sent")
        await seat.wire.cut()
        await seat.sees("the server takes it once")
        assert await in_database(Order.objects.count) == 1, "the server has it, only its answer is lost"
        seat.wire.is_deaf = False
        await seat.wire.mend()
        await seat.press("enter")
        await seat.sees("Sent. What becomes of it")
    assert await in_database(Order.objects.count) == 1


async def test_prices_follow_the_market_and_accounts_are_kept_apart(sit, floor):
    async with sit() as seat:
        await seat.log_in("trader")
        changed = replace(quote(MORNING), last_vnd=26_750, total_quantity=7_000)
        await asyncio.to_thread(lambda: publish_events(connect(django_settings.EVENT_BUS_URL), [changed]))
        await seat.sees("▲▲", "26.75", "+7.00%", "7,000")
        assert [account.number for account in seat.app.desk.accounts] == ["0901351"]


async def test_the_language_changes_at_once_and_is_kept_with_the_watchlist(sit):
    async with sit() as seat:
        await seat.log_in("trader")
        await seat.press("plus")
        await seat.sees("Watchlist")
        await seat.type("line", "xyz")
        await seat.press("enter")
        await seat.sees("There is no security XYZ.")
        await seat.press("l")
        await seat.sees("Bảng giá", "Trực tiếp", "Liên tục", "trợ giúp")
    assert preferences.load().language == "vi"
