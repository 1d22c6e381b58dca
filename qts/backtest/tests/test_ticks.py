"""Backtests on matches: what strategies are called with, how orders fill, to the share and the dong; and that what
comes later changes nothing before it."""

from datetime import datetime, time, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.backtest import BacktestSpec, BarPeriod, BarsUnreadable, BarTable, FillAt, SpecWrong, StrategyPart, run
from qts.backtest.bars import read_bars
from qts.backtest.honesty import examine
from qts.backtest.packing import pack, unpack
from qts.backtest.studies import conduct
from qts.backtest.study import Study, StudyKind, study_json, study_of_json
from qts.backtest.table import TickTable
from qts.backtest.tick_engine import minutes_of
from qts.domain.market import VIETNAM, Instrument
from qts.domain.strategy import Bar, Context, Fill, Intents, PlaceOrder, Strategy, TargetPosition, Tick, Timer
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

HERE = "qts.backtest.tests.test_ticks"
MONDAY = datetime(2026, 11, 9, tzinfo=VIETNAM)
STOCKS = {symbol: Instrument(symbol, Exchange.HOSE, InstrumentKind.STOCK) for symbol in ("HPG", "SSI")}


class Listener(Strategy[Any]):
    """Writes down what it is told, and wants what `wishes` says of that moment."""

    key: ClassVar[str] = "listener"
    wants_ticks: ClassVar[bool] = True
    told: ClassVar[list[tuple[Any, ...]]] = []
    wishes: ClassVar[dict[str, Any]] = {}

    def indicator_names(self) -> tuple[str, ...]:
        return ("sma_2",)

    def timers(self) -> tuple[time, ...]:
        return (time(10, 1),)

    def on_tick(self, tick: Tick, context: Context) -> Intents:
        return self._write("tick", tick.ts_exchange_ms, (tick.price_vnd, tick.quantity), context)

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return self._write("bar", bar.ts_start_ms, tuple(bar[2:]), context)

    def on_fill(self, fill: Fill, context: Context) -> Intents:
        return self._write("fill", fill.ts_exchange_ms, (fill.quantity, fill.price_vnd), context)

    def on_timer(self, timer: Timer, context: Context) -> Intents:
        return self._write("timer", timer.ts_ms, (), context)

    def _write(self, kind: str, ts_ms: int, what: Any, context: Context) -> Intents:
        at = f"{datetime.fromtimestamp(ts_ms / 1_000, tz=VIETNAM):%H:%M:%S}"
        self.told.append((at, kind, what, context.quantity, context.working_quantity, context.indicators.get("sma_2")))
        return self.wishes.get(f"{at} {kind}")


@pytest.fixture(autouse=True)
def _forget():
    yield
    Listener.told.clear()
    Listener.wishes.clear()


def at_ms(at, day=0):
    hour, minute, second = (float(one) for one in at.split(":"))
    moment = MONDAY + timedelta(days=day, hours=hour, minutes=minute, seconds=second)
    return round(moment.timestamp() * 1_000)


def matches(*told, symbol="SSI", day=0):
    """Each `10:00:00 25000 300`."""
    rows = [one.split() for one in told]
    return TickTable.of_matches(
        symbol, [at_ms(row[0], day) for row in rows], [int(row[1]) for row in rows], [int(row[2]) for row in rows]
    )


def spec(**more):
    given = {"parts": [StrategyPart(f"{HERE}:Listener")], "instruments": STOCKS, "period": BarPeriod.TICK}
    return BacktestSpec(**(given | more))


def fills_of(*told, **more):
    result = run(spec(**more), matches(*told))
    return [(fill.ts_ms - at_ms("10:00:00"), fill.quantity, fill.price_vnd) for fill in result.fills]


def test_matches_bars_and_timers_come_in_their_order():
    """A bar is told when its minute is over: before a later match, and before a timer of that moment."""
    run(spec(), matches("10:00:05 25000 100", "10:00:40 25100 200", "10:01:00 25050 300", "10:02:30 25200 100"))
    assert [entry[:3] for entry in Listener.told] == [
        ("10:00:05", "tick", (25_000, 100)), ("10:00:40", "tick", (25_100, 200)),
        ("10:00:00", "bar", (25_000, 25_100, 25_000, 25_100, 300)), ("10:01:00", "timer", ()),
        ("10:01:00", "tick", (25_050, 300)), ("10:01:00", "bar", (25_050, 25_050, 25_050, 25_050, 300)),
        ("10:02:30", "tick", (25_200, 100)), ("10:02:00", "bar", (25_200, 25_200, 25_200, 25_200, 100)),
    ]  # fmt: skip
    # a match knows the indicators of the last bar that is over, and no later one
    assert [entry[-1] for entry in Listener.told if entry[1] == "tick"] == [None, None, None, 25_075.0]


