"""Several sources at the live desk: the same decisions as in a backtest, with the reasoning stored; and what it does
when sources are missing, repeat themselves, or when its process begins anew."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.analytics import selectors as analytics
from apps.analytics.services import GivenSignal, publish_signals
from apps.marketdata.tests.conftest import at, ms
from apps.orders import selectors as orders
from apps.strategies import selectors
from apps.strategies.models import Decision, Mode, Promotion, Strategy
from apps.strategies.selectors.promotions import binding_of
from apps.strategies.services import StrategyRefused, change_policy, create_strategy, stop_strategy
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.services.lineup import Told
from apps.strategies.services.signals import BATCH_MAX, _waiting_books, handle
from apps.strategies.tests.conftest import NOW, TRADER, bar
from qts.adapters.bus import encode
from qts.backtest import BacktestSpec, StrategyPart, run
from qts.backtest.spec import FillAt
from qts.domain.events import BarClosed, OrderBookUpdated, PredictionGenerated, SentimentGenerated, SignalGenerated
from qts.domain.market import Instrument
from qts.domain.ports import Delivery
from qts.domain.strategy import Bar, SignalBoard, published_signal
from qts.domain.strategy.deciding import parse_policy
from qts.domain.values import Exchange, InstrumentKind

pytestmark = pytest.mark.django_db(transaction=True)
VOTER = "apps.strategies.tests.strange:Voter"
READER = "apps.strategies.tests.strange:Reader"
POLICY = {
    "sources": [
        {"source": "technical", "weight": 60},
        {"source": "prediction", "weight": 30, "strength_percent_min": 50, "age_s_max": 300},
        {"source": "sentiment", "weight": 10, "age_s_max": 300},
    ],
    "score_percent_min": 40,
    "cooldown_after_exit_s": 120,
    "size": {"method": "percent_of_equity", "percent": 11},
}
FIXED = POLICY | {"size": {"method": "fixed", "quantity": 500}}  # what has no friction has no lots either
UP, DOWN, FLAT = (25_000, 25_100), (25_000, 24_900), (25_000, 25_000)
BARS = [FLAT, UP, FLAT, FLAT, FLAT, DOWN, UP, UP, FLAT, FLAT, UP]  # from 10:00 on, a minute each
PUBLISHED = [  # in the minute of the bar (10:00:30 is in the first one), source, direction, strength
    ("10:01:30", "prediction", -1, 90),  # (60 x 60 - 30 x 90) / 90: 10 %
    ("10:02:30", "prediction", 1, 80),  # (60 x 60 + 30 x 80) / 90: 66 %: entered without a new word of the strategy
    ("10:03:30", "sentiment", -1, 30),  # 57 %: stays in
    ("10:04:30", "prediction", -1, 49),  # below 50 %: does not count
    ("10:08:30", "prediction", -1, 100),  # after the exit
    ("10:09:30", "prediction", 1, 100),
]


def published(text: str, source: str, direction: int, strength: int) -> SignalGenerated:
    kind = PredictionGenerated if source == "prediction" else SentimentGenerated
    return kind(
        signal_id=f"{source}:{text}", symbol="SSI", name="up", direction=direction, strength_percent=strength,
        value="0.5", reason="", publisher="user:1", valid_s=3_600, ts_made_ms=ms(text), ts_known_ms=ms(text),
    )  # fmt: skip


def closed(number: int, prices: tuple[int, int]) -> BarClosed:
    return BarClosed(
        symbol="SSI", ts_start_ms=ms(f"10:{number:02}:00"), open_vnd=prices[0], high_vnd=max(prices),
        low_vnd=min(prices), close_vnd=prices[1], volume=100_000, value_vnd=2_500_000_000, trade_count=10,
        ts_received_ns=time.time_ns(), wal_position="1:8",
    )  # fmt: skip


def begin(class_key: str, **changes: Any) -> Strategy:
    """The strategy of the fixtures, as another one."""
    Strategy.objects.update(class_key=class_key, parameters={}, run=2, **changes)
    return Strategy.objects.get()


def in_shadow(strategy: Strategy) -> None:
    """What it wants is written down and counts as done at once, as without friction."""
    strategy.mode, strategy.code_hash = Mode.SHADOW, selectors.code_of(strategy.class_key).content_hash
    strategy.save()
    Promotion.objects.create(
        id=uuid4(), strategy=strategy, mode=Mode.SHADOW, binding=binding_of(strategy), content_hash="x", reason="test",
        proposed_by="user:1", decided_by="user:2", proposed_at=NOW, expires_at=NOW, status=Promotion.Status.APPROVED,
    )  # fmt: skip


def tell(desk: StrategyDesk, signals: list[SignalGenerated]) -> None:
    """Each minute's signals come before or after its bar is worked on, whatever their order."""
    waiting = list(signals)
    for number, prices in enumerate(BARS):
        until_ms = ms(f"10:{number:02}:00") + 90_000  # half a minute late: what came after the bar is here already
        while waiting and waiting[0].ts_known_ms <= until_ms:
            desk.on_signal(waiting.pop(0))
        desk.begin_batch()
        desk.on_bar(closed(number, prices))


