"""What shows that messages are missing, and what only looks like it."""

import pytest

from qts.domain.events import IndexUpdated, OrderBookUpdated, QuoteUpdated, TickReceived
from qts.domain.market import GapWatch
from qts.domain.values import Session

S = 1_000_000_000
T0 = 1_800_000_000 * S
OPEN_MS = 1_763_865_000_000  # 2025-11-23 09:30 in Vietnam


def times(at_s):
    return {"ts_exchange_ms": OPEN_MS + int(at_s * 1_000), "ts_received_ns": T0 + int(at_s * S), "wal_position": "1:8"}


def tick(at_s, quantity=100, symbol="SSI"):
    return TickReceived(symbol=symbol, price_vnd=25_000, quantity=quantity, **times(at_s))


def quote(at_s, total, symbol="SSI", **changes):
    numbers = dict.fromkeys(
        (
            "reference_vnd", "ceiling_vnd", "floor_vnd", "last_vnd", "last_quantity", "total_value_vnd", "high_vnd",
            "low_vnd", "average_vnd", "estimated_match_vnd",
        ),
        0,
    )  # fmt: skip
    words = {"aggressor": "", "session": "CONTINUOUS", "status": "N"}
    return QuoteUpdated(symbol=symbol, total_quantity=total, **(numbers | words | times(at_s) | changes))


def book(at_s, symbol="SSI"):
    return OrderBookUpdated(symbol=symbol, bids=(), asks=(), session="CONTINUOUS", **times(at_s))


def index(at_s, total, code="VNINDEX"):
    counts = dict.fromkeys(("advances", "declines", "unchanged", "ceilings", "floors"), 0)
    return IndexUpdated(
        index_code=code,
        value_centipoints=1,
        prior_centipoints=1,
        total_quantity=total,
        total_value_vnd=0,
        session="CONTINUOUS",
        **counts,
        **times(at_s),
    )


def at(seconds):
    return T0 + int(seconds * S)


@pytest.fixture
def watch():
    one = GapWatch()
    one.subscribed(OPEN_MS)
    return one


def looked(watch, seconds, session=Session.CONTINUOUS, since=0.0):
    return watch.overdue(at(seconds), OPEN_MS + int(seconds * 1_000), session, at(since))


def spans(gaps):
    return [(gap.symbols, gap.cause, (gap.ts_from_ns - T0) / S, (gap.ts_to_ns - T0) / S) for gap in gaps]


def test_matches_and_totals_that_agree_are_no_gap_whichever_comes_first(watch):
    found = watch.observe([quote(0, 1_000), tick(1, 100), quote(1, 1_100)])
    found += watch.observe([quote(2, 1_300)])
    assert watch.suspects == {"SSI": at(1)}  # held against strategies until the match has come
    found += watch.observe([tick(2.4, 200)])
    assert watch.suspects == {}
    found += watch.observe([tick(3, 50)])
    found += watch.observe([quote(3.9, 1_350)])
    assert [*found, *looked(watch, 5)] == []


def test_matches_missing_from_the_volume_are_marked_after_a_second_from_where_they_agreed(watch):
    watch.observe([quote(0, 1_000), tick(1), quote(1, 1_100), tick(5), quote(5, 1_400)])
    assert looked(watch, 5.9) == []
    [gap] = looked(watch, 6)
    assert spans([gap]) == [("SSI", "VOLUME", 1, 5)]
    assert "200" in gap.reason
    assert (gap.ts_market_from_ms, gap.ts_market_to_ms) == (OPEN_MS + 1_000, OPEN_MS + 5_000)
    assert looked(watch, 9) == []  # told once, and counting goes on from there
    assert watch.observe([tick(10), quote(10, 1_500)]) == []
    assert looked(watch, 12) == []


def test_the_next_messages_time_marks_it_too_so_a_replay_finds_the_same(watch):
    watch.observe([quote(0, 1_000), quote(1, 1_500)])
    assert spans(watch.observe([book(2.5, "FPT")])) == [("SSI", "VOLUME", 0, 1)]


def test_a_match_that_the_volume_never_counts_means_lost_totals_and_is_told_once(watch):
    watch.observe([quote(0, 1_000), tick(1, 300)])
    assert watch.suspects == {}  # no match is missing
    assert spans(looked(watch, 2)) == [("SSI", "VOLUME", 0, 1)]
    assert looked(watch, 4) == []
    assert watch.observe([tick(5, 100), quote(5, 1_400)]) == []
    assert looked(watch, 7) == []
    watch.observe([quote(8, 1_500)])
    assert spans(looked(watch, 9)) == [("SSI", "VOLUME", 5, 8)]


def test_stale_snapshots_old_totals_and_another_day_are_no_gap(watch):
    stale = quote(-60, 900)
    found = watch.observe([stale, quote(0, 5_000), tick(1), quote(1, 5_100), quote(0.5, 5_000)])
    next_day = 24 * 3_600
    found += watch.observe([tick(next_day, 700), quote(next_day, 700), tick(next_day + 1), quote(next_day + 1, 800)])
    assert [*found, *looked(watch, next_day + 3, Session.CLOSED)] == []


