"""Restricted trading on HOSE, orders at the closing price, negotiated trades, and who may change what when."""

from datetime import date, time
from itertools import pairwise

import pytest

from qts.domain.market import (
    admits,
    may_amend,
    may_cancel,
    rule_book_on,
    session_at,
    session_schedule,
)
from qts.domain.values import Exchange, OrderType, Session

RULES = rule_book_on(date(2026, 1, 5))

HOSE, HNX, UPCOM, VNFE = Exchange.HOSE, Exchange.HNX, Exchange.UPCOM, Exchange.VNFE


def test_a_restricted_security_trades_in_one_auction_after_another():
    spans = session_schedule(RULES, HOSE, restricted=True)
    assert all(before.end == after.start for before, after in pairwise(spans))
    assert [span.session for span in spans].count(Session.PERIODIC) == 9 + 6
    periodic = [span for span in spans if span.session is Session.PERIODIC]
    assert (periodic[0].start, periodic[0].end) == (time(9, 15), time(9, 30))
    assert (periodic[8].end, periodic[9].start) == (time(11, 30), time(13, 0))
    assert periodic[-1].end == time(14, 30)
    assert Session.CONTINUOUS not in {span.session for span in spans}
    assert (spans[0].session, spans[-1].session) == (Session.ATO, Session.ATC)


@pytest.mark.parametrize("exchange", [HNX, UPCOM, VNFE])
def test_only_hose_has_such_a_schedule(exchange):
    assert session_schedule(RULES, exchange, restricted=True) == session_schedule(RULES, exchange)


def test_the_same_moment_in_both_schedules():
    assert session_at(RULES, HOSE, time(10, 0)) is Session.CONTINUOUS
    assert session_at(RULES, HOSE, time(10, 0), restricted=True) is Session.PERIODIC
    assert session_at(RULES, HOSE, time(12, 0), restricted=True) is Session.BREAK
    assert {kind for kind in OrderType if admits(RULES, HOSE, Session.PERIODIC, kind)} == {OrderType.LO}


@pytest.mark.parametrize(
    ("at", "changeable"),
    [("09:15:00", True), ("09:24:59", True), ("09:25:00", False), ("09:29:59", False), ("09:30:00", True)],
)
def test_the_last_five_minutes_of_a_periodic_auction_are_locked(at, changeable):
    moment = time.fromisoformat(at)
    assert may_cancel(RULES, HOSE, Session.PERIODIC, moment) is changeable
    assert may_amend(RULES, HOSE, Session.PERIODIC, OrderType.LO, moment) is changeable
    assert not may_cancel(RULES, HOSE, Session.ATC, moment)


def test_a_periodic_auction_is_locked_for_who_cannot_tell_the_time():
    assert not may_cancel(RULES, HOSE, Session.PERIODIC)


@pytest.mark.parametrize("exchange", list(Exchange))
def test_limit_orders_are_amended_in_continuous_trading_only(exchange):
    amendable = {
        (session, kind) for session in Session for kind in OrderType if may_amend(RULES, exchange, session, kind)
    }
    assert amendable == {(Session.CONTINUOUS, OrderType.LO)}