def live_decisions() -> list[tuple[Any, ...]]:
    return [
        (row.reasoning["ts_ms"], row.reasoning["outcome"], row.quantity, told(row.reasoning["inputs"]))
        for row in Decision.objects.order_by("reasoning__ts_ms")
    ]


def told(inputs: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["source"], one["state"], one["signal_id"], one["age_s"]) for one in inputs]


def backtested(signals: list[SignalGenerated]) -> list[tuple[Any, ...]]:
    """As the desk's: a sale tells how many it sells there."""
    bars = [
        Bar("SSI", one.ts_start_ms, one.open_vnd, one.high_vnd, one.low_vnd, one.close_vnd, one.volume)
        for one in (closed(number, prices) for number, prices in enumerate(BARS))
    ]
    spec = BacktestSpec(
        parts=[StrategyPart(VOTER, policy=parse_policy(FIXED))],
        instruments={"SSI": Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)},
        cash_vnd=125_000_000,  # what the account of the fixtures is worth
        frictionless=FillAt.CLOSE,
        signals=[published_signal(one) for one in signals],
    )
    found, held = [], 0
    for one in run(spec, bars).decisions:
        reasoning, quantity = one.reasoning.as_json(), 0
        if one.target is not None:
            quantity, held = abs(one.target.quantity - held), one.target.quantity
        found.append((reasoning["ts_ms"], reasoning["outcome"], quantity, told(reasoning["inputs"])))
    return found


def test_all_three_sources_come_to_the_same_decisions_in_a_backtest_and_at_the_desk(desk, account_id):
    in_shadow(begin(VOTER, decision_policy=FIXED))
    desk.refresh()
    signals = [published(*one) for one in PUBLISHED]
    tell(desk, signals)
    decisions = live_decisions()
    assert decisions == backtested(signals)
    assert [(outcome["code"], quantity) for _, outcome, quantity, _ in decisions] == [
        ("UNDECIDED", 0),  # the bar of 10:01: the strategy is for it, a prediction against it
        ("ENTER", 500),
        ("ALREADY_IN", 0),
        ("ALREADY_IN", 0),  # a prediction that does not count has replaced the one before: 47 %
        ("LEAVE", 500),
        ("COOLDOWN_AFTER_EXIT", 0),
        ("ENTER", 500),
        ("UNDECIDED", 0),
        ("ALREADY_IN", 0),
        ("ALREADY_IN", 0),
    ]
    assert orders.orders([account_id]) == []


def test_without_predictions_and_sentiment_it_goes_on_with_technical_alone_and_says_so(desk, account_id):
    in_shadow(begin(VOTER, decision_policy=FIXED))
    desk.refresh()
    tell(desk, [])
    assert live_decisions() == backtested([])
    assert [row[1]["code"] for row in live_decisions()] == [
        "ENTER", "LEAVE", "COOLDOWN_AFTER_EXIT", "ENTER", "ALREADY_IN",
    ]  # fmt: skip
    _, outcome, quantity, inputs = live_decisions()[0]
    assert outcome["reason"] == "the vote comes to 60 %, of 40 % needed; without prediction and sentiment"
    assert [one[:2] for one in inputs] == [
        ("technical", "COUNTED"), ("prediction", "MISSING"), ("sentiment", "MISSING"),
    ]  # fmt: skip
    assert quantity == 500


