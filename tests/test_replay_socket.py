"""/ws/markets of a replay: its own prices, its jumps, its end; and the live sockets beside it hear nothing of it."""

import asyncio
from dataclasses import replace

import pytest
from django.conf import settings

from apps.marketdata.selectors import day_bounds_ms
from apps.marketdata.tests.replaying import forget_replays
from apps.orders.tests.conftest import MORNING, quote
from qts.adapters.time_machine.picture import Picture
from qts.adapters.time_machine.replays import Replays, Source, Spec, State
from qts.adapters.time_machine.stage import Stage
from qts.domain.market import ms_of, to_vietnam
from tests.test_websockets import WAIT_S, Socket, until_tailing

pytestmark = pytest.mark.django_db(transaction=True)
OVER = 4410


@pytest.fixture
def replay(floor):
    """Paused at the floor's morning, SSI 1 % above the live market."""
    forget_replays()
    first_ms, last_ms = day_bounds_ms(to_vietnam(MORNING).date())
    spec = Spec(
        owner_id=1, owner="ann", day=to_vietnam(MORNING).date().isoformat(), source=Source.LOG, first_ms=first_ms,
        last_ms=last_ms, until_ms=last_ms,
    )  # fmt: skip
    replays = Replays(settings.REDIS_URL)
    replay_id = replays.begin(spec, speed=20, at_once_max=4, per_person_max=2, idle_s=300)
    show(replays, replay_id, 1, 25_250)
    replays.tell(replay_id, state=State.PAUSED, run=1, at_ms=ms_of(MORNING), begins_ms=first_ms, until_ms=last_ms)
    yield replays, replay_id
    forget_replays()


def show(replays, replay_id, run, last_vnd):
    picture = Picture()
    picture.take(ms_of(MORNING), [replace(quote(MORNING), last_vnd=last_vnd)])
    Stage(replays.client, replay_id).show(run, picture)


async def test_a_replay_is_another_market_and_a_jump_is_a_new_snapshot(floor, replay):
    replays, replay_id = replay
    query = f"interval_ms=100&market=replay:{replay_id}"
    async with Socket(floor.trader_client, "/ws/markets", query) as socket:
        await socket.say(action="subscribe", channel="quotes", symbols=["SSI"])
        await socket.say(action="subscribe", channel="status")
        first = await socket.hear("quotes")
        assert (first["seq"], first["data"]["SSI"]["last"]) == (0, 25_250)
        status = (await socket.hear("status"))["data"]
        assert (status["replay"]["id"], status["replay"]["state"], status["clock"]["speed"]) == (replay_id, "paused", 0)
        changed = replace(quote(MORNING), last_vnd=25_300)
        await asyncio.to_thread(Stage(replays.client, replay_id).publish, 1, [changed], [])
        heard = await socket.hear("quotes")
        while heard["data"]["SSI"].get("last") != 25_300:
            heard = await socket.hear("quotes")
        await asyncio.to_thread(show, replays, replay_id, 2, 24_950)
        await asyncio.to_thread(replays.tell, replay_id, run=2)
        heard = await socket.hear("quotes")
        while heard["seq"] != 0:
            heard = await socket.hear("quotes")
        assert heard["data"]["SSI"]["last"] == 24_950, "also backwards"
        await asyncio.to_thread(replays.end, replays.get(replay_id), State.ENDED, "stopped")
        while (said := await socket.wire.receive_output(WAIT_S))["type"] != "websocket.close":
            pass
        assert said["code"] == OVER


async def test_the_live_socket_beside_it_hears_nothing_of_it(floor, replay):
    replays, replay_id = replay
    async with Socket(floor.trader_client, "/ws/markets", "interval_ms=100") as socket:
        await socket.say(action="subscribe", channel="quotes", symbols=["SSI"])
        assert (await socket.hear("quotes"))["data"]["SSI"]["last"] == 25_000
        await until_tailing()
        changed = replace(quote(MORNING), last_vnd=25_300)
        await asyncio.to_thread(Stage(replays.client, replay_id).publish, 1, [changed], [])
        assert await socket.wire.receive_nothing(timeout=1.0)


@pytest.mark.parametrize("name", ["replay:0123456789abcdef", "replay:", "yesterday"])
async def test_an_unknown_market_is_closed_for_good(floor, name):
    async with Socket(floor.trader_client, "/ws/markets", f"market={name}") as socket:
        said = await socket.wire.receive_output(WAIT_S)
        assert (said["type"], said["code"]) == ("websocket.close", OVER)
