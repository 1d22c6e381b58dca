"""The order in which the live desk tells: that of a backtest, in whatever order the messages came."""

import itertools
import random
from datetime import UTC, datetime

import pytest

from apps.marketdata.tests.conftest import at, ms, tick
from apps.strategies.services import lineup as order
from apps.strategies.services.lineup import Lineup, tell_in_order
from apps.strategies.tests.conftest import bar
from qts.adapters.bus import encode
from qts.domain.events import BarClosed, SessionChanged
from qts.domain.ports import Delivery


class Recorder:
    """Says until when all bars are there; its clock stands still until it is moved."""

    def __init__(self):
        self.complete_until, self.wall_s, self.market = None, 1_000.0, at("10:00:00")

    def lineup(self):
        return Lineup(lambda: self.complete_until, self._market_at, lambda: self.wall_s)

    def _market_at(self, wall_s):
        return datetime.fromtimestamp(self.market.timestamp() + wall_s - self.wall_s, tz=UTC)


class Listener:
    """In place of the desk and its strategies."""

    def __init__(self, *timers):
        self.heard, self._timers, self._told_at = [], timers, at("00:00:00")

    def on_clock(self, now):
        self.heard += [f"timer {text}" for text in self._timers if self._told_at < at(text) <= now]
        self._told_at = max(self._told_at, now)

    def tell(self, event):
        self.heard.append(
            f"bar {event.symbol} {datetime.fromtimestamp(event.ts_start_ms / 1000 + 7 * 3600, UTC):%H:%M}"
            if isinstance(event, BarClosed)
            else f"session {event.session}"
            if isinstance(event, SessionChanged)
            else "tick"
        )


def session(text="10:15:00", name="ATC"):
    return SessionChanged(
        symbol="SSI",
        exchange="HOSE",
        session=name,
        status="N",
        ts_exchange_ms=ms(text),
        ts_received_ns=1,
        wal_position="",
    )


NUMBERS = itertools.count(1)


def delivered(*events):
    messages = [encode(event) for event in events]
    return [Delivery(one.topic, one.key, one.body, f"{next(NUMBERS)}-0") for one in messages]


def turn(lineup, listener, *events, in_order=lambda _symbol: True):
    """One turn of the worker."""
    lineup.look(has_timers=True)
    told = lineup.take(delivered(*events), in_order)
    tell_in_order(told, listener, lineup.until_ms, listener.tell)
    return told


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_of_arrival_the_order_of_telling_is_that_of_a_backtest(seed):
    recorder, listener = Recorder(), Listener("10:14:00", "10:15:00")
    lineup = recorder.lineup()
    came = [bar(f"10:{minute}:00", symbol=symbol) for minute in (13, 14) for symbol in ("VNM", "SSI", "HPG")]
    came.append(session("10:15:00"))
    chance = random.Random(seed)
    chance.shuffle(came)
    while came:
        count = chance.randint(1, 3)
        turn(lineup, listener, *came[:count])
        del came[:count]
        recorder.wall_s += 0.1
    assert listener.heard == []
    recorder.complete_until = at("10:15:00")
    turn(lineup, listener)
    assert listener.heard == [
        *("bar HPG 10:13", "bar SSI 10:13", "bar VNM 10:13", "timer 10:14:00"),
        *("bar HPG 10:14", "bar SSI 10:14", "bar VNM 10:14", "session ATC", "timer 10:15:00"),
    ]
    assert not lineup.is_waiting


def test_a_minute_is_not_told_while_the_bus_still_brings_bars():
    recorder, listener = Recorder(), Listener()
    lineup = recorder.lineup()
    recorder.complete_until = at("10:15:00")
    turn(lineup, listener, bar("10:14:00", symbol="VNM"))  # the reading began before the last of them was there
    assert listener.heard == []
    recorder.wall_s += 0.1
    turn(lineup, listener, bar("10:14:00", symbol="HPG"))
    recorder.wall_s += 0.1
    turn(lineup, listener)
    assert listener.heard == ["bar HPG 10:14", "bar VNM 10:14"]


def test_matches_and_bars_that_only_strategies_of_one_symbol_look_at_do_not_wait():
    recorder, listener = Recorder(), Listener()
    lineup = recorder.lineup()
    turn(lineup, listener, bar("10:14:00"), tick("10:15:01", 25_000, position="1:8"), in_order=lambda _symbol: False)
    assert listener.heard == ["bar SSI 10:14", "tick"]


def test_what_waits_is_not_acknowledged():
    recorder, listener = Recorder(), Listener()
    lineup = recorder.lineup()
    assert turn(lineup, listener, bar("10:14:00")) == []
    recorder.complete_until = at("10:15:00")
    recorder.wall_s += 0.1
    assert [one.event.symbol for one in turn(lineup, listener)] == ["SSI"]
    assert turn(lineup, listener) == []


def test_nobody_waits_longer_than_the_patience_for_a_recorder_that_says_nothing():
    recorder, listener = Recorder(), Listener("10:15:00", "10:16:00")
    lineup = recorder.lineup()
    recorder.market = at("10:15:02")
    turn(lineup, listener, bar("10:14:00"))
    assert listener.heard == []
    recorder.market = at("10:15:04")
    assert order.PATIENCE_S == 3.0
    turn(lineup, listener)
    assert listener.heard == ["bar SSI 10:14", "timer 10:15:00"]


def test_a_bar_that_comes_later_than_its_minute_was_told_is_told_when_it_comes():
    recorder, listener = Recorder(), Listener("10:15:00")
    lineup = recorder.lineup()
    recorder.complete_until = at("10:15:00")
    turn(lineup, listener)
    turn(lineup, listener, bar("10:14:00"))
    assert listener.heard == ["timer 10:15:00", "bar SSI 10:14"]
