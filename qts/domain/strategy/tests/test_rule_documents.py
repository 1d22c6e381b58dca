"""Documents of rules: what they hold, what is wrong with them, how much they want, and what they do bar by bar."""

from typing import Any

import pytest

from qts.domain.strategy import Bar, Context, Parameters, Signal, TargetPosition, wants_of
from qts.domain.strategy.position_size import Facts, quantity_of
from qts.domain.strategy.rules import DocumentWrong, Size, parse_document, rule_class
from qts.domain.strategy.tests.signals import published

DOCUMENT = {
    "title": "Dips",
    "enter": {"all": ["rsi_14 < 30", {"any": ["close > sma_200", "prediction_up > 0.6"]}]},
    "leave": {"any": ["rsi_14 > 65", "profit_percent <= -3", "bars_held >= 30"]},
    "size": {"method": "fixed", "quantity": 300},
    "wait_bars": 2,
}


def kelly(win_percent, *, at_most):
    """Gains are as large as losses."""
    return Size("kelly", {"win_percent": win_percent, "payoff_percent": 100, "percent_of_equity_max": at_most})


TARGET = {"risk_bps": 100, "atrs": 2, "percent_of_equity_max": 20}
SIZES = [
    (Size("fixed", {"quantity": 300}), Facts(25_000, 0), 300),
    (Size("percent_of_equity", {"percent": 10}), Facts(25_000, 1_000_000_000), 4_000),
    (Size("percent_of_equity", {"percent": 10}), Facts(0, 1_000_000_000), 0),
    (Size("percent_of_equity", {"percent": 1}), Facts(25_000, 2_000_000), 0),
    # 1 % of a billion is lost when the price falls by two ranges of 250: 10,000,000 / 500
    (Size("volatility_target", {"risk_bps": 100, "atrs": 2, "percent_of_equity_max": 100}),
     Facts(25_000, 1_000_000_000, 250.0), 20_000),
    (Size("volatility_target", {"risk_bps": 100, "atrs": 2, "percent_of_equity_max": 20}),
     Facts(25_000, 1_000_000_000, 250.0), 8_000),
    (Size("volatility_target", TARGET), Facts(25_000, 1_000_000_000), 0),
    (Size("volatility_target", TARGET), Facts(25_000, 1_000_000_000, 0.0), 0),
    # (0.6 x 1 - 0.4) / 1 = 20 % of a billion, the half of it
    (kelly(60, at_most=50), Facts(25_000, 1_000_000_000), 4_000),
    (kelly(60, at_most=5), Facts(25_000, 1_000_000_000), 2_000),
    (kelly(40, at_most=50), Facts(25_000, 1_000_000_000), 0),
]  # fmt: skip


def changed(**fields):
    return {name: value for name, value in (DOCUMENT | fields).items() if value is not None}


def test_a_document_knows_the_indicators_that_it_needs():
    assert parse_document(DOCUMENT).indicator_names == ("rsi_14", "sma_200")
    by_range = {"method": "volatility_target", "risk_bps": 50, "atrs": 2, "percent_of_equity_max": 20}
    assert parse_document(changed(size=by_range)).indicator_names == ("rsi_14", "sma_200", "atr_14")


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (None, {"document"}),
        ([], {"document"}),
        ({}, {"title", "enter", "leave"}),
        (changed(more=1), {"document"}),
        (changed(title=""), {"title"}),
        (changed(title="x" * 81), {"title"}),
        (changed(leave=None), {"leave"}),
        (changed(enter=["rsi_14 < 30"]), {"enter"}),
        (changed(enter={"some": ["rsi_14 < 30"]}), {"enter"}),
        (changed(enter={"all": []}), {"enter.all"}),
        (changed(enter={"all": ["rsi_14 < 30", "nonsense", 7]}), {"enter.all[2]", "enter.all[3]"}),
        (changed(enter={"all": [{"any": [{"not": [{"all": [{"any": ["a < 1"]}]}]}]}]}),
         {"enter.all[1].any[1].not[1].all[1]"}),
        (changed(enter={"all": ["a < 1"] * 51}), {"document"}),
        (changed(size={"method": "all in"}), {"size"}),
        (changed(size={"method": "fixed"}), {"size.quantity"}),
        (changed(size={"method": "fixed", "quantity": 0}), {"size.quantity"}),
        (changed(size={"method": "fixed", "quantity": True}), {"size.quantity"}),
        (changed(size={"method": "fixed", "quantity": 300, "percent": 1}), {"size.percent"}),
        (changed(size={"method": "percent_of_equity", "percent": 101}), {"size.percent"}),
        (changed(wait_bars=-1), {"wait_bars"}),
        (changed(wait_bars="5"), {"wait_bars"}),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_told_with_its_place(document, problems):
    with pytest.raises(DocumentWrong) as raised:
        parse_document(document)
    assert {place for place, _ in raised.value.problems} == problems


@pytest.mark.parametrize(("size", "facts", "quantity"), SIZES)
def test_how_much_it_wants(size, facts, quantity):
    assert quantity_of(size, facts) == quantity


def strategy_of(document):
    return rule_class(parse_document(document))(Parameters())


