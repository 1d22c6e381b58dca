"""The examples that look at more than one symbol's bars: what they want, and when they want nothing."""

from typing import Any

import pytest

from qts.domain.strategy import (
    Bar,
    Context,
    Fill,
    PlaceOrder,
    SessionChange,
    SymbolState,
    TargetPosition,
    Timer,
    wants_of,
)
from qts.domain.strategy.examples.bollinger_breakout import BollingerBreakout, BollingerBreakoutParameters
from qts.domain.strategy.examples.closing_rebalance import ClosingRebalance, ClosingRebalanceParameters
from qts.domain.strategy.examples.index_future_momentum import IndexFutureMomentum, IndexFutureMomentumParameters
from qts.domain.strategy.examples.pairs import Pairs, PairsParameters
from qts.domain.values import OrderType, Session, Side

NOTHING = Context({}, {})


def bar(close_vnd: int, symbol: str = "SSI", minute: int = 0, volume: int = 1_000) -> Bar:
    return Bar(symbol, minute * 60_000, close_vnd, close_vnd, close_vnd, close_vnd, volume)


@pytest.mark.parametrize(
    ("close_vnd", "volume", "held", "expected"),
    [
        (25_101, 1_500, 0, TargetPosition(500, "close above the upper band on 150 % of the usual volume")),
        (25_100, 9_000, 0, None),  # at the band is not above it
        (25_101, 1_499, 0, None),
        (25_101, 1_500, 500, None),
        (24_999, 10, 500, TargetPosition(0, "close below the middle band")),
        (25_000, 10, 500, None),
        (24_000, 10, 0, None),
    ],
)
def test_a_breakout_needs_price_and_volume(close_vnd, volume, held, expected):
    strategy = BollingerBreakout(BollingerBreakoutParameters())
    upper, middle, usual = strategy.indicator_names()
    context = Context({upper: 25_100.0, middle: 25_000.0, usual: 1_000.0}, {}, held)
    assert strategy.on_bar(bar(close_vnd, volume=volume), context) == expected
    assert strategy.on_bar(bar(close_vnd, volume=volume), NOTHING) is None


def both(first_vnd: int, second_vnd: int, minute: int, held: dict[str, int]) -> tuple[Bar, Context]:
    bars = {"ACB": bar(first_vnd, "ACB", minute), "VCB": bar(second_vnd, "VCB", minute)}
    universe = {symbol: SymbolState(one, held.get(symbol, 0)) for symbol, one in bars.items()}
    return bars["VCB"], Context({}, {}, held.get("VCB", 0), 0, universe)


def known_pair() -> Pairs:
    """The usual ratio is one half, give or take one percent."""
    strategy = Pairs(PairsParameters(window=10))
    for minute in range(10):
        assert strategy.on_bar(*both(25_000 + 250 * (-1) ** minute, 50_000, minute, {})) is None
    return strategy


@pytest.mark.parametrize(
    ("first_vnd", "held", "wanted"),
    [
        (24_250, {}, [(800, "ACB")]),  # three deviations down: the first is cheap, and 20 million buy 800
        (24_250, {"VCB": 400}, [(0, "VCB"), (800, "ACB")]),
        (24_250, {"ACB": 800}, []),
        (25_750, {}, [(400, "VCB")]),
        (24_600, {}, []),  # not far enough
        (25_010, {"ACB": 800}, [(0, "ACB")]),
        (25_010, {}, []),
    ],
)
def test_a_pair_holds_its_cheap_share(first_vnd, held, wanted):
    answer = known_pair().on_bar(*both(first_vnd, 50_000, 10, held))
    assert [(one.quantity, one.symbol) for one in answer or []] == wanted


def test_half_a_minute_and_a_third_share_make_no_pair():
    strategy = known_pair()
    second, context = both(24_250, 50_000, 10, {})
    early = context.universe | {"ACB": SymbolState(bar(24_250, "ACB", 9))}
    assert strategy.on_bar(second, context._replace(universe=early)) is None
    third = context.universe | {"TCB": SymbolState(bar(24_250, "TCB", 10))}
    assert strategy.on_bar(second, context._replace(universe=third)) is None
    assert len(strategy.on_bar(second, context)) == 1


