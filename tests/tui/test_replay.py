"""The terminal in front of a day that is played again: it shows that day, says so, and orders nothing."""

from dataclasses import replace

import pytest
from django.conf import settings as django_settings

from apps.marketdata.selectors import day_bounds_ms
from apps.marketdata.tests.replaying import forget_replays
from apps.orders.models import Order
from apps.orders.tests.conftest import MORNING, quote
from qts.adapters.bus import encode
from qts.adapters.latest_state import write_latest
from qts.adapters.time_machine.names import RunNames
from qts.adapters.time_machine.replays import Replays, Source, Spec, State
from qts.domain.market import ms_of, to_vietnam
from qts.tui.__main__ import market_of
from qts.tui.errors import Refused
from qts.tui.wire import Order as WireOrder
from tests.tui.conftest import in_database

pytestmark = pytest.mark.django_db(transaction=True)
DAY = to_vietnam(MORNING).date()


@pytest.fixture
def replay(floor):
    """Of the floor's day, paused at its morning; SSI stands 1 % higher than in the live market."""
    forget_replays()
    first_ms, last_ms = day_bounds_ms(DAY)
    spec = Spec(
        owner_id=floor.trader.pk, owner="trader", day=DAY.isoformat(), source=Source.LOG, first_ms=first_ms,
        last_ms=last_ms, until_ms=last_ms,
    )  # fmt: skip
    replays = Replays(django_settings.REDIS_URL)
    replay_id = replays.begin(spec, speed=20, at_once_max=4, per_person_max=2, idle_s=300)
    replays.tell(replay_id, state=State.PAUSED, run=1, at_ms=ms_of(MORNING), begins_ms=first_ms, until_ms=last_ms)
    then = replace(quote(MORNING), last_vnd=25_250)
    with replays.client.pipeline() as pipe:
        write_latest(pipe, RunNames(replay_id, 1).latest, [encode(then)])
        pipe.execute()
    yield replays, replay_id
    forget_replays()


async def test_it_shows_that_market_and_orders_nothing(sit, floor, replay):
    replays, replay_id = replay
    async with sit(replay=f"replay:{replay_id}") as seat:
        await seat.give_password("trader")
        await seat.sees("The password is right")
        await seat.say_the_code("trader")
        await seat.sees("● REPLAY", f"REPLAY of {DAY}", "×20, paused", "nothing can be ordered here", "25.25")
        for key in ("b", "s", "c"):
            await seat.press(key)
            await seat.sees("--market")
            assert len(seat.app.screen_stack) == 1, "no ticket opens"
        body = {"account_id": str(floor.desk.account_id), "symbol": "SSI", "side": "BUY", "order_type": "LO",
                    "quantity": 100, "price_vnd": 25_000}  # fmt: skip
        with pytest.raises(Refused) as refusal:
            await seat.app.session.post("orders/", body, WireOrder, idempotency_key="one")
        assert (refusal.value.code, refusal.value.status) == ("REPLAY_MARKET", 409)
        assert await in_database(Order.objects.count) == 0
        replays.tell(replay_id, state=State.PLAYING, speed=60)
        await seat.sees("×60, playing")
        replays.end(replays.get(replay_id), State.ENDED, "stopped")
        await seat.sees("This replay is over")


@pytest.mark.parametrize(
    ("asked", "named"), [("", ""), ("live", ""), ("replay:0123456789abcdef", "replay:0123456789abcdef")]
)
def test_markets_that_can_be_named(asked, named):
    assert market_of(asked) == named


@pytest.mark.parametrize("asked", ["yesterday", "replay:", "replay:xyz", "replay:../qts", "replay:2026-11-20"])
def test_markets_that_cannot(asked):
    with pytest.raises(ValueError, match="is no market"):
        market_of(asked)