def test_it_describes_itself():
    cls = rule_class(parse_document(DOCUMENT))
    assert (cls.title, cls.key) == ("Dips", "rules")
    assert cls.summary.startswith("Enters on all of (rsi_14 < 30; any of (close > sma_200;")
    assert len(cls.summary) <= 300


@pytest.mark.parametrize(("method", "wants"), [("fixed", False), ("percent_of_equity", True)])
def test_only_who_sizes_by_the_accounts_worth_asks_for_it(method, wants):
    """It takes several queries for each question."""
    size = {"method": method, **({"percent": 10} if wants else {"quantity": 300})}
    assert wants_of(strategy_of(changed(size=size))).equity is wants


def bar(number: int, close_vnd: int) -> Bar:
    return Bar("SSI", 1_763_863_800_000 + 60_000 * number, close_vnd, close_vnd, close_vnd, close_vnd, 1_000)


def play(document, closes, rsis, *, holds):
    """What it answers to each bar; `holds` says whether it holds what it wanted by then."""
    strategy, answers, quantity = strategy_of(document), [], 0
    before: dict[str, float] = {}
    for number, (close_vnd, rsi) in enumerate(zip(closes, rsis, strict=True)):
        values = {"rsi_14": float(rsi), "sma_200": 1.0}
        answer = strategy.on_bar(bar(number, close_vnd), Context(values, before, quantity))
        before = values
        answers.append(answer.quantity if isinstance(answer, TargetPosition) else None)
        if isinstance(answer, TargetPosition) and holds:
            quantity = answer.quantity
    return answers


def test_it_enters_holds_leaves_and_waits_before_it_enters_again():
    rsis = (50, 29, 29, 50, 66, 29, 29, 29, 29)
    assert play(DOCUMENT, [25_000] * 9, rsis, holds=True) == [None, 300, None, None, 0, None, None, 300, None]


def test_a_loss_since_the_close_that_it_entered_at_ends_it():
    closes = (25_000, 25_100, 24_400, 24_300)  # 3 % under 25,000 is 24,250; the last is 2.8 % under it
    assert play(DOCUMENT, closes, (29, 40, 40, 40), holds=True) == [300, None, None, None]
    assert play(DOCUMENT, (*closes, 24_250), (29, 40, 40, 40, 40), holds=True) == [300, None, None, None, 0]


def test_an_order_that_does_not_fill_is_wanted_again_and_one_that_works_is_not():
    assert play(DOCUMENT, [25_000] * 3, (29, 29, 29), holds=False) == [300, 300, 300]
    strategy = strategy_of(DOCUMENT)
    assert strategy.on_bar(bar(0, 25_000), Context({"rsi_14": 29.0, "sma_200": 1.0}, {}, 0, 300)) is None


def test_the_signal_says_why():
    strategy = strategy_of(DOCUMENT)
    answer = strategy.on_bar(bar(0, 25_000), Context({"rsi_14": 29.0, "sma_200": 1.0}, {}))
    assert answer == TargetPosition(300, "enters: rsi_14 29 < 30; close 25,000 > sma_200 1")


def test_symbols_are_counted_apart():
    strategy = strategy_of(changed(leave={"any": ["bars_held >= 2"]}))
    held = Context({"rsi_14": 50.0, "sma_200": 1.0}, {}, 300)
    assert strategy.on_bar(bar(0, 25_000), held) is None
    assert strategy.on_bar(bar(0, 25_000)._replace(symbol="VNM"), held) is None
    assert strategy.on_bar(bar(1, 25_000), held) is not None


def test_without_a_size_it_gives_signals_for_the_engine_to_weigh():
    document = parse_document(changed(size=None))
    assert (document.size, document.indicator_names) == (None, ("rsi_14", "sma_200"))
    strategy = rule_class(document)(Parameters())
    assert not wants_of(strategy).equity
    why = "enters: rsi_14 29 < 30; close 25,000 > sma_200 1"
    assert strategy.on_bar(bar(0, 25_000), Context({"rsi_14": 29.0, "sma_200": 1.0}, {})) == Signal(1, 100, why)
    left = strategy.on_bar(bar(1, 25_000), Context({"rsi_14": 66.0, "sma_200": 1.0}, {}, 300))
    assert left == Signal(-1, 100, "leaves: rsi_14 66 > 65")


def test_what_others_have_published_is_read_by_its_name():
    strategy = strategy_of(changed(enter={"all": ["prediction_up > 0.6", "sentiment_news > 0", "rsi_14 < 30"]}))
    values = {"rsi_14": 29.0}

    def entered(number: int, **standing: Any) -> bool:
        return strategy.on_bar(bar(number, 25_000), Context(values, {}, **standing)) is not None

    likely, unlikely = ({"up": published(1, value=value)} for value in (0.61, 0.6))
    assert not entered(0, predictions=unlikely)
    assert entered(1, predictions=likely)
    assert entered(2)  # nobody has published: the rule goes on without
    assert not entered(3, predictions=likely, sentiments={"news": published(1, name="news", value=0.0)})
    assert entered(4, predictions=likely, sentiments={"news": published(1, name="news", value=0.1)})
