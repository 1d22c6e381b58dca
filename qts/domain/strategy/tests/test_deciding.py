"""The decision engine: what several sources come to, why what was left out was left out, and what is held then."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy import PlaceOrder, PublishedSignal, Signal, SignalBoard, Source, TargetPosition
from qts.domain.strategy.deciding import (
    USUAL_POLICY,
    Asked,
    Decided,
    DecisionEngine,
    DecisionPolicy,
    PolicyWrong,
    Position,
    Recalled,
    Resolution,
    Ruling,
    SourceTerms,
    Wish,
    by_strategy,
    parse_policy,
)
from qts.domain.strategy.deciding.engine import SYMBOLS_HEARD_MAX
from qts.domain.strategy.position_size import Facts, Size
from qts.domain.strategy.tests.signals import HUNDRED, published, three_sources
from qts.domain.values import OrderType, Side

OUT, IN = Position(0, 0), Position(100, 0)
FACTS = Facts(25_000, 1_000_000_000)
MINUTE_MS = 60_000


def engine(policy: DecisionPolicy, *signals: PublishedSignal) -> DecisionEngine:
    return DecisionEngine(policy, SignalBoard(signals))


def speak(asked: DecisionEngine, direction: int, strength: int = 100, ts_ms: int = MINUTE_MS) -> None:
    asked.take([Signal(direction, strength, "crossed")], "SSI", ts_ms, f"bar:{ts_ms}")


def ask(asked: DecisionEngine, ts_ms: int = MINUTE_MS, position: Position = OUT, facts: Facts = FACTS) -> Decided:
    return asked.decide(Asked("SSI", ts_ms, position, lambda: facts, 100))


def code_of(decided: Decided) -> Ruling:
    return decided.reasoning.outcome.code


def states(decided: Decided) -> list[tuple[str, str, str]]:
    return [(one.source, one.name, one.state) for one in decided.reasoning.inputs]


def sentiment(direction: int, strength: int = 100, **more: Any) -> PublishedSignal:
    return published(direction, strength, source="sentiment", name="news", **({"signal_id": "s1"} | more))


UP, DOWN = published(1, 80), published(-1, 80)
VOTES = [
    # technical, the others; score = sum of weight x percent over the weights of those that are there
    (100, (), Ruling.ENTER, 100),
    (40, (), Ruling.ENTER, 40),
    (29, (), Ruling.UNDECIDED, 29),
    (40, (UP,), Ruling.ENTER, 53),  # (60 x 40 + 30 x 80) / 90
    (40, (DOWN,), Ruling.UNDECIDED, 0),
    (40, (DOWN, sentiment(1)), Ruling.UNDECIDED, 10),  # (2,400 - 2,400 + 1,000) / 100
    (100, (DOWN, sentiment(1)), Ruling.ENTER, 46),
    (0, (UP, sentiment(1)), Ruling.ENTER, 34),
    (-100, (UP, sentiment(1)), Ruling.UNDECIDED, -26),
    (-100, (), Ruling.NOTHING_TO_LEAVE, -100),
    (-100, (DOWN,), Ruling.NOTHING_TO_LEAVE, -93),  # (-6,000 - 2,400) / 90, towards nothing
]


@pytest.mark.parametrize(("technical", "others", "code", "score"), VOTES)
def test_the_vote(technical, others, code, score):
    asked = engine(three_sources(), *others)
    speak(asked, 1 if technical >= 0 else -1, abs(technical))
    decided = ask(asked)
    assert (code_of(decided), decided.reasoning.outcome.score_percent) == (code, score)
    assert (decided.target is not None) == (code is Ruling.ENTER)


DISAGREEMENTS = [
    (Resolution.VETO, 50, (), OUT, Ruling.ENTER),
    (Resolution.VETO, 50, (UP,), OUT, Ruling.ENTER),
    (Resolution.VETO, 50, (DOWN,), OUT, Ruling.VETOED),
    (Resolution.VETO, 50, (UP, sentiment(-1, 1)), OUT, Ruling.VETOED),
    (Resolution.VETO, 50, (DOWN,), IN, Ruling.VETOED),  # a veto sells nothing
    (Resolution.VETO, -50, (UP, sentiment(1)), IN, Ruling.LEAVE),  # and keeps nobody in
    (Resolution.VETO, 0, (DOWN,), IN, Ruling.LEAVE),  # the first that has an opinion
    (Resolution.PRIORITY, 1, (DOWN, sentiment(-1)), OUT, Ruling.ENTER),
    (Resolution.PRIORITY, 0, (UP, sentiment(-1)), OUT, Ruling.ENTER),
    (Resolution.PRIORITY, 0, (sentiment(-1),), IN, Ruling.LEAVE),
    (Resolution.PRIORITY, 0, (), IN, Ruling.UNDECIDED),
]


@pytest.mark.parametrize(("resolution", "technical", "others", "position", "code"), DISAGREEMENTS)
def test_who_has_the_word_where_they_disagree(resolution, technical, others, position, code):
    asked = engine(three_sources(resolution=resolution), *others)
    speak(asked, 1 if technical >= 0 else -1, abs(technical))
    decided = ask(asked, position=position)
    assert code_of(decided) is code
    if code is Ruling.LEAVE:
        assert decided.target == TargetPosition(0, decided.signal, "SSI")
    elif code is not Ruling.ENTER:
        assert decided.target is None


def test_what_does_not_count_is_told_with_its_reason():
    late = 3_600_000
    board = SignalBoard([published(1, 49), published(1, 90, name="slow", signal_id="p2"), sentiment(-1)])
    board.take(published(1, 49))  # again
    asked = DecisionEngine(three_sources(), board)
    speak(asked, 1, ts_ms=late + 1_000)
    decided = ask(asked, late + 1_000)
    assert states(decided) == [
        ("technical", "", "COUNTED"),
        ("prediction", "slow", "TOO_OLD"),
        ("prediction", "up", "TOO_OLD"),
        ("sentiment", "news", "TOO_OLD"),
        ("prediction", "up", "DUPLICATE"),
    ]
    assert (
        decided.reasoning.outcome.reason == "the vote comes to 100 %, of 30 % needed; without prediction and sentiment"
    )
    earlier = engine(three_sources(), published(1, 49), sentiment(-1, ts_made_ms=late))
    speak(earlier, 1, ts_ms=late)
    assert states(ask(earlier, late))[1:] == [
        ("prediction", "up", "BELOW_CONFIDENCE"),
        ("sentiment", "news", "COUNTED"),
    ]
    told = ask(earlier, late).reasoning.inputs[1]
    assert (told.age_s, told.age_s_max, told.weight, told.strength_percent_min, told.value) == (
        3_600,
        3_600,
        30,
        50,
        0.5,
    )


def test_names_that_are_asked_for_and_others():
    terms = SourceTerms(Source.PREDICTION, names=("gone", "up"))
    policy = DecisionPolicy((SourceTerms(Source.TECHNICAL), terms), HUNDRED)
    asked = engine(policy, published(1), published(-1, name="wild", signal_id="p2"), sentiment(-1))
    assert states(ask(asked)) == [
        ("technical", "", "MISSING"),
        ("prediction", "up", "COUNTED"),
        ("prediction", "wild", "NOT_ASKED"),
        ("prediction", "gone", "MISSING"),
        ("sentiment", "news", "NOT_ASKED"),
    ]


def test_without_the_needed_source_nothing_is_entered_and_leaving_goes_on():
    asked = engine(three_sources(), UP, sentiment(1))
    decided = ask(asked)
    assert (code_of(decided), decided.target) == (Ruling.NEEDED_SOURCE_MISSING, None)
    assert "technical is needed and says nothing that counts" in decided.reasoning.outcome.reason
    against = engine(three_sources(), DOWN, sentiment(-1))
    assert code_of(ask(against, position=IN)) is Ruling.LEAVE


def test_the_latest_word_of_each_rule_stands_and_several_rules_are_one_source():
    asked = engine(USUAL_POLICY)
    asked.take([Signal(1, 80, "a up", rule="a"), Signal(-1, 20, "b down", rule="b")], "SSI", MINUTE_MS, "one")
    assert ask(asked).reasoning.outcome.score_percent == 30  # (80 - 20) / 2
    asked.take([Signal(-1, 80, "a down", rule="a")], "SSI", MINUTE_MS, "two")
    decided = ask(asked, position=IN)
    assert (code_of(decided), decided.reasoning.outcome.score_percent) == (Ruling.LEAVE, -50)
    assert decided.signal == "b down; a down (the vote comes to -50 %, of 30 % needed)"
    assert [one.signal_id for one in decided.reasoning.inputs] == ["one:1", "two:0"]


def test_what_is_held_or_working_is_not_bought_again_and_what_works_is_left_too():
    asked = engine(USUAL_POLICY)
    speak(asked, 1)
    assert [code_of(ask(asked, position=one)) for one in (IN, Position(0, 100), Position(100, -100))] == [
        Ruling.ALREADY_IN, Ruling.ALREADY_IN, Ruling.ENTER,
    ]  # fmt: skip
    speak(asked, -1)
    assert [code_of(ask(asked, position=one)) for one in (IN, Position(0, 100), OUT)] == [
        Ruling.LEAVE, Ruling.LEAVE, Ruling.NOTHING_TO_LEAVE,
    ]  # fmt: skip


def test_cooldowns_stop_an_entry_at_their_symbol_and_no_exit():
    asked = engine(replace(USUAL_POLICY, cooldown_after_order_s=60, cooldown_after_exit_s=600))
    speak(asked, 1)
    asked.note_order("SSI", MINUTE_MS, Side.BUY)
    assert code_of(ask(asked, MINUTE_MS + 59_999)) is Ruling.COOLDOWN_AFTER_ORDER
    assert code_of(ask(asked, MINUTE_MS + 60_000)) is Ruling.ENTER
    asked.note_order("SSI", MINUTE_MS, Side.SELL)
    stopped = ask(asked, MINUTE_MS + 599_999)
    assert (code_of(stopped), stopped.target) == (Ruling.COOLDOWN_AFTER_EXIT, None)
    assert stopped.reasoning.outcome.reason == "599 s since it left, of 600 s to wait"
    assert code_of(ask(asked, MINUTE_MS + 600_000)) is Ruling.ENTER
    asked.take([Signal(1, 100, "up", "VNM"), Signal(-1, 100, "down")], "SSI", MINUTE_MS, "k")
    elsewhere = asked.decide(Asked("VNM", MINUTE_MS, OUT, lambda: FACTS, 100))
    assert elsewhere.target is not None
    assert code_of(ask(asked, MINUTE_MS, position=IN)) is Ruling.LEAVE


def test_the_size_and_what_it_was_made_of():
    asked = engine(replace(USUAL_POLICY, size=Size("percent_of_equity", {"percent": 5})))
    speak(asked, 1)
    decided = ask(asked, facts=Facts(25_100, 1_000_000_000, 200.0))
    assert decided.target == TargetPosition(1_900, decided.signal, "SSI")
    assert decided.reasoning.as_json()["size"] == {
        "method": "percent_of_equity", "numbers": {"percent": 5}, "price_vnd": 25_100, "equity_vnd": 1_000_000_000,
        "atr_vnd": 200.0, "round_lot": 100, "wanted": 1_992, "quantity": 1_900, "reason": "whole lots of 100",
    }  # fmt: skip
    poor = ask(asked, facts=Facts(25_100, 1_000_000))
    assert (code_of(poor), poor.target) == (Ruling.SIZE_IS_NOTHING, None)
    assert poor.reasoning.outcome.reason.endswith("; 1 is less than a round lot of 100")


def test_an_answer_keeps_its_order_and_signals_about_one_symbol_are_weighed_once():
    asked = engine(USUAL_POLICY)
    sells = PlaceOrder(Side.SELL, 100, OrderType.LO, 25_000, "by hand", "VNM")
    target = TargetPosition(300, "plain")
    answer = [Signal(1, 50, "a", rule="a"), sells, Signal(1, 50, "b", rule="b"), target, Signal(1, 9, "c", "HPG")]
    assert asked.take(answer, "SSI", MINUTE_MS, "k") == [
        Wish(0, "SSI", None), Wish(1, "VNM", sells), Wish(3, "SSI", target), Wish(4, "HPG", None),
    ]  # fmt: skip


def test_news_makes_it_look_again_once_and_only_where_something_may_follow():
    board = SignalBoard([published(-1, ts_made_ms=1_000)])
    asked = DecisionEngine(three_sources(), board)
    assert not asked.is_due("SSI", MINUTE_MS, IN)  # it was there before
    board.take(published(-1, signal_id="p2", ts_made_ms=70_000, ts_known_ms=121_000))
    assert not asked.is_due("SSI", 130_000, IN)  # the strategy has not been heard
    speak(asked, 1, ts_ms=130_000)
    board.take(published(-1, signal_id="p3", ts_made_ms=131_000))
    assert not asked.is_due("SSI", 130_999, IN)  # not known yet
    assert asked.is_due("SSI", 131_000, OUT)
    assert not asked.is_due("SSI", 131_000, IN)  # looked at
    board.take(published(-1, signal_id="p4", ts_made_ms=1_200_000))
    assert not asked.is_due("SSI", 1_200_000, OUT)  # what the strategy said is too old: nothing can be entered
    board.take(sentiment(-1, ts_made_ms=1_201_000))
    assert asked.is_due("SSI", 1_201_000, IN)
    assert not DecisionEngine(USUAL_POLICY, board).is_due("SSI", MINUTE_MS, IN)


def test_what_a_process_knew_is_given_to_the_next():
    asked = engine(replace(USUAL_POLICY, cooldown_after_exit_s=600))
    said = published(1, source="technical", name="", ts_made_ms=MINUTE_MS)
    asked.recall("SSI", Recalled([said], MINUTE_MS, MINUTE_MS, MINUTE_MS))
    assert code_of(ask(asked, 2 * MINUTE_MS)) is Ruling.COOLDOWN_AFTER_EXIT
    assert code_of(ask(asked, 11 * MINUTE_MS)) is Ruling.ENTER


def test_who_speaks_of_ever_more_symbols_is_not_remembered_for_ever():
    asked = engine(three_sources())
    for number in range(SYMBOLS_HEARD_MAX + 10):
        asked.take([Signal(1, 70, "up", f"S{number}")], "SSI", number, str(number))
    assert len(asked._said) == SYMBOLS_HEARD_MAX


def test_a_target_of_its_own_tells_what_else_was_known():
    told = by_strategy(MINUTE_MS, "crossed", "bar:1", [sentiment(-1)]).as_json()
    assert [(one["source"], one["state"], one["reason"]) for one in told["inputs"]] == [
        ("technical", "COUNTED", "crossed"), ("sentiment", "NOT_ASKED", ""),
    ]  # fmt: skip
    assert (told["outcome"]["code"], told["policy"], told["size"]) == ("BY_STRATEGY", None, None)


signals = st.builds(
    published,
    st.integers(-1, 1),
    st.integers(0, 100),
    source=st.sampled_from(("prediction", "sentiment")),
    name=st.sampled_from(("a", "b")),
    signal_id=st.uuids().map(str),
    ts_made_ms=st.integers(0, 5 * MINUTE_MS),
)
policies = st.builds(
    three_sources,
    resolution=st.sampled_from(Resolution),
    score_percent_min=st.integers(1, 100),
    cooldown_after_exit_s=st.integers(0, 300),
)


@given(policies, st.lists(signals, max_size=8), st.integers(-1, 1), st.integers(0, 100), st.integers(0, 300))
def test_whatever_is_published_it_is_decided_alike_and_the_future_changes_nothing(
    policy, told, direction, strength, second
):
    ts_ms, decisions = second * 1_000, []
    for known in (told, told[::-1], [one for one in told if one.ts_known_ms <= ts_ms]):
        asked = engine(policy, *dict.fromkeys(known))
        speak(asked, direction, strength, ts_ms)
        decisions.append(ask(asked, ts_ms))
    assert states(decisions[0]) == states(decisions[1]) == states(decisions[2])
    assert len({(one.target, one.signal, code_of(one)) for one in decisions}) == 1
    if decisions[0].target is not None:
        assert decisions[0].reasoning.outcome.direction == 1
        assert decisions[0].target.quantity == 100


@pytest.mark.parametrize("name", ["", "a\x00b", "a\ud800b", "a" * 41, 7])
def test_a_policy_names_only_what_can_be_stored(name):
    given = {"sources": [{"source": "technical", "names": [name]}], "size": {"method": "fixed", "quantity": 100}}
    with pytest.raises(PolicyWrong, match=r"sources\[1\].names"):
        parse_policy(given)