def test_a_new_subscription_counts_anew(watch):
    watch.observe([quote(0, 1_000), quote(1, 9_000)])
    watch.subscribed(OPEN_MS + 2_000)
    assert watch.suspects == {}
    assert watch.observe([quote(2, 9_500), tick(3), quote(3, 9_600)]) == []
    assert looked(watch, 6) == []


def test_an_index_whose_volume_grows_without_a_match_is_a_gap_of_all(watch):
    watch.observe([tick(0), index(0, 10_000), tick(3), index(5, 10_300)])
    assert watch.observe([index(10, 10_900)]) == []
    assert spans(looked(watch, 11)) == [("*", "INDEX", 5, 10)]
    assert watch.observe([index(15, 11_000), tick(16), index(20, 11_500)]) == []
    assert looked(watch, 22) == []


def test_a_match_right_after_the_index_excuses_it(watch):
    watch.observe([tick(0), index(0, 10_000), index(5, 10_300), tick(5.5)])
    assert looked(watch, 7) == []


def test_nothing_at_all_in_a_session_is_a_gap_after_eight_seconds(watch):
    watch.observe([book(0)])
    assert looked(watch, 0) == []
    assert looked(watch, 8) == []
    assert spans(looked(watch, 8.1)) == [("*", "SILENCE", 0, 8.1)]
    assert watch.silent_since_ns == at(0)
    assert looked(watch, 8.5) == []
    assert spans(looked(watch, 9.2)) == [("*", "SILENCE", 0, 9.2)]  # it goes on: the same, longer
    assert spans(watch.observe([book(9.6)])) == [("*", "SILENCE", 0, 9.6)]
    assert watch.silent_since_ns == 0


@pytest.mark.parametrize("session", [Session.BREAK, Session.PRE_OPEN, Session.CLOSED, Session.PLO, Session.HALT])
def test_silence_outside_of_sessions_is_right(watch, session):
    watch.observe([book(0)])
    assert looked(watch, 600, session) == []


def test_silence_counts_from_the_sessions_beginning_and_from_the_connections(watch):
    watch.observe([book(0)])
    assert looked(watch, 3_600, Session.BREAK) == []
    assert looked(watch, 3_700) == []
    assert looked(watch, 3_707.9) == []
    assert looked(watch, 3_709, since=3_702) == []
    assert spans(looked(watch, 3_710.1, since=3_702)) == [("*", "SILENCE", 3_702, 3_710.1)]


def lively(watch, seconds, every_s=0.25):
    at_s, found = 0.0, []
    while at_s < seconds:
        found += looked(watch, at_s)
        found += watch.observe([tick(at_s), quote(at_s, 1_000 + int(at_s / every_s) * 100), book(at_s)])
        at_s += every_s
    return found


def test_a_lively_stream_is_missed_within_two_seconds(watch):
    assert lively(watch, 60) == []
    assert looked(watch, 61.2) == []
    [gap] = looked(watch, 61.3)
    assert spans([gap]) == [("*", "SILENCE", 59.75, 61.3)]


def test_a_lively_stream_is_missed_as_soon_when_it_was_connected_anew_just_before(watch):
    assert lively(watch, 60) == []
    watch.subscribed(OPEN_MS + 70_000)
    assert looked(watch, 70.5, since=70) == []
    assert watch.observe([tick(71), quote(71, 9_000), book(71)]) == []
    assert looked(watch, 72.4, since=70) == []
    assert spans(looked(watch, 72.6, since=70)) == [("*", "SILENCE", 71, 72.6)]


def test_one_that_says_nothing_once_connected_anew_is_missed_from_then_on(watch):
    assert lively(watch, 60) == []
    watch.subscribed(OPEN_MS + 70_000)
    assert looked(watch, 71.4, since=70) == []
    assert spans(looked(watch, 71.6, since=70)) == [("*", "SILENCE", 70, 71.6)]


def test_one_channel_that_falls_silent_is_missed_while_the_others_go_on(watch):
    assert lively(watch, 60) == []
    found = []
    for step in range(8):
        now_s = 60 + step * 0.25
        found += watch.observe([book(now_s)]) + looked(watch, now_s)
    texts = {gap.reason.partition(":")[0] for gap in found}
    assert texts == {"matches", "quotes"}
    assert watch.silent_since_ns == 0


def test_a_quiet_stream_is_given_three_times_its_longest_pause(watch):
    assert lively(watch, 60, every_s=2) == []
    assert looked(watch, 58 + 6) == []
    assert spans(looked(watch, 58 + 6.1))[0][:2] == ("*", "SILENCE")


def test_who_connects_anew_after_a_silence_begins_without_it(watch):
    watch.observe([book(0)])
    looked(watch, 0)
    assert spans(looked(watch, 8.1)) == [("*", "SILENCE", 0, 8.1)]
    watch.subscribed(OPEN_MS + 9_000)
    assert watch.silent_since_ns == 0
    assert watch.observe([book(9.5)]) == []
    assert looked(watch, 10, since=9) == []