def test_a_pair_hands_its_memory_over():
    after = Pairs(PairsParameters(window=10))
    after.take_over(known_pair().state())
    assert [one.symbol for one in after.on_bar(*both(24_250, 50_000, 10, {}))] == ["ACB"]


class Momentum:
    """Five minutes of a range up to 1,300,000, then what the test says."""

    def __init__(self) -> None:
        self.strategy = IndexFutureMomentum(IndexFutureMomentumParameters(window=5, stop_bps=40))
        for close_vnd in (1_290_000, 1_300_000, 1_295_000, 1_292_000, 1_298_000):
            assert self.close(close_vnd) is None

    def close(self, close_vnd: int, held: int = 0, working: int = 0) -> Any:
        return self.strategy.on_bar(bar(close_vnd, "VN30F1M"), Context({}, {}, held, working))

    def bought(self, price_vnd: int) -> None:
        self.strategy.on_fill(Fill("VN30F1M", 0, Side.BUY, 1, price_vnd), Context({}, {}, 1))

    def timer(self, hour: int, minute: int) -> Any:
        return self.strategy.on_timer(Timer(0, hour * 60 + minute), NOTHING)


def test_a_new_high_is_bought_once():
    assert Momentum().close(1_300_000) is None
    assert Momentum().close(1_300_100) == TargetPosition(1, "close above 1300000")
    assert Momentum().close(1_300_100, working=1) is None


def test_the_stop_is_counted_from_what_was_paid():
    momentum = Momentum()
    momentum.bought(1_300_000)
    assert momentum.close(1_294_800, held=1) is None
    assert momentum.close(1_294_799, held=1) == TargetPosition(0, "stop at 1294800")


def test_no_entry_after_two_and_nothing_over_night():
    momentum = Momentum()
    momentum.bought(1_300_000)
    assert momentum.timer(14, 0) == []
    assert momentum.close(1_400_000) is None
    assert momentum.timer(14, 25) == [TargetPosition(0, "flat before the close", "VN30F1M")]
    momentum.strategy.on_fill(Fill("VN30F1M", 0, Side.SELL, 1, 1_310_000), NOTHING)
    assert momentum.timer(14, 25) == []
    assert momentum.timer(8, 45) == []
    assert momentum.close(1_500_000) is None  # of a new day nothing is known


def rebalance(session: Session, **held: int) -> list[PlaceOrder]:
    strategy = ClosingRebalance(ClosingRebalanceParameters())  # 90 of 100 million VND
    prices = {"HPG": 30_000, "SSI": 25_000, "VNM": 60_000}
    universe = {symbol: SymbolState(bar(price, symbol), held.get(symbol, 0)) for symbol, price in prices.items()}
    return strategy.on_session(SessionChange("HOSE", 0, session), NOTHING._replace(universe=universe))


def test_weights_are_restored_in_the_closing_auction_sales_first():
    assert [(one.side, one.quantity, one.symbol) for one in rebalance(Session.ATC, VNM=900)] == [
        (Side.SELL, 400, "VNM"),
        (Side.BUY, 1_000, "HPG"),
        (Side.BUY, 1_200, "SSI"),
    ]
    assert {(one.order_type, one.price_vnd) for one in rebalance(Session.ATC)} == {(OrderType.ATC, None)}


def test_what_is_near_its_weight_is_left_alone():
    assert rebalance(Session.ATC, HPG=1_000, SSI=1_200, VNM=500) == []
    assert rebalance(Session.CONTINUOUS) == []


def test_each_says_what_it_is_called_with():
    assert wants_of(Pairs(PairsParameters())) == (False, False, (), False, True, False, False)
    assert wants_of(IndexFutureMomentum(IndexFutureMomentumParameters())) == (
        False,
        True,
        (525, 840, 865),
        False,
        False,
        False,
        False,
    )
    assert wants_of(ClosingRebalance(ClosingRebalanceParameters())) == (False, False, (), True, True, False, False)