def test_on_paper_the_decision_becomes_an_order_and_its_reasoning_can_be_read(desk, account_id):
    begin(VOTER, decision_policy=POLICY)
    desk.refresh()
    desk.on_signal(published("10:01:30", "prediction", 1, 80))
    desk.on_bar(closed(1, UP))
    (order,) = orders.orders([account_id])
    assert (order.side, order.quantity) == ("BUY", 500)
    why = selectors.explanation(order.id).decision
    assert why.signal == "100 in a bar (the vote comes to 66 %, of 40 % needed; without sentiment)"
    reasoning = why.reasoning
    assert [(one.source, one.state, one.weight, one.strength_percent) for one in reasoning.inputs] == [
        ("technical", "COUNTED", 60, 60), ("prediction", "COUNTED", 30, 80), ("sentiment", "MISSING", 10, 0),
    ]  # fmt: skip
    assert (reasoning.outcome.code, reasoning.policy["score_percent_min"]) == ("ENTER", 40)
    assert (reasoning.size.price_vnd, reasoning.size.wanted, reasoning.size.quantity) == (25_100, 547, 500)
    assert reasoning.size.equity_vnd == 125_000_000


def test_a_target_of_its_own_is_stored_with_what_was_known(desk, engine):
    begin("moving_average_cross")
    desk.refresh()
    desk.on_signal(published("10:13:30", "sentiment", -1, 100))
    engine.cross(9.9, 10.1)
    desk.on_bar(bar("10:14:00"))
    reasoning = selectors.decisions()[0].reasoning
    assert (reasoning.outcome.code, reasoning.policy, reasoning.size) == ("BY_STRATEGY", None, None)
    assert [(one.source, one.state) for one in reasoning.inputs] == [
        ("technical", "COUNTED"), ("sentiment", "NOT_ASKED"),
    ]  # fmt: skip


def test_one_that_comes_again_is_told_as_such_and_asks_no_database(desk, django_assert_num_queries):
    begin(VOTER, decision_policy=POLICY)
    desk.refresh()
    again = published("10:01:30", "prediction", 1, 80)
    with django_assert_num_queries(0):
        desk.on_signal(again)
        desk.on_signal(again)
    desk.on_bar(closed(1, UP))
    inputs = selectors.decisions()[0].reasoning.inputs
    assert [one.state for one in inputs] == ["COUNTED", "COUNTED", "MISSING", "DUPLICATE"]


def test_what_a_desk_knew_is_known_to_the_next_one(desk, engine, account_id):
    given = GivenSignal(
        signal_id="p", source="prediction", symbol="SSI", name="up", direction=1, strength_percent=80,
        value=Decimal("0.5"), made_at=at("10:00:00"), valid_s=3_600,
    )  # fmt: skip
    publish_signals([given], actor=TRADER, now=at("10:00:00"))
    in_shadow(begin(VOTER, decision_policy=POLICY))
    desk.refresh()
    desk.on_signal(published("10:00:00", "prediction", 1, 80))  # as the bus brings it
    desk.on_bar(closed(1, UP))
    desk.begin_batch()
    desk.on_bar(closed(2, DOWN))
    assert [row[1]["code"] for row in live_decisions()] == ["ENTER", "UNDECIDED"]
    with StrategyDesk(engine) as successor:
        successor.refresh()
        successor.begin_batch()
        successor.on_signal(published("10:03:30", "sentiment", -1, 100))
        successor.on_bar(closed(3, FLAT))  # the strategy says nothing: its word of 10:03 still stands
    last = Decision.objects.order_by("reasoning__ts_ms").last().reasoning
    assert [(one["source"], one["state"], one["direction"]) for one in last["inputs"]] == [
        ("technical", "COUNTED", -1), ("prediction", "COUNTED", 1), ("sentiment", "COUNTED", -1),
    ]  # fmt: skip
    assert last["inputs"][0]["signal_id"] == f"bar:SSI:{ms('10:02:00')}:0"


def test_of_what_is_loaded_signals_that_are_over_do_not_stand(account_id):
    known = at("09:00:00")
    for number, valid_s in ((1, 60), (2, 36_000)):
        given = GivenSignal(
            signal_id=str(number), source="prediction", symbol="SSI", name=f"m{number}", direction=1,
            strength_percent=80, value=Decimal("0.5"), made_at=known, valid_s=valid_s,
        )  # fmt: skip
        publish_signals([given], actor=TRADER, now=known)
    board = SignalBoard(analytics.standing_signals({"SSI"}, NOW))
    assert list(board.standing("prediction", "SSI", round(NOW.timestamp() * 1_000))) == ["m2"]


