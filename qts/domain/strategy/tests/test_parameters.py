import pytest

from qts.domain.strategy import ParameterError, describe_parameters, parse_parameters
from qts.domain.strategy.examples.moving_average_cross import MovingAverageCrossParameters


def test_defaults_fill_what_is_not_given():
    assert parse_parameters(MovingAverageCrossParameters, {"fast": 7}) == MovingAverageCrossParameters(7, 20, 500)


def test_every_problem_is_named_at_once():
    with pytest.raises(ParameterError) as caught:
        parse_parameters(MovingAverageCrossParameters, {"fast": 1, "slow": 2.5, "quantity": True, "speed": 3})
    assert caught.value.problems == [
        "Unknown parameter 'speed'.",
        "fast must be between 2 and 100 bars.",
        "slow must be a whole number.",
        "quantity must be a whole number.",
    ]


def test_a_form_can_be_made_from_the_description():
    fast, slow, quantity = describe_parameters(MovingAverageCrossParameters)
    assert (fast.name, fast.default, fast.minimum, fast.maximum, fast.unit) == ("fast", 5, 2, 100, "bars")
    assert slow.help == "Length of the slow simple moving average."
    assert quantity.unit == "shares"
