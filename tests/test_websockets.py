"""The live protocol, spoken to the application that Daphne serves."""

import asyncio
import time
from dataclasses import replace

import pytest
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.conf import settings
from django.test import Client

from apps.eventlog.services import publish_pending
from apps.marketdata.selectors import market_now
from apps.orders.tests.conftest import MORNING, quote
from apps.risk.services import engage_kill_switch
from apps.sso.selectors import Role
from apps.sso.services import assign_roles
from apps.sso.tests.sessions import make_user
from qts.adapters.bus import connect, publish_events
from qts.asgi import application
from qts.domain.events import IndexUpdated, TickReceived
from qts.domain.values import Actor, ActorKind
from qts.routing import NO_SUCH_ADDRESS, NOT_LOGGED_IN, NOT_VERIFIED
from qts.web.consumers import INTERVAL_MS_MAX, RIGHTS_ASKED_EVERY_S, TOO_MANY, TRY_AGAIN_LATER
from qts.web.outlet import Outlet
from qts.web.together import GATHERED_FOR_S

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 5
OFFICER = Actor(ActorKind.SYSTEM, "test")


class Socket:
    """One browser's socket; `hear` returns the next message of a channel."""

    def __init__(self, client: Client, path: str, query: str = "") -> None:
        cookie = f"sessionid={client.cookies['sessionid'].value}" if "sessionid" in client.cookies else ""
        headers = [(b"cookie", cookie.encode()), (b"origin", b"http://localhost"), (b"host", b"localhost")]
        self.wire = WebsocketCommunicator(application, f"{path}?{query}", headers)

    async def __aenter__(self):
        connected, _ = await self.wire.connect(WAIT_S)
        assert connected
        return self

    async def __aexit__(self, *_):
        await self.wire.disconnect()

    async def say(self, **message):
        await self.wire.send_json_to(message)

    async def hear(self, channel):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            message = await self.wire.receive_json_from(WAIT_S)
            if message["channel"] == channel:
                return message
        raise AssertionError(f"nothing on {channel}")


def publish(*events):
    publish_events(connect(settings.EVENT_BUS_URL), events)


async def until_tailing():
    """A tail that has just begun must have found the end of the streams before something new is published."""
    await asyncio.sleep(0.3)


@pytest.mark.parametrize("is_logged_in", [False, True])
async def test_a_socket_without_a_second_factor_is_closed_with_its_reason(valkey, is_logged_in):
    def log_in():
        client = Client()
        if is_logged_in:
            client.force_login(make_user("careless", with_factor=False))
        return client

    client = await asyncio.to_thread(log_in)
    async with Socket(client, "/ws/orders") as socket:
        closed = await socket.wire.receive_output(WAIT_S)
    assert closed["type"] == "websocket.close"
    assert closed["code"] == (NOT_VERIFIED if is_logged_in else NOT_LOGGED_IN)


async def test_quotes_begin_with_a_snapshot_and_go_on_with_the_latest_change(floor):
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=200") as socket:
        await socket.say(action="subscribe", channel="quotes", symbols=["SSI"])
        first = await socket.hear("quotes")
        assert (first["seq"], first["data"]["SSI"]["last"], first["data"]["SSI"]["ceil"]) == (0, 25_000, 26_750)
        await until_tailing()
        first_quote = quote(MORNING)
        for last_vnd in (25_050, 25_100, 25_150):
            changed = replace(first_quote, last_vnd=last_vnd)
            await asyncio.to_thread(publish, changed)
        heard = await socket.hear("quotes")
        while heard["data"]["SSI"]["last"] != 25_150:
            heard = await socket.hear("quotes")
        assert 1 <= heard["seq"] <= 3  # conflated: fewer messages than changes is fine, the last one must be the latest