def test_bars_on_matches_are_those_that_a_run_on_their_bars_sees():
    table = matches(*[f"10:0{n // 6}:{n % 6 * 10:02} {25_000 + n % 5 * 50} {100 + n}" for n in range(54)])
    run(spec(), table)
    on_matches = [entry[2] for entry in Listener.told if entry[1] == "bar"]
    Listener.told.clear()
    run(spec(period=BarPeriod.MINUTE), minutes_of(table))
    assert [entry[2] for entry in Listener.told if entry[1] == "bar"] == on_matches
    assert len(on_matches) == 9


def buy(price_vnd=25_000, quantity=1_000):
    return PlaceOrder(Side.BUY, quantity, OrderType.LO, price_vnd, "in")


def test_an_order_that_rests_waits_for_the_queue_before_it():
    """1,500 stand before it: the first match takes 1,000 of them, the second the rest and offers 2,500, of which a
    tenth is whole lots of 200; a match through its price offers all."""
    Listener.wishes["10:00:00 tick"] = buy()
    told = ("10:00:00 25050 100", "10:00:01 25000 1000", "10:00:02 25000 3000", "10:00:03 24950 4000",
            "10:00:04 25050 90000", "10:00:05 25000 9000")  # fmt: skip
    assert fills_of(*told, queue_quantity=1_500) == [(2_000, 200, 25_000), (3_000, 400, 25_000), (5_000, 400, 25_000)]
    assert fills_of(*told, queue_quantity=0)[0] == (1_000, 100, 25_000)
    assert fills_of(*told, queue_quantity=10_000_000) == [(3_000, 400, 25_000), (5_000, 600, 25_000)]


def test_shares_of_a_lot_are_saved_up():
    """A tenth of 900 is 90 shares: no lot, but with the next match it is one."""
    Listener.wishes["10:00:00 tick"] = buy(quantity=100)
    told = ("10:00:00 25050 100", "10:00:01 25000 900", "10:00:02 25000 50", "10:00:03 25000 100")
    assert fills_of(*told, queue_quantity=0) == [(3_000, 100, 25_000)]


def test_an_order_that_crosses_takes_the_next_match_at_its_price_and_rests_with_what_is_left():
    Listener.wishes["10:00:00 tick"] = TargetPosition(1_000, "in")  # reaches one tick beyond the last match
    told = ("10:00:00 25000 100", "10:00:01 24900 3000", "10:00:02 24800 20000")
    assert fills_of(*told) == [(1_000, 300, 24_900), (2_000, 700, 25_050)]
    assert fills_of(*told, slippage_ticks=2) == [(1_000, 300, 25_000), (2_000, 700, 25_050)]
    assert fills_of(*told, slippage_ticks=9) == [(1_000, 300, 25_050), (2_000, 700, 25_050)]  # its own is the worst


def test_one_that_the_market_ran_away_from_rests():
    Listener.wishes["10:00:00 tick"] = TargetPosition(1_000, "in")
    assert fills_of("10:00:00 25000 100", "10:00:01 25300 9000", "10:00:02 24800 20000") == [(2_000, 1_000, 25_050)]


def test_a_sale_is_the_mirror_of_a_purchase():
    Listener.wishes["10:00:00 tick"] = TargetPosition(1_000, "in")
    Listener.wishes["13:30:00 tick"] = PlaceOrder(Side.SELL, 1_000, OrderType.LO, 25_100, "out")
    days = [
        matches("10:00:00 25000 100", "10:00:01 25000 90000"),
        matches("10:00:01 25000 90000", day=1),
        matches("13:30:00 25000 100", "13:30:01 25100 2000", "13:30:02 25100 7000", "13:30:03 25150 5000", day=2),
    ]
    columns = [
        [row for day in days for row in getattr(day, name).tolist()] for name in ("ts_start_ms", "close_vnd", "volume")
    ]
    result = run(spec(queue_quantity=3_000), TickTable.of_matches("SSI", *columns))
    assert [(fill.side, fill.quantity, fill.price_vnd) for fill in result.fills] == [
        ("BUY", 1_000, 25_000), ("SELL", 600, 25_100), ("SELL", 400, 25_100),
    ]  # fmt: skip


def test_latency_keeps_an_order_out_of_the_market():
    Listener.wishes["10:00:00 tick"] = TargetPosition(100, "in")
    told = ("10:00:00 25000 100", "10:00:00.300 25000 5000", "10:00:00.500 25050 5000", "10:00:01 25000 5000")
    assert [one[0] for one in fills_of(*told)] == [300]
    assert [one[0] for one in fills_of(*told, latency_ms=500)] == [500]
    assert [one[0] for one in fills_of(*told, latency_ms=501)] == [1_000]


