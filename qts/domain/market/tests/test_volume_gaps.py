"""A gap by volume is exactly a match that did not come, whatever the subscription began with and in whatever order."""

from dataclasses import dataclass, replace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from qts.domain.events import Event, GapDetected, QuoteUpdated, TickReceived
from qts.domain.market import GapWatch
from qts.domain.market.tests.test_gap_watch import OPEN_MS, T0, quote, tick

MS = 1_000_000
LATE_MS_MAX = 400  # of a message; what belongs together is at most a second apart
SETTLED_MS = 12_000


@dataclass(frozen=True)
class Trade:
    """In ms since the opening; either message of it may be late."""

    at_ms: int
    quantity: int
    match_late_ms: int
    total_late_ms: int


def wire(event: TickReceived | QuoteUpdated, told_ms: int, received_ms: int) -> Event:
    """As it comes: the exchange's time in whole seconds."""
    whole_ms = (OPEN_MS + told_ms) // 1_000 * 1_000
    return cast(Event, replace(event, ts_exchange_ms=whole_ms, ts_received_ns=T0 + received_ms * MS))


def messages(trades: list[Trade], begins_ms: int, *, repeats_last: bool, lost: int | None) -> list[Event]:
    """Of one subscription, in the order in which they come: the server's snapshot, then both messages of each trade."""
    before = [one for one in trades if one.at_ms < begins_ms]
    total = 1_000 + sum(one.quantity for one in before)
    sent: list[tuple[int, int, Event]] = [(begins_ms, 0, wire(quote(0, total), begins_ms, begins_ms))]
    if repeats_last and before:
        sent.append((begins_ms, 1, wire(tick(0, before[-1].quantity), before[-1].at_ms, begins_ms)))
    match_ms = total_ms = begins_ms
    for number, one in enumerate(trades):
        if one in before:
            continue
        total += one.quantity
        match_ms, total_ms = max(match_ms, one.at_ms + one.match_late_ms), max(total_ms, one.at_ms + one.total_late_ms)
        if number != lost:
            sent.append((match_ms, 2, wire(tick(0, one.quantity), one.at_ms, match_ms)))
        sent.append((total_ms, 3, wire(quote(0, total), one.at_ms, total_ms)))
    return [event for _, _, event in sorted(sent, key=lambda row: row[:2])]


def gaps_of(events: list[Event], subscribed_ms: int) -> list[GapDetected]:
    """Read one by one, the clock looking on; those before the subscription are none of ours, as the intake does it."""
    watch, found, now_ms = GapWatch(), [], 0
    watch.subscribed(OPEN_MS + subscribed_ms)
    first_ms = (OPEN_MS + subscribed_ms) // 1_000 * 1_000
    for event in events:
        received_ms = (event.ts_received_ns - T0) // MS  # type: ignore[attr-defined]
        while now_ms < received_ms:
            now_ms = min(now_ms + 100, received_ms)
            found += watch._out_of_patience(T0 + now_ms * MS)
        if isinstance(event, QuoteUpdated) or event.ts_exchange_ms >= first_ms:  # type: ignore[attr-defined]
            found += watch.observe([event])
    found += watch._out_of_patience(T0 + (now_ms + 5_000) * MS)
    assert watch.suspects == {}
    return found


def trades_of(steps: list[tuple[int, int, int, int]]) -> list[Trade]:
    at_ms, found = 0, []
    for step_ms, lots, match_late_ms, total_late_ms in steps:
        at_ms += step_ms
        found.append(Trade(at_ms, 100 * lots, match_late_ms, total_late_ms))
    return found


late_ms = st.integers(0, LATE_MS_MAX)
steps = st.lists(st.tuples(st.integers(1, 3_000), st.integers(1, 3), late_ms, late_ms), min_size=1, max_size=30)


@given(steps, st.integers(0, 20_000), st.integers(0, 5_000), st.booleans())
def test_nothing_lost_is_no_gap(steps, begins_ms, early_ms, repeats_last):
    """However long before the server began the subscription was asked for."""
    sent = messages(trades_of(steps), begins_ms, repeats_last=repeats_last, lost=None)
    assert gaps_of(sent, begins_ms - early_ms) == []


@given(steps, st.integers(0, 9_000), st.booleans(), st.data())
def test_a_lost_match_is_one_gap_over_its_moment(steps, begins_ms, repeats_last, data):
    """Also among others of the same quantity, whichever message of each comes first."""
    trades = trades_of(steps)
    settled_ms = max(begins_ms, 9_000) + SETTLED_MS
    later = [replace(one, at_ms=settled_ms + one.at_ms) for one in trades]
    assert_the_gap_is_found([one for one in trades if one.at_ms < begins_ms], later, begins_ms, repeats_last, data)


@given(steps, st.integers(0, 9_000), st.booleans(), st.data())
def test_so_is_one_that_is_lost_right_after_the_beginning(steps, begins_ms, repeats_last, data):
    """Where no two sums of matches are equal: those of the first second may be in the first total or not."""
    trades = [replace(one, quantity=100 * 2**number) for number, one in enumerate(trades_of(steps))]
    before = [one for one in trades if one.at_ms < begins_ms]
    if later := trades[len(before) :]:
        assert_the_gap_is_found(before, later, begins_ms, repeats_last, data)


def assert_the_gap_is_found(before, later, begins_ms, repeats_last, data):
    trades, lost = before + later, len(before) + data.draw(st.integers(0, len(later) - 1))
    [gap] = gaps_of(messages(trades, begins_ms, repeats_last=repeats_last, lost=lost), begins_ms)
    assert "are missing" in gap.reason
    second_ms = (OPEN_MS + trades[lost].at_ms) // 1_000 * 1_000
    assert gap.ts_market_from_ms <= second_ms <= gap.ts_market_to_ms
