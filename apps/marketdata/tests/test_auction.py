"""What an auction would do, told by the exchange or worked out from its levels, and what may be done at each time."""

from datetime import datetime

import pytest

from apps.marketdata.selectors import LiveQuote, PriceSource, SecurityView, auction_of, rules_now
from qts.domain.market import VIETNAM, built_in_history
from qts.domain.values import Exchange, InstrumentKind

SSI = SecurityView("SSI", Exchange.HOSE, InstrumentKind.STOCK, "SSI", "SSI", 100, 1_000_000_000, is_active=True)
MONDAY = datetime(2026, 11, 23, tzinfo=VIETNAM)
RULES = built_in_history().on(MONDAY.date())


def quote(*, bids=(), asks=(), session="ATO", told_vnd=0) -> LiveQuote:
    levels = {"bids": bids, "asks": asks}
    return LiveQuote("SSI", 25_000, 26_750, 23_250, **levels, session=session, estimated_match_vnd=told_vnd)


@pytest.mark.parametrize(
    ("bids", "asks", "told_vnd", "expected"),
    [
        # at 25,100 there are 600 wanted and 400 offered, at 25,000 300
        (((25_200, 200), (25_100, 400)), ((25_000, 300), (25_100, 100)), 0, (25_100, PriceSource.BOOK, 400, 200)),
        # at-the-auction volume stands at the ceiling, so it is wanted at every price
        (((0, 500), (24_900, 100)), ((25_000, 300),), 0, (25_000, PriceSource.BOOK, 300, 200)),
        (((25_000, 300),), ((0, 700), (25_300, 50)), 0, (25_000, PriceSource.BOOK, 300, -400)),
        # the exchange's word counts, also where the visible levels would say another price
        (((25_200, 200), (25_100, 400)), ((25_000, 300),), 25_050, (25_050, PriceSource.EXCHANGE, 300, 300)),
        # levels beyond those that are shown: the exchange's price, and nothing to be said of the volume
        (((24_000, 200),), ((26_000, 300),), 25_000, (25_000, PriceSource.EXCHANGE, 0, 0)),
        (((24_900, 200),), ((25_000, 300),), 0, (0, PriceSource.NONE, 0, 0)),
        ((), (), 0, (0, PriceSource.NONE, 0, 0)),
    ],
)
def test_price_volume_and_what_is_left_over(bids, asks, told_vnd, expected):
    found = auction_of(SSI, quote(bids=bids, asks=asks, told_vnd=told_vnd), RULES)
    assert found is not None
    assert (found.price_vnd, found.source, found.volume, found.imbalance) == expected
    assert found.bid_total == sum(quantity for _, quantity in bids)


@pytest.mark.parametrize("session", ["CONTINUOUS", "BREAK", "CLOSED", "PLO", "", "NO-SUCH"])
def test_outside_of_an_auction_there_is_none(session):
    crossed = quote(bids=((25_000, 100),), asks=((24_000, 100),), session=session, told_vnd=25_000)
    assert auction_of(SSI, crossed, RULES) is None


def test_the_ladder_adds_up_from_both_sides():
    found = auction_of(SSI, quote(bids=((0, 100), (25_000, 50)), asks=((24_900, 30), (25_000, 40))), RULES)
    assert found is not None
    rungs = [(rung.price_vnd, rung.demand, rung.supply) for rung in found.rungs]
    assert rungs == [(26_750, 100, 70), (25_000, 150, 70), (24_900, 150, 30)]


@pytest.mark.parametrize(
    ("exchange", "at", "session", "takes", "then"),
    [
        (Exchange.HOSE, "08:59", "PRE_OPEN", [], (False, None, "09:00")),
        (Exchange.HOSE, "09:05", "ATO", ["LO", "ATO"], (False, "09:15", "14:30")),
        (Exchange.HOSE, "10:00", "CONTINUOUS", ["LO", "MTL"], (True, "11:30", "14:30")),
        (Exchange.HOSE, "14:44", "ATC", ["LO", "ATC"], (False, "14:45", None)),
        (Exchange.HNX, "09:05", "CONTINUOUS", ["LO", "MTL", "MOK", "MAK"], (True, "11:30", "14:30")),
        (Exchange.UPCOM, "14:40", "CONTINUOUS", ["LO"], (True, "15:00", None)),
        (Exchange.VNFE, "08:50", "ATO", ["LO", "ATO"], (False, "09:00", "14:30")),
    ],
)
def test_what_may_be_done(exchange, at, session, takes, then):
    hour, minute = map(int, at.split(":"))
    found = rules_now(RULES, exchange, MONDAY.replace(hour=hour, minute=minute), is_trading_day=True)
    assert (found.session, sorted(found.order_types)) == (session, sorted(takes))
    assert found.may_cancel is found.may_amend
    ends, begins = (moment and f"{moment:%H:%M}" for moment in (found.ends_at, found.next_auction_at))
    assert (found.may_cancel, ends, begins) == then


def test_a_holiday_has_no_session_at_all():
    found = rules_now(RULES, Exchange.HOSE, MONDAY.replace(day=22, hour=9, minute=5), is_trading_day=False)
    assert (found.session, found.order_types, found.ends_at, found.next_auction_at) == ("CLOSED", (), None, None)