def test_latency_and_slippage_on_bars():
    """An order after the bar of 10:00 is in the market half a second into 10:01: it meets the bar of 10:02."""
    Listener.wishes["10:00:00 bar"] = TargetPosition(100, "in")

    def found(**more):
        bars = [Bar("SSI", at_ms(f"10:0{n}:0"), 25_000, 25_100, 24_900, 25_000, 90_000) for n in range(4)]
        bars[2] = bars[2]._replace(open_vnd=24_950)
        result = run(spec(period=BarPeriod.MINUTE, spread_ticks=3, **more), bars)
        return [(fill.ts_ms - at_ms("10:00:00"), fill.price_vnd) for fill in result.fills]

    assert found() == [(60_000, 25_000)]
    assert found(latency_ms=500) == [(120_000, 24_950)]
    assert found(latency_ms=500, slippage_ticks=2) == [(120_000, 25_050)]
    assert found(slippage_ticks=50) == [(60_000, 25_150)]


def test_a_foreign_owner_buys_no_more_than_the_room():
    for second, wanted in ((0, 300), (2, 600), (4, 500)):
        Listener.wishes[f"10:00:0{second} tick"] = TargetPosition(wanted, f"{wanted}")
    told = [f"10:00:0{second} 25000 90000" for second in range(7)]
    result = run(spec(foreign_room={"SSI": 500}), matches(*told))
    assert [fill.quantity for fill in result.fills] == [300, 200]
    assert [(one.signal, one.reason) for one in result.refusals] == [("600", "FOREIGN_ROOM_EXCEEDED")]
    assert [fill.quantity for fill in run(spec(), matches(*told)).fills] == [300, 300]  # nobody's room is asked


def test_at_a_locked_ceiling_nobody_sells():
    Listener.wishes["10:00:00 tick"] = buy(26_750)
    result = run(spec(), matches("9:20:00 25000 100", "10:00:00 26750 100", "10:00:01 26750 90000"))
    assert result.fills == []
    assert (result.locked_bars, result.expired_orders) == (1, 1)


def test_the_share_of_the_volume_is_of_the_minute():
    Listener.wishes["10:00:00 tick"] = TargetPosition(1_000, "in")
    result = run(spec(), matches("10:00:00 25000 90000", "10:00:01 25000 10000", "10:00:02 25000 100"))
    assert result.largest_share_percent == pytest.approx(100 * 1_000 / 100_100)


WRONG = [
    ({"period": BarPeriod.MINUTE}, "matches and only they are run with the period TICK"),
    ({"frictionless": FillAt.CLOSE}, "Matches are for the market's rules"),
    ({"latency_ms": -1}, "A latency is 0 to 60,000 ms"),
    ({"slippage_ticks": 101}, "Slippage is 0 to 100 ticks"),
    ({"queue_quantity": -1}, "not negative"),
    ({"foreign_room": {"VNM": 1}}, "foreign room of VNM, which is no instrument"),
    ({"frictionless": FillAt.CLOSE, "period": BarPeriod.DAY, "latency_ms": 1}, "Without friction there is no latency"),
]


@pytest.mark.parametrize(("more", "told"), WRONG)
def test_what_cannot_be_run_is_told(more, told):
    with pytest.raises(SpecWrong, match=told):
        run(spec(**more), matches("10:00:00 25000 100"))


def test_all_of_it_is_in_the_stored_specification_and_the_fingerprint():
    table = matches("10:00:00 25000 100", "10:00:00 25000 100")
    asked = spec(latency_ms=250, slippage_ticks=1, queue_quantity=7_000, foreign_room={"SSI": 900})
    study = Study(kind=StudyKind.RUN, spec=asked)
    assert study_of_json(study_json(study)).spec.fingerprint(table) == asked.fingerprint(table)
    others = [spec(**{name: getattr(asked, name)}) for name in ("latency_ms", "slippage_ticks", "queue_quantity")]
    known = {one.fingerprint(table) for one in (asked, spec(), spec(foreign_room={"SSI": 900}), *others)}
    assert len(known) == 6
    assert unpack(pack(table)).digest() == table.digest()
    assert isinstance(unpack(pack(table)), TickTable)
    assert len(unpack(pack(table))) == 2  # equal matches are two
    flat = BarTable.of_columns("SSI", [1], [5], [5], [5], [5], [5])
    assert flat.digest() != TickTable.of_matches("SSI", [1], [5], [5]).digest()