def book(best_vnd: int, *, received_ns: int | None = None, symbol: str = "SSI") -> OrderBookUpdated:
    return OrderBookUpdated(
        symbol=symbol, bids=((best_vnd, 500), (best_vnd - 50, 900)), asks=((best_vnd + 50, 400),),
        session="CONTINUOUS", ts_exchange_ms=ms("10:14:30"), ts_received_ns=received_ns or time.time_ns(),
        wal_position=f"1:{best_vnd}",
    )  # fmt: skip


def delivered(*events: Any) -> list[Delivery]:
    found = [encode(event) for event in events]
    return [Delivery(one.topic, one.key, one.body, str(number)) for number, one in enumerate(found)]


def read(*events: Any) -> list[Told]:
    """As the line-up gives what does not wait."""
    return [Told(one, event) for one, event in zip(delivered(*events), events, strict=True)]


def test_who_wants_the_book_is_told_the_latest_of_a_batch_with_what_was_published(desk):
    begin(READER)
    desk.refresh()
    assert desk.wants_book
    signal = published("10:14:00", "prediction", 1, 80)
    old = book(25_100, received_ns=time.time_ns() - 16_000_000_000)
    handle(read(book(24_900), book(30_000, symbol="VNM"), book(25_000), signal), desk)
    handle(read(old), desk)
    assert list(Decision.objects.values_list("signal", flat=True)) == ["2 bids, best 25000; prediction up 0.5"]
    assert Decision.objects.get().trigger["bids"] == [[25_000, 500], [24_950, 900]]
    begin(VOTER, name="another")
    Strategy.objects.update(run=3)
    desk.refresh()
    assert not desk.wants_book


def test_in_one_batch_what_was_published_is_there_before_a_bar_is_looked_at(desk):
    """The order in which the topics of a batch come says nothing."""
    begin(VOTER, decision_policy=POLICY)
    desk.refresh()
    handle(read(closed(1, UP), published("10:01:30", "prediction", -1, 90)), desk)
    assert selectors.decisions()[0].reasoning.outcome.score_percent == 10


class Backlog:
    """A bus with so many books waiting."""

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)

    def consume(self, topics: Any, **_: Any) -> list[Delivery]:
        assert topics == [OrderBookUpdated.topic]
        return delivered(book(25_000)) * (self.counts.pop(0) if self.counts else 0)


@pytest.mark.parametrize(
    ("first", "waiting", "taken"),
    [
        (BATCH_MAX - 1, (7,), 0),
        (BATCH_MAX, (BATCH_MAX, 3, 9), BATCH_MAX + 3),
        (BATCH_MAX, [BATCH_MAX] * 50, 20 * BATCH_MAX),
    ],
)
def test_a_backlog_of_books_is_taken_at_once_but_not_without_end(first, waiting, taken):
    bus: Any = Backlog(*waiting)
    assert len(_waiting_books(bus, delivered(book(25_000)) * first)) == taken


def test_a_policy_is_checked_when_it_is_given_and_changes_between_two_runs(strategy_id, account_id):
    given = {"name": "Other", "class_key": VOTER, "parameters": {}, "account_id": account_id, "symbols": ["SSI"]}
    with pytest.raises(StrategyRefused, match=r"Decision policy, sources\[1\]\.weight: it is a whole number"):
        create_strategy(**given, decision_policy=POLICY | {"sources": [{"source": "technical", "weight": 0}]})
    with pytest.raises(StrategyRefused, match="Stop it first"):
        change_policy(strategy_id, POLICY, actor=TRADER, now=NOW)
    before = binding_of(Strategy.objects.get())
    stop_strategy(strategy_id, actor=TRADER, now=NOW)
    change_policy(strategy_id, POLICY, actor=TRADER, now=NOW + timedelta(seconds=1))
    strategy = Strategy.objects.get()
    assert strategy.decision_policy == POLICY
    assert binding_of(strategy) == before | {"decision_policy": POLICY}  # what was approved was another one
    view = selectors.strategy(strategy_id)
    assert view.decision_policy["sources"][0] == {
        "source": "technical", "weight": 60, "strength_percent_min": 0, "age_s_max": 900, "is_needed": True,
        "names": [],
    }  # fmt: skip