async def test_the_summary_of_the_market_moves_once_a_second(floor):
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="summary")
        first = await socket.hear("summary")
        assert (first["seq"], first["data"]["SSI"]["last"], first["data"]["SSI"]["ref"]) == (0, 25_000, 25_000)
        await until_tailing()
        for number in range(1, 13):
            changed = replace(quote(MORNING), last_vnd=25_050, total_quantity=number, total_value_vnd=number * 25_050)
            await asyncio.to_thread(publish, changed)
            await asyncio.sleep(0.1)
        heard = [await socket.hear("summary")]
        while heard[-1]["data"]["SSI"].get("total_qty") != 12:
            heard.append(await socket.hear("summary"))
    assert heard[-1]["data"]["SSI"]["total_value"] == 12 * 25_050
    assert len(heard) <= 3  # twelve changes in a little more than a second


async def test_ticks_form_a_bar_and_a_tape(floor):
    def tick(price_vnd, quantity, position):
        return TickReceived(
            symbol="SSI",
            price_vnd=price_vnd,
            quantity=quantity,
            ts_exchange_ms=1_795_400_100_000,
            ts_received_ns=time.time_ns(),
            wal_position=position,
        )

    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as socket:
        for channel in ("bars", "ticks"):
            await socket.say(action="subscribe", channel=channel, symbols=["SSI"])
            await socket.hear(channel)
        await until_tailing()
        await asyncio.to_thread(publish, tick(25_000, 100, "1:1"), tick(25_100, 200, "1:2"), tick(25_050, 300, "1:3"))
        bar = (await socket.hear("bars"))["data"]["SSI"]
        assert bar == {
            "time": 1_795_400_100, "open": 25_000, "high": 25_100, "low": 25_000, "close": 25_050, "volume": 600,
        }  # fmt: skip
        tape = (await socket.hear("ticks"))["data"]["SSI"]
        assert [(tick["price"], tick["qty"]) for tick in tape] == [(25_000, 100), (25_100, 200), (25_050, 300)]


async def test_indexes_and_status(floor):
    index = IndexUpdated(
        index_code="VN30", value_centipoints=187_681, prior_centipoints=190_923, total_quantity=1, total_value_vnd=2,
        advances=3, declines=4, unchanged=5, ceilings=0, floors=0, session="CONTINUOUS", ts_exchange_ms=1,
        ts_received_ns=1, wal_position="1:1",
    )  # fmt: skip
    async with Socket(floor.trader_client, "/ws/markets") as socket:
        await socket.say(action="subscribe", channel="indexes")
        assert (await socket.hear("indexes"))["data"] == {}
        await until_tailing()
        await asyncio.to_thread(publish, index)
        assert (await socket.hear("indexes"))["data"]["VN30"]["value"] == 187_681
        await socket.say(action="subscribe", channel="status")
        status = (await socket.hear("status"))["data"]
        assert status["stream"]["state"] == "connected"
        assert status["clock"]["session"] == "CONTINUOUS"


async def test_an_order_is_seen_by_its_owner_and_by_nobody_else(floor):
    async with Socket(floor.trader_client, "/ws/orders") as socket:
        await socket.say(action="subscribe", channel="orders")
        assert (await socket.hear("orders"))["data"] == {"orders": []}
        await until_tailing()
        order_id = await asyncio.to_thread(_place_and_relay, floor)
        (order,) = (await socket.hear("orders"))["data"]["orders"]
        assert (order["id"], order["status"], order["price_vnd"]) == (order_id, "PENDING", 25_050)
        await socket.say(action="subscribe", channel="orders", accounts=[str(floor.foreign_account_id)])
        assert (await socket.hear("error"))["data"]["code"] == "ACCOUNT_NOT_FOUND"


def _place_and_relay(floor):
    order_id = floor.place().json()["id"]
    publish_pending(connect(settings.EVENT_BUS_URL))
    return order_id


async def test_positions_follow_the_books(floor):
    async with Socket(floor.trader_client, "/ws/positions", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="positions", accounts=[str(floor.desk.account_id)])
        first = (await socket.hear("positions"))["data"]
        assert (first["cash_settled"], first["positions"][0]["quantity"]) == (100_000_000, 1_000)
        await until_tailing()
        await asyncio.to_thread(_place_and_relay, floor)
        after = (await socket.hear("positions"))["data"]
        while after["buying_power"] == first["buying_power"]:  # told of a mark before the books
            after = (await socket.hear("positions"))["data"]
        assert after["buying_power"] < first["buying_power"]