def test_matches_are_read_from_a_file(tmp_path):
    path = tmp_path / "matches.csv"
    path.write_text("symbol,time,price,volume\nSSI,2026-11-09 10:00:00,25,100\nHPG,2026-11-09 10:00:00,30,50\n"
                    "SSI,2026-11-09 10:00:00,25.05,200\n")  # fmt: skip
    table = read_bars(path, period=BarPeriod.TICK)
    assert [(one.symbol, one.close_vnd, one.volume) for one in table.bars() if one.symbol == "SSI"] == [
        ("SSI", 25_000, 100), ("SSI", 25_050, 200),
    ]  # fmt: skip
    for line, told in (("SSI,2026-11-09 09:59:59,25,100", "line 5: .* comes before"), ("SSI,x,25,100", "line 5"),
                       ("SSI,2026-11-09 10:01:00,25,0", "line 5: a match has a price and a volume")):  # fmt: skip
        wrong = tmp_path / "wrong.csv"
        wrong.write_text(path.read_text() + line + "\n")
        with pytest.raises(BarsUnreadable, match=told):
            read_bars(wrong, period=BarPeriod.TICK)
    assert run(f"{HERE}:Listener", path, symbols=["SSI"], is_matches=True).asked.spec.period is BarPeriod.TICK


class Jumpy(Strategy[Any]):
    """Wants something else after nearly every event, in limit orders and targets of both symbols."""

    key: ClassVar[str] = "jumpy"
    wants_ticks: ClassVar[bool] = True
    wants_universe: ClassVar[bool] = True

    def indicator_names(self) -> tuple[str, ...]:
        return ("sma_2", "rsi_3")

    def timers(self) -> tuple[time, ...]:
        return (time(9, 20), time(13, 5))

    def on_tick(self, tick: Tick, context: Context) -> Intents:
        number = tick.price_vnd // 50 + tick.quantity // 100
        if number % 3 == 0:
            return TargetPosition(number % 4 * 100, f"tick {context.indicators.get('sma_2')} {context.equity_vnd}")
        if number % 3 == 1 and context.working_quantity == 0:
            return PlaceOrder(Side.BUY, 200, OrderType.LO, tick.price_vnd - 50, f"{context.previous.get('sma_2')}")
        return None

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        wanted = bar.volume // 100 % 5 * 100
        return TargetPosition(wanted, f"bar {len(context.universe)} {context.indicators.get('rsi_3')}")

    def on_timer(self, timer: Timer, context: Context) -> Intents:
        return TargetPosition(100, "timer", "HPG")

    def on_fill(self, fill: Fill, context: Context) -> Intents:
        return TargetPosition(context.quantity + 100, "more") if fill.quantity == 100 else None


STEPS = st.lists(
    st.tuples(st.integers(0, 25_000), st.integers(-3, 3), st.integers(1, 40), st.booleans()), min_size=8, max_size=60
)


def walked(steps):
    """Matches of two symbols over some days: each so many ms after the one before."""
    rows = {"SSI": [[], [], []], "HPG": [[], [], []]}
    prices, now_ms, day = {"SSI": 25_000, "HPG": 30_000}, at_ms("9:16:0"), 0
    for number, (after_ms, change, lots, is_other) in enumerate(steps):
        now_ms += after_ms
        if number % 20 == 19:
            day += 1
            now_ms = at_ms("9:16:0", day)
        symbol = "HPG" if is_other else "SSI"
        prices[symbol] += 50 * change
        for column, value in zip(rows[symbol], (now_ms, prices[symbol], lots * 100), strict=True):
            column.append(value)
    return TickTable.merged([TickTable.of_matches(symbol, *columns) for symbol, columns in rows.items() if columns[0]])


@settings(max_examples=40, deadline=None)
@given(STEPS, st.data(), st.sampled_from([0, 250]), st.sampled_from([0, 800]))
def test_what_comes_later_changes_nothing_before_it(steps, data, latency_ms, queue_quantity):
    table = walked(steps)
    asked = spec(
        parts=[StrategyPart(f"{HERE}:Jumpy")], latency_ms=latency_ms, queue_quantity=queue_quantity,
        instruments={symbol: STOCKS[symbol] for symbol in table.symbols}, slippage_ticks=1,
    )  # fmt: skip
    whole = run(asked, table)
    count = data.draw(st.integers(1, len(table)))
    known_ms = int(table.ts_start_ms[count - 1])
    part = run(asked, table.until(count))

    def past(result):
        fills = [fill for fill in result.fills if fill.ts_ms < known_ms]
        return fills, [one for one in result.refusals if one.ts_ms < known_ms]

    assert past(part) == past(whole)
    assert run(asked, table) == whole


def test_a_study_on_matches_is_examined_and_drawn():
    steps = [(7_000, (n * 7 % 5) - 2, 20 + n % 17, n % 3 == 0) for n in range(400)]
    table = walked(steps)
    document = conduct(Study(kind=StudyKind.RUN, spec=spec(parts=[StrategyPart(f"{HERE}:Jumpy")])), table)
    assert document["figures"]["fills"] > 20
    assert document["honesty"]["sees_future"] is False
    result = run(spec(parts=[StrategyPart(f"{HERE}:Jumpy")]), table)
    assert "<svg" in result._repr_html_()
    assert examine(*result.asked, result).foresight == []
