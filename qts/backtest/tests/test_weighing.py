"""Published signals, policies and order books in a backtest: nothing is seen before it was known, and what is
missing is gone on without."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qts.backtest import BacktestSpec, BarPeriod, SpecWrong, StrategyPart, run
from qts.backtest.spec import FillAt
from qts.backtest.study import Study, StudyKind, study_json, study_of_json
from qts.backtest.table import BarTable, TickTable
from qts.domain.market import Instrument
from qts.domain.portfolio import FeeSchedule
from qts.domain.strategy import Bar, Book, Context, Intents, PublishedSignal, Signal, Source, Strategy, TargetPosition
from qts.domain.strategy.deciding import DecisionPolicy, SourceTerms
from qts.domain.strategy.position_size import Size
from qts.domain.strategy.tests.signals import HUNDRED, published, three_sources
from qts.domain.values import Exchange, InstrumentKind

HERE = "qts.backtest.tests.test_weighing"
BEGAN_MS = 1_794_189_600_000  # a Monday, 10:00 in Vietnam
MINUTE_MS = 60_000
TWO = {symbol: Instrument(symbol, Exchange.HOSE, InstrumentKind.STOCK) for symbol in ("SSI", "VNM")}


class Echo(Strategy[Any]):
    """Speaks for it at the bars of `speaks`, and keeps what it was told by others."""

    key: ClassVar[str] = "echo"
    title: ClassVar[str] = "Echo"
    summary: ClassVar[str] = "For tests."
    speaks: ClassVar[dict[int, int]] = {}
    told: ClassVar[list[tuple[int, str]]] = []

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        minute = (bar.ts_start_ms - BEGAN_MS) // MINUTE_MS
        heard = [*context.predictions.values(), *context.sentiments.values()]
        self.told.extend((minute, f"{bar.symbol} {one.signal_id}") for one in heard)
        direction = self.speaks.get(minute)
        return None if direction is None else Signal(direction, 100, "says so")


class Bookworm(Strategy[Any]):
    key: ClassVar[str] = "bookworm"
    title: ClassVar[str] = "Bookworm"
    summary: ClassVar[str] = "For tests."
    wants_book: ClassVar[bool] = True
    told: ClassVar[list[str]] = []

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        self.told.append(f"bar {(bar.ts_start_ms - BEGAN_MS) // MINUTE_MS}")
        return None

    def on_book(self, book: Book, context: Context) -> Intents:
        self.told.append(f"book {book.bids[0][0]}")
        return TargetPosition(100, "book")


@pytest.fixture(autouse=True)
def _anew():
    Echo.speaks, Echo.told, Bookworm.told = {}, [], []


def bars(count: int, symbol: str = "SSI", price_vnd: int = 25_000, spread_vnd: int = 0) -> list[Bar]:
    return [
        Bar(symbol, BEGAN_MS + number * MINUTE_MS, price_vnd, price_vnd + spread_vnd, price_vnd - spread_vnd, price_vnd,
            100_000)
        for number in range(count)
    ]  # fmt: skip


def spec(policy: DecisionPolicy, *signals: PublishedSignal, **more: Any) -> BacktestSpec:
    given: dict[str, Any] = {
        "parts": [StrategyPart(f"{HERE}:Echo", policy=policy)], "instruments": TWO, "signals": signals,
        "frictionless": FillAt.CLOSE,
    }  # fmt: skip
    return BacktestSpec(**(given | more))


def at(minute: float, direction: int, **more: Any) -> PublishedSignal:
    ts_ms = BEGAN_MS + round(minute * MINUTE_MS)
    return published(direction, 100, ts_made_ms=ts_ms, **({"signal_id": f"p{minute:g}"} | more))


def codes(found: Any) -> list[str]:
    return [one.reasoning.outcome.code for one in found.decisions]


def test_a_signal_is_seen_from_the_bar_on_in_whose_time_it_became_known():
    late = at(1.5, 1, signal_id="late", name="slow")._replace(ts_known_ms=BEGAN_MS + 3 * MINUTE_MS + 1)
    run(spec(three_sources(), at(0.5, 1), at(2, 1), late), bars(5))
    assert Echo.told == [
        (0, "SSI p0.5"), (1, "SSI p2"), (2, "SSI p2"), (3, "SSI late"), (3, "SSI p2"), (4, "SSI late"), (4, "SSI p2"),
    ]  # fmt: skip


def test_what_is_published_moves_it_and_what_is_not_there_is_gone_on_without():
    Echo.speaks = {1: 1}
    found = run(spec(three_sources(), at(3.5, -1), at(3.6, -1, source="sentiment", signal_id="s")), bars(6))
    assert codes(found) == ["ENTER", "UNDECIDED"]  # (6,000 - 3,000 - 1,000) / 100: not enough to leave for
    assert found.decisions[0].reasoning.outcome.reason.endswith("; without prediction and sentiment")
    assert [(fill.side, fill.quantity) for fill in found.fills] == [("BUY", 100)]
    heavier = replace(three_sources(), sources=(*three_sources().sources[:1], SourceTerms(Source.PREDICTION, 900)))
    left = run(spec(heavier, at(3.5, -1)), bars(6))
    assert codes(left) == ["ENTER", "LEAVE"]
    assert [(fill.side, fill.quantity) for fill in left.fills] == [("BUY", 100), ("SELL", 100)]
    assert left.fills[1].ts_ms == BEGAN_MS + 3 * MINUTE_MS
    assert left.fills[1].signal == "says so (the vote comes to -87 %, of 30 % needed)"


def test_under_the_rules_of_the_market_a_decision_that_came_to_nothing_is_a_refusal_with_its_reason():
    Echo.speaks = {1: 1, 3: -1, 4: 1}
    found = run(spec(three_sources(cooldown_after_order_s=600), frictionless=None), bars(6))
    assert codes(found) == ["ENTER", "LEAVE", "ALREADY_IN"]
    assert [one.reason for one in found.refusals] == [
        "only 0 of 100 can be sold today (shares bought settle on T+2)",
        "the vote comes to 100 %, of 30 % needed; it is held or being bought already; without prediction and sentiment",
    ]
    assert [fill.quantity for fill in found.fills] == [100]


def test_risk_parity_over_its_symbols_is_measured_by_the_engine_and_not_told_to_the_strategy():
    policy = DecisionPolicy((SourceTerms(Source.TECHNICAL),), Size("risk_parity", {"percent_of_equity": 50}))
    Echo.speaks = {29: 1}
    table = [*bars(30, spread_vnd=250), *bars(30, "VNM", 50_000, 1_500)]  # they move 2 % and 6 %
    asked = spec(policy, cash_vnd=1_000_000_000, fees=FeeSchedule(0, 0))
    found = run(asked, sorted(table, key=lambda one: (one.ts_start_ms, one.symbol)))
    sized = {one.target.symbol: one.target.quantity for one in found.decisions if one.target}
    assert sized == {"SSI": 15_000, "VNM": 2_499}  # three to one of half a billion, never more than it


def test_of_books_each_bar_brings_the_latest_and_without_books_nothing_is_told():
    books = [Book("SSI", BEGAN_MS + at_ms, ((best, 100),), ()) for at_ms, best in
             ((10_000, 24_900), (20_000, 24_950), (60_001, 25_000), (250_000, 25_050))]  # fmt: skip
    asked = spec(three_sources(), parts=[StrategyPart(f"{HERE}:Bookworm")], frictionless=None)
    found = run(asked, bars(3), books=books)
    assert Bookworm.told == ["book 24950", "bar 0", "book 25000", "bar 1", "bar 2"]
    assert [fill.quantity for fill in found.fills] == [100]
    Bookworm.told.clear()
    assert run(asked, bars(3)).fills == []
    assert Bookworm.told == ["bar 0", "bar 1", "bar 2"]


def test_two_strategies_at_one_symbol_are_told_the_same_books():
    books = [Book("SSI", BEGAN_MS + at_ms, ((best, 100),), ()) for at_ms, best in ((10_000, 24_900), (60_001, 24_950))]
    asked = spec(three_sources(), parts=[StrategyPart(f"{HERE}:Bookworm")] * 2, frictionless=None)
    run(asked, bars(2), books=books)
    assert Bookworm.told == ["book 24900", "bar 0", "book 24900", "bar 0", "book 24950", "bar 1", "book 24950", "bar 1"]
    Bookworm.told.clear()
    matches = TickTable.of_matches("SSI", [BEGAN_MS + 20_000, BEGAN_MS + 59_000], [25_000] * 2, [100] * 2)
    run(replace(asked, period=BarPeriod.TICK), matches, books=books)
    assert Bookworm.told == ["book 24900", "book 24900", "bar 0", "bar 0"]


signals = st.builds(
    at,
    st.integers(0, 1_200).map(lambda second: second / 60),
    st.integers(-1, 1),
    source=st.sampled_from(("prediction", "sentiment")),
    signal_id=st.uuids().map(str),
)


@settings(max_examples=40)
@given(
    st.lists(signals, max_size=12),
    st.dictionaries(st.integers(0, 19), st.sampled_from((-1, 1)), max_size=10),
    st.integers(1, 19),
)
def test_what_becomes_known_later_changes_nothing_before(told, speaks, count):
    Echo.speaks = speaks
    asked = spec(three_sources(cooldown_after_exit_s=120), *told)
    whole = run(asked, bars(20)).decisions
    until_ms = BEGAN_MS + count * MINUTE_MS
    known = [one for one in told if one.ts_known_ms <= until_ms]
    cut = run(replace(asked, signals=known), bars(count)).decisions
    assert list(cut) == [one for one in whole if one.reasoning.ts_ms <= until_ms]


def test_a_study_is_repeated_from_its_json_with_policy_and_signals():
    asked = spec(three_sources(size=HUNDRED), at(1.5, 1), frictionless=None)
    study = Study(kind=StudyKind.RUN, spec=asked)
    again = study_of_json(study_json(study))
    assert (again.spec.parts[0].policy, list(again.spec.signals)) == (three_sources(size=HUNDRED), [at(1.5, 1)])
    table = BarTable.of(bars(3))
    assert again.spec.fingerprint(table) == asked.fingerprint(table)
    assert replace(asked, signals=()).fingerprint(table) != asked.fingerprint(table)
    plain = replace(asked, parts=[StrategyPart(f"{HERE}:Echo")])
    assert plain.fingerprint(table) != asked.fingerprint(table)
    told = study_json(study)
    for wrong in ({"signals": [["x"]]}, {"signals": 7}, {"signals": [[*at(1, 1)[:4], 2, *at(1, 1)[5:]]]}):
        with pytest.raises(SpecWrong, match="signal"):
            study_of_json(told | wrong)
    with pytest.raises(SpecWrong, match="policy"):
        study_of_json(told | {"parts": [told["parts"][0] | {"policy": {"sources": []}}]})
