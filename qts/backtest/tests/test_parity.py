"""Which decisions of two sides are the same, and why the others are not."""

import hashlib
import json

import pytest

from qts.backtest.parity import Cause, Facts, Kind, Match, compare, compare_fills, profit_vnd
from qts.backtest.trace import Decided, Note, Witness, digest, event_key, lines
from qts.domain.strategy import Bar, Context, Fill, SessionChange, SymbolState, TargetPosition, Timer
from qts.domain.values import Session, Side

MINUTE = 60_000
NINE = 1_795_399_200_000  # 2026-11-23, 09:00 in Vietnam


def bar(minute=0, close=25_000, symbol="SSI"):
    return Bar(symbol, NINE + minute * MINUTE, close, close, close, close, 100)


def decided(event, quantity=100, *, rsi=30.0, held=0, symbol="", key=""):
    context = Context({"rsi_14": rsi}, {}, held)
    intent = TargetPosition(quantity, "why", symbol)
    return Decided.of(event, context, intent, key=key or event_key(event, fill_id="f"))


def stored(*bars):
    return {(one.symbol, one.ts_start_ms): tuple(one[2:]) for one in bars}


def known(**more):
    return Facts(stored=stored(bar(10)), **more)


def note(minute, *, key="", **more):
    return Note(key=key or event_key(bar(minute - 1)), after="", at_ms=NINE + minute * MINUTE, **more)


# --- lines ------------------------------------------------------------------------------------------------------------


def test_a_line_is_json_with_what_asked_and_what_was_wanted():
    (line,) = lines([decided(bar(), rsi=30.123456789)])
    assert json.loads(line) == {
        "event": f"bar:SSI:{NINE}",
        "symbol": "SSI",
        "trigger": bar()._asdict(),
        "indicators": {"rsi_14": "30.1235"},
        "intent": {"kind": "target", "quantity": 100, "signal": "why", "symbol": ""},
    }
    assert digest([decided(bar(), rsi=30.123456789)]) == hashlib.sha256(f"{line}\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (decided(bar()), decided(bar()), True),
        (decided(bar(), rsi=25_000.123_4), decided(bar(), rsi=25_000.123_4 * (1 + 1e-13)), True),
        (decided(bar(), rsi=0.0), decided(bar(), rsi=-0.000001), True),
        (decided(bar(), rsi=30.0), decided(bar(), rsi=30.001), False),
        (decided(bar(), held=100), decided(bar()), True),  # what was held is why, not what
        (decided(bar(), 100), decided(bar(), 200), False),
        (decided(bar(0)), decided(bar(1)), False),
        (
            decided(SessionChange("HOSE", NINE + 1_000, Session.ATC), symbol="SSI"),
            decided(SessionChange("HOSE", NINE, Session.ATC), symbol="SSI"),
            True,  # the wire tells of a session a second later than its schedule
        ),
    ],
)
def test_equal_is_one_comparison(one, other, are_equal):
    assert (digest([one]) == digest([other])) is are_equal


def test_the_order_of_a_day_is_that_of_its_moments_whatever_order_they_were_written_in():
    first, second = decided(bar(0)), decided(bar(1))
    assert digest([second, first]) == digest([first, second])


# --- what was seen ----------------------------------------------------------------------------------------------------


def test_only_changes_are_noted():
    witness = Witness()
    seen = [
        witness.asked("a", bar(0), Context({}, {})),
        witness.asked("b", bar(1), Context({}, {})),
        witness.asked("c", bar(2), Context({}, {}, 100, 50)),
        witness.asked("d", bar(3), Context({}, {}, 100, 50)),
        witness.asked("e", Timer(NINE, 540), Context({}, {}, universe={"VNM": SymbolState(bar(), 5, 0)})),
    ]
    assert [one and (one.key, one.after, dict(one.holdings), one.has_begun) for one in seen] == [
        ("a", "", {}, True),
        None,
        ("c", "b", {"SSI": (100, 50)}, False),
        None,
        ("e", "d", {"VNM": (5, 0)}, False),
    ]


def test_a_fill_is_always_noted_and_old_news_once():
    witness = Witness()
    witness.asked("a", bar(0), Context({}, {}))
    fill = Fill("SSI", NINE, Side.BUY, 100, 25_000)
    told = witness.asked("f", fill, Context({}, {}))
    assert told is not None
    assert told.fill == {"symbol": "SSI", "ts_exchange_ms": NINE, "side": "BUY", "quantity": 100, "price_vnd": 25_000}
    old = [witness.passed_over(f"o{minute}", bar(minute)) for minute in (1, 2)]
    assert [one and one.is_old for one in old] == [True, None]
    again = witness.asked("b", bar(3), Context({}, {}))
    assert again is not None
    assert not again.is_old


# --- causes -----------------------------------------------------------------------------------------------------------

ASKED = bar(10)
MISSED = Kind.BACKTEST_ONLY
HERE = decided(ASKED)
BEGUN = note(1, has_begun=True)