async def test_an_account_that_is_named_often_is_told_once(floor):
    names = [str(floor.desk.account_id)] * 2_000
    async with Socket(floor.trader_client, "/ws/risk") as socket:
        await socket.say(action="subscribe", channel="risk", accounts=names)
        use = (await socket.hear("risk"))["data"]["limit_use"]
        assert {one["account"] for one in use} == {names[0]}
        assert len({(one["code"], one["scope"]) for one in use}) == len(use) > 0


async def test_an_address_without_a_socket_is_closed_with_its_reason(floor):
    async with Socket(floor.trader_client, "/ws/gossip") as socket:
        closed = await socket.wire.receive_output(WAIT_S)
        assert (closed["type"], closed["code"]) == ("websocket.close", NO_SUCH_ADDRESS)


async def test_the_kill_switch_is_seen_at_once(floor):
    def throw():
        engage_kill_switch(scope="firm", reason="drill", actor=OFFICER, now=market_now())
        publish_pending(connect(settings.EVENT_BUS_URL))

    async with Socket(floor.officer_client, "/ws/risk") as socket:
        await socket.say(action="subscribe", channel="risk")
        assert (await socket.hear("risk"))["data"]["kill_switches"] == []
        await asyncio.sleep(1.0)
        await asyncio.to_thread(throw)
        (switch,) = (await socket.hear("risk"))["data"]["kill_switches"]
        assert (switch["scope"], switch["is_engaged"]) == ("firm", True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "MALFORMED_MESSAGE"),
        ('{"action": "subscribe", "channel": "quotes", "colour": "red"}', "MALFORMED_MESSAGE"),
        ('{"action": "subscribe", "channel": "gossip"}', "UNKNOWN_CHANNEL"),
        ('{"action": "shout", "channel": "quotes"}', "UNKNOWN_ACTION"),
        ('{"action": "subscribe", "channel": "quotes", "symbols": ["XYZ"]}', "UNKNOWN_SYMBOL"),
        ('{"action": "subscribe", "channel": "%s"}' % ("x" * 65), "MALFORMED_MESSAGE"),
        ('{"action": "subscribe", "channel": "quotes", "symbols": [%s]}' % ('"SSI",' * 30_000), "MESSAGE_TOO_LONG"),
    ],
    ids=lambda text: text[:60],
)
async def test_mistakes_are_answered_and_the_socket_goes_on(floor, text, code):
    async with Socket(floor.trader_client, "/ws/markets") as socket:
        await socket.wire.send_to(text_data=text)
        mistake = (await socket.hear("error"))["data"]
        assert mistake["code"] == code
        assert len(mistake["message"]) < 200  # nothing long is said back
        await socket.say(action="subscribe", channel="quotes", symbols=["SSI"])
        assert (await socket.hear("quotes"))["seq"] == 0


async def test_a_socket_that_cannot_know_what_changed_is_closed_for_a_fresh_start(floor, settings):
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="status")
        await socket.hear("status")
        settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
        deadline = time.monotonic() + 15
        while (said := await socket.wire.receive_output(15))["type"] != "websocket.close":
            assert time.monotonic() < deadline
        assert said["code"] == TRY_AGAIN_LATER


async def test_a_socket_ends_with_its_session(floor, monkeypatch):
    monkeypatch.setattr("qts.web.consumers.RIGHTS_ASKED_EVERY_S", 0.2)
    async with Socket(floor.trader_client, "/ws/orders", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="orders")
        await socket.hear("orders")
        await asyncio.sleep(0.5)
        await asyncio.to_thread(floor.trader_client.logout)
        closed = await socket.wire.receive_output(WAIT_S)
        assert (closed["type"], closed["code"]) == ("websocket.close", NOT_LOGGED_IN)


async def test_a_socket_ends_when_its_account_is_taken_away(floor, monkeypatch):
    monkeypatch.setattr("qts.web.consumers.RIGHTS_ASKED_EVERY_S", 0.2)
    async with Socket(floor.trader_client, "/ws/orders", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="orders")
        await socket.hear("orders")
        await asyncio.sleep(0.5)  # asked some times: nothing has changed
        await asyncio.to_thread(forget_memberships)
        closed = await socket.wire.receive_output(WAIT_S)
        assert (closed["type"], closed["code"]) == ("websocket.close", TRY_AGAIN_LATER)
    async with Socket(floor.trader_client, "/ws/orders", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="orders")
        assert (await socket.hear("orders"))["data"]["orders"] == []


