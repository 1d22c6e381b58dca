import pytest

from qts.domain.strategy import Bar, Context, TargetPosition, parse_parameters, registered_strategies
from qts.domain.strategy.examples.moving_average_cross import MovingAverageCross, MovingAverageCrossParameters
from qts.domain.strategy.examples.rsi_mean_reversion import RsiMeanReversion, RsiMeanReversionParameters

BAR = Bar(symbol="SSI", ts_start_ms=0, open_vnd=25_000, high_vnd=25_100, low_vnd=24_950, close_vnd=25_050, volume=1_200)


def context(now: dict[str, float], before: dict[str, float], quantity: int = 0) -> Context:
    return Context(quantity=quantity, indicators=now, previous=before)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((10.0, 10.0), (10.1, 10.0), TargetPosition(500, "sma_5 crossed above sma_20")),
        ((9.9, 10.0), (10.1, 10.0), TargetPosition(500, "sma_5 crossed above sma_20")),
        ((10.1, 10.0), (10.2, 10.0), None),  # already above: no second signal
        ((10.0, 10.0), (9.9, 10.0), TargetPosition(0, "sma_5 crossed below sma_20")),
        ((9.9, 10.0), (9.8, 10.0), None),
        ((9.9, 10.0), (10.0, 10.0), None),  # touching is not crossing
    ],
)
def test_the_cross_fires_once_and_only_on_a_cross(before, now, expected):
    strategy = MovingAverageCross(MovingAverageCrossParameters())
    names = strategy.indicator_names()
    assert strategy.on_bar(BAR, context(dict(zip(names, now, strict=True)), dict(zip(names, before, strict=True)))) == (
        expected
    )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (30.0, 29.9, TargetPosition(300, "rsi_14 fell below 30")),
        (29.9, 25.0, None),
        (70.0, 70.1, TargetPosition(0, "rsi_14 rose above 70")),
        (70.1, 75.0, None),
        (50.0, 55.0, None),
    ],
)
def test_rsi_fires_when_a_bound_is_passed(before, now, expected):
    strategy = RsiMeanReversion(RsiMeanReversionParameters())
    assert strategy.on_bar(BAR, context({"rsi_14": now}, {"rsi_14": before})) == expected


@pytest.mark.parametrize("cls", registered_strategies())
def test_no_strategy_acts_before_its_indicators_are_there(cls):
    strategy = cls(parse_parameters(cls.parameters_class, {}))
    assert strategy.on_bar(BAR, context({}, {})) is None