@pytest.mark.parametrize(
    ("live", "model", "facts", "kind", "cause"),
    [
        ([], [HERE], known(), MISSED, Cause.UNEXPLAINED),
        ([HERE], [], known(), Kind.RECORDED_ONLY, Cause.UNEXPLAINED),
        ([HERE], [decided(ASKED, 200)], known(), Kind.DIFFERENT, Cause.UNEXPLAINED),
        ([HERE], [decided(ASKED, rsi=31.0)], known(), Kind.DIFFERENT, Cause.WARM_UP),
        ([HERE], [decided(bar(10, 26_000))], known(), Kind.DIFFERENT, Cause.LATE_BAR),
        ([], [HERE], known(notes=[note(20, has_begun=True)]), MISSED, Cause.NOT_RUNNING),
        ([], [HERE], known(stopped=[(NINE, NINE + 20 * MINUTE)]), MISSED, Cause.NOT_RUNNING),
        ([], [HERE], known(notes=[BEGUN, note(11, is_old=True)]), MISSED, Cause.TOO_OLD),
        ([], [HERE], known(has_other_version=True), MISSED, Cause.OTHER_VERSION),
        ([], [HERE], known(logged={}), MISSED, Cause.DATA_GAP),
        ([], [HERE], known(gaps=[(NINE, NINE + 20 * MINUTE)]), MISSED, Cause.DATA_GAP),
        ([], [HERE], known(logged=stored(ASKED), logged_until_ms=NINE), MISSED, Cause.DATA_GAP),
        ([], [HERE], known(logged=stored(bar(10, 9))), MISSED, Cause.LATE_BAR),
        ([], [HERE], known(late={("SSI", ASKED.ts_start_ms)}), MISSED, Cause.LATE_BAR),
        (
            [],
            [HERE],
            known(notes=[BEGUN], backtest_notes=[note(5, holdings={"SSI": (100, 0)})]),
            MISSED,
            Cause.HOLDING,
        ),
        (
            [],
            [HERE],
            known(
                notes=[BEGUN, note(5, holdings={"SSI": (0, 100)}), note(6, holdings={"SSI": (0, 0)})],
            ),
            MISSED,
            Cause.HELD_BEFORE,
        ),
        ([], [HERE], known(notes=[BEGUN, note(5, has_begun=True)]), MISSED, Cause.RESTARTED),
        (
            [],
            [decided(Timer(NINE, 540), symbol="SSI")],
            Facts(stored={}),
            MISSED,
            Cause.TIMER,
        ),
        (
            [decided(Fill("SSI", NINE, Side.BUY, 100, 25_000))],
            [],
            Facts(stored={}),
            Kind.RECORDED_ONLY,
            Cause.FILL,
        ),
    ],
)  # fmt: skip
def test_each_difference_has_its_cause(live, model, facts, kind, cause):
    found = compare(live, model, facts)
    (difference,) = found.differences
    assert (difference.kind, difference.cause, found.matched) == (kind, cause, 0)
    assert found.unexplained == (cause is Cause.UNEXPLAINED)
    assert json.loads(json.dumps(difference.told()))["cause"] == cause


def test_what_is_the_same_matches_whatever_else_is_wrong():
    found = compare([HERE], [decided(ASKED, held=500)], Facts(stored={}, gaps=[(0, 1 << 60)]))
    assert (found.matched, found.differences) == (1, [])


# --- fills ------------------------------------------------------------------------------------------------------------


def match(minute, quantity, price_vnd, side=Side.BUY, symbol="SSI"):
    return Match(NINE + minute * MINUTE, symbol, side, quantity, price_vnd)


def test_fills_are_compared_share_by_share_and_their_effects_add_up_to_the_difference_of_the_profits():
    live = [match(1, 300, 25_000), match(2, 200, 25_100), match(9, 500, 26_000, Side.SELL)]
    model = [match(1, 400, 25_050), match(9, 300, 26_000, Side.SELL), match(9, 100, 1, symbol="VNM")]
    marks = {"SSI": 25_500, "VNM": 11}
    rows = compare_fills(live, model, marks)
    assert [(one["symbol"], one["side"], one["quantity"], one["why"], one["effect_vnd"]) for one in rows] == [
        ("SSI", "BUY", 300, "PRICE", 300 * 50),
        ("SSI", "BUY", 100, "PRICE", -100 * 50),
        ("SSI", "BUY", 100, "QUANTITY", 100 * 400),
        ("SSI", "SELL", 300, "NONE", 0),
        ("SSI", "SELL", 200, "QUANTITY", 200 * 500),
        ("VNM", "BUY", 100, "QUANTITY", -100 * 10),
    ]
    assert sum(one["effect_vnd"] for one in rows) == profit_vnd(live, marks) - profit_vnd(model, marks)


def test_the_same_price_in_another_minute_is_a_difference_of_time():
    (row,) = compare_fills([match(1, 100, 5)], [match(2, 100, 5)], {})
    assert (row["why"], row["effect_vnd"]) == ("TIME", 0)