async def test_a_socket_ends_when_a_role_is_given_or_taken(floor, monkeypatch):
    monkeypatch.setattr("qts.web.consumers.RIGHTS_ASKED_EVERY_S", 0.2)
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as socket:
        await asyncio.sleep(0.5)
        await asyncio.to_thread(assign_roles, floor.trader, [Role.TRADER, Role.OPERATOR])
        closed = await socket.wire.receive_output(WAIT_S)
        assert (closed["type"], closed["code"]) == ("websocket.close", TRY_AGAIN_LATER)


async def test_a_socket_ends_when_the_password_changes(floor, monkeypatch):
    def change():
        floor.trader.set_password("another-good-one-4711")
        floor.trader.save()

    monkeypatch.setattr("qts.web.consumers.RIGHTS_ASKED_EVERY_S", 0.2)
    async with Socket(floor.trader_client, "/ws/markets", f"interval_ms={INTERVAL_MS_MAX}") as socket:
        await asyncio.to_thread(change)
        closed = await socket.wire.receive_output(1)  # it is told the market every five seconds
        assert (closed["type"], closed["code"]) == ("websocket.close", NOT_LOGGED_IN)


async def test_rights_are_asked_soon_enough_to_end_within_five_seconds():
    assert RIGHTS_ASKED_EVERY_S + GATHERED_FOR_S < 5


async def test_one_user_may_not_open_sockets_without_end(floor, monkeypatch):
    monkeypatch.setattr("qts.web.consumers.SOCKETS_MAX", 1)
    async with Socket(floor.trader_client, "/ws/markets"), Socket(floor.officer_client, "/ws/markets") as other:
        async with Socket(floor.trader_client, "/ws/markets") as second:
            assert (await second.wire.receive_output(WAIT_S))["code"] == TOO_MANY
        await other.say(action="subscribe", channel="indexes")
        assert (await other.hear("indexes"))["seq"] == 0
    async with Socket(floor.trader_client, "/ws/markets") as third:  # the first is gone
        await third.say(action="subscribe", channel="indexes")
        assert (await third.hear("indexes"))["seq"] == 0


async def test_a_client_that_talks_without_end_is_closed(floor, monkeypatch):
    monkeypatch.setattr("qts.web.consumers.MESSAGES_MAX", 5)
    async with Socket(floor.trader_client, "/ws/markets") as socket:
        for _ in range(6):
            await socket.say(action="subscribe", channel="gossip")
        for _ in range(5):
            assert (await socket.hear("error"))["data"]["code"] == "UNKNOWN_CHANNEL"
        assert (await socket.wire.receive_output(WAIT_S))["code"] == TOO_MANY


async def test_a_slow_client_is_told_later_and_merged_and_the_others_at_once(floor, monkeypatch):
    class Narrow(Outlet):
        is_full = False

    monkeypatch.setattr("qts.web.consumers.Outlet", Narrow)
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as slow:
        monkeypatch.setattr("qts.web.consumers.Outlet", Outlet)
        async with Socket(floor.officer_client, "/ws/markets", "interval_ms=100") as quick:
            for socket in (slow, quick):
                await socket.say(action="subscribe", channel="quotes", symbols=["SSI"])
                await socket.hear("quotes")
            await until_tailing()
            Narrow.is_full = True
            for last_vnd in (25_050, 25_100):
                await asyncio.to_thread(publish, replace(quote(MORNING), last_vnd=last_vnd))
                while (await quick.hear("quotes"))["data"]["SSI"].get("last") != last_vnd:
                    pass
            assert await slow.wire.receive_nothing(0.3)
            Narrow.is_full = False
            late = await slow.hear("quotes")
            assert (late["seq"], late["data"]["SSI"]["last"], late["data"]["SSI"]["ceil"]) == (1, 25_100, 26_750)


def forget_memberships() -> None:
    apps.get_model("accounts", "AccountMembership").objects.all().delete()
