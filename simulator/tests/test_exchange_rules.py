"""Halts, odd lots, after-hours trading, restricted securities, foreign room, the end of a day."""

from datetime import date
from fractions import Fraction

import pytest

from qts.domain.market import Instrument, PloMatching
from qts.domain.matching import Fill
from qts.domain.values import Exchange as Market
from qts.domain.values import InstrumentKind, Session, Side
from simulator.exchange.corporate_actions import CorporateAction, read_corporate_actions
from simulator.exchange.rooms import RoomGrowth
from simulator.listings import Listing, WarrantTerms
from simulator.tests.markets import Floor, SecurityState, stock

NEXT_DAY = date(2026, 11, 25)


def test_a_halted_symbol_takes_no_orders_and_comes_back_into_the_session_of_the_hour():
    floor = Floor(stock("AAA"), stock("BBB"))
    floor.at("10:00")
    resting = floor.enter("BUY 100 AAA LO@20000")
    floor.sessions.clear()
    floor.exchange.halt("AAA")
    assert floor["AAA"].session is Session.HALT
    assert floor["AAA"].state is SecurityState.HALTED
    with pytest.raises(ValueError, match="HALT"):
        floor.enter("SELL 100 AAA LO@20000")
    floor.enter("SELL 100 BBB LO@20000")
    floor.exchange.halt("AAA")  # once more changes nothing
    floor.at("11:45")
    assert [told for told in floor.sessions if told[0] == "AAA"] == [("AAA", "10:00", Session.HALT)]
    floor.exchange.resume("AAA")
    assert floor.sessions[-1] == ("AAA", "11:45", Session.BREAK)
    assert floor["AAA"].state is SecurityState.NORMAL
    floor.at("13:00")
    floor.enter("SELL 100 AAA LO@20000")
    assert floor.tape == [("AAA", 20_000, 100)]
    assert resting.remaining == 0


def test_a_halted_market_stops_all_its_symbols_and_no_other():
    floor = Floor(stock("AAA"), stock("HHH", Market.HNX))
    floor.at("10:00")
    floor.exchange.halt("AAA")
    floor.exchange.halt("HOSE")
    floor.exchange.resume("HOSE")
    assert (floor["AAA"].session, floor["HHH"].session) == (Session.HALT, Session.CONTINUOUS)
    floor.exchange.halt("HNX")
    floor.exchange.resume("HHH")  # its market is halted still
    floor.exchange.resume("AAA")
    assert (floor["AAA"].session, floor["HHH"].session) == (Session.CONTINUOUS, Session.HALT)
    with pytest.raises(KeyError):
        floor.exchange.halt("NYSE")


def test_an_auction_that_falls_into_a_halt_is_made_up_for_at_its_end():
    floor = Floor(stock("AAA"))
    floor.at("09:05")
    floor.enter("BUY 300 AAA LO@20100")
    at_open = floor.enter("BUY 100 AAA ATO")
    floor.enter("SELL 200 AAA LO@19900")
    floor.exchange.halt("AAA")
    floor.at("09:30")
    assert floor.tape == []
    assert floor.gone == [at_open.order_id]
    floor.exchange.resume("AAA")
    assert floor.tape == [("AAA", 20_000, 200)]  # of all prices that match 200, the nearest to the reference
    book = floor["AAA"].book
    assert (book.best_bid(), book.best_ask()) == (20_100, None)


def test_a_halt_outlasts_the_day_and_no_order_does():
    floor = Floor(stock("AAA"))
    floor.at("10:00")
    order = floor.enter("BUY 100 AAA LO@20000")
    floor.exchange.halt("AAA")
    floor.at("15:10")
    assert floor.gone == [order.order_id]
    floor.at("09:05", NEXT_DAY)
    assert floor["AAA"].session is Session.HALT
    floor.exchange.resume("AAA")
    assert floor["AAA"].session is Session.ATO


def test_a_suspended_security_does_not_trade_until_its_state_changes():
    floor = Floor(stock("AAA", state=SecurityState.SUSPENDED))
    floor.at("10:00")
    assert (floor["AAA"].session, floor["AAA"].state) == (Session.HALT, SecurityState.SUSPENDED)
    floor.exchange.resume("AAA")
    assert floor["AAA"].session is Session.HALT
    floor.exchange.set_state("AAA", SecurityState.WARNED)
    assert (floor["AAA"].session, floor["AAA"].state) == (Session.CONTINUOUS, SecurityState.WARNED)
    with pytest.raises(ValueError, match="halt"):
        floor.exchange.set_state("AAA", SecurityState.HALTED)


@pytest.mark.parametrize(
    ("market", "band"),
    [(Market.HOSE, (24_000, 16_000)), (Market.HNX, (26_000, 14_000)), (Market.UPCOM, (28_000, 12_000))],
)
def test_the_first_trading_day_has_the_wide_band_and_no_other_has(market, band):
    floor = Floor(stock("AAA", market), stock("BBB", market))
    floor.at("10:00")
    usual = floor["BBB"].band
    assert floor.exchange.list_anew("AAA") == NEXT_DAY
    assert floor["AAA"].band == usual
    floor.at("10:00", NEXT_DAY)
    assert (floor["AAA"].band.ceiling_vnd, floor["AAA"].band.floor_vnd) == band
    assert floor["BBB"].band == usual
    for side in ("SELL", "BUY"):
        floor.enter(f"{side} 100 AAA LO@{band[0]}")
    assert floor.tape == [("AAA", band[0], 100)]
    floor.at("10:00", date(2026, 11, 26))
    assert floor["AAA"].band.ceiling_vnd < floor["AAA"].reference_vnd * 1.16


@pytest.mark.parametrize(("back_on", "is_wide"), [(date(2026, 12, 29), False), (date(2026, 12, 30), True)])
@pytest.mark.parametrize("clock", ["08:00", "10:00"])
def test_the_day_back_after_more_than_25_sessions_has_it_too(back_on, is_wide, clock):
    floor = Floor(stock("AAA"))
    floor.at("10:00")
    floor.exchange.set_state("AAA", SecurityState.SUSPENDED)  # the 25th session of this is that of the 28th of December
    for day in (NEXT_DAY, date(2026, 12, 14), back_on):
        floor.at(clock, day)
    floor.exchange.set_state("AAA", SecurityState.NORMAL)
    floor.at("10:00", back_on)
    assert floor["AAA"].session is Session.CONTINUOUS
    assert floor["AAA"].band.ceiling_vnd == (24_000 if is_wide else 21_400)
    floor.at("10:00", date(2026, 12, 31))
    assert floor["AAA"].band.ceiling_vnd == 21_400


def test_a_restricted_security_trades_in_auctions_of_a_quarter_of_an_hour():
    floor = Floor(stock("AAA", state=SecurityState.RESTRICTED), stock("BBB"))
    floor.at("09:20")
    assert (floor["AAA"].session, floor["BBB"].session) == (Session.PERIODIC, Session.CONTINUOUS)
    for line in ("BUY 200 AAA LO@20000", "SELL 300 AAA LO@20000"):
        floor.enter(line)
    floor.at("09:29")
    assert floor.tape == []
    floor.at("09:30")
    assert floor.tape == [("AAA", 20_000, 200)]
    floor.exchange.set_state("AAA", SecurityState.NORMAL)  # its timetable changes tomorrow
    floor.at("13:20")
    assert floor["AAA"].session is Session.PERIODIC
    floor.at("13:20", NEXT_DAY)
    assert floor["AAA"].session is Session.CONTINUOUS


def test_odd_lots_meet_in_a_book_of_their_own():
    floor = Floor(stock("AAA"))
    floor.at("10:00")
    floor.enter("SELL 100 AAA LO@20000")
    odd = floor.enter("BUY 40 AAA LO@20000")
    assert (floor.tape, floor.odd_tape) == ([], [])
    floor.enter("SELL 25 AAA LO@19900")
    assert floor.odd_tape == [("AAA", 20_000, 25)]
    security = floor["AAA"]
    assert (odd.remaining, security.totals.quantity, security.odd_totals.quantity) == (15, 0, 25)
    assert floor.exchange.cancel(security, odd.order_id) == 15
    assert security.book.best_ask() == 20_000
    floor.at("15:00")
    assert len(security.book) == len(security.odd_book) == 0


@pytest.mark.parametrize(("after_hours", "met_at"), [(PloMatching.COLLECTED, "14:55"), (PloMatching.AT_ONCE, "14:50")])
def test_after_hours_orders_meet_at_the_closing_price(after_hours, met_at):
    floor = Floor(stock("HHH", Market.HNX, 20_000))
    floor.exchange.plo_matching = after_hours
    floor.at("14:00")
    floor.enter("BUY 100 HHH LO@20300")
    floor.enter("SELL 100 HHH LO@20300")
    floor.enter("BUY 500 HHH LO@20200")  # a limit order takes no part
    floor.at("14:50")
    assert floor["HHH"].session is Session.PLO
    floor.tape.clear()
    first, second = floor.enter("SELL 300 HHH PLO"), floor.enter("SELL 300 HHH PLO")
    floor.enter("BUY 400 HHH PLO")
    at_once = floor.tape[:]
    floor.at("14:56")
    assert floor.tape == [("HHH", 20_300, 300), ("HHH", 20_300, 100)]
    assert (at_once != []) is (met_at == "14:50")
    assert (first.remaining, second.remaining) == (0, 200)
    floor.enter("BUY 100 HHH PLO")
    assert floor.tape[-1] == ("HHH", 20_300, 100)
    floor.at("15:00")
    assert second.order_id in floor.gone


def test_without_a_closing_price_nothing_trades_after_hours():
    floor = Floor(stock("HHH", Market.HNX))
    floor.at("14:50")
    with pytest.raises(ValueError, match="no closing price"):
        floor.enter("BUY 100 HHH PLO")


def test_the_foreign_room_shrinks_with_the_order_and_grows_with_its_cancellation():
    floor = Floor(stock("AAA"))  # 30 % of a million shares, half of it used
    rooms = floor.exchange.rooms
    floor.at("10:00")
    assert floor["AAA"].room_left == 150_000
    assert rooms.hold(floor["AAA"], 149_900)
    assert not rooms.hold(floor["AAA"], 200)
    assert floor.rooms == [("AAA", 100)]
    rooms.free(floor["AAA"], 149_000)
    assert floor["AAA"].room_left == 149_100


@pytest.mark.parametrize(
    ("growth", "on_the_day", "on_the_next"),
    [(RoomGrowth.AT_MATCH, 150_200, 150_200), (RoomGrowth.NEXT_DAY, 150_000, 150_200)],
)
def test_when_a_foreign_sale_makes_room_is_a_setting(growth, on_the_day, on_the_next):
    floor = Floor(stock("AAA"))
    floor.exchange.rooms.growth = growth
    floor.at("10:00")
    floor.exchange.rooms.trade(floor["AAA"], Side.SELL, [Fill(20_000, 200, 1, 2, Side.SELL)])
    assert floor["AAA"].room_left == on_the_day
    assert floor["AAA"].totals.foreign_sold_quantity == 200
    floor.at("10:00", NEXT_DAY)
    assert floor["AAA"].room_left == on_the_next


@pytest.mark.parametrize(
    ("market", "reference_vnd"), [(Market.HOSE, 20_400), (Market.HNX, 20_400), (Market.UPCOM, 20_100)]
)
def test_the_next_reference_is_the_close_or_on_upcom_the_average(market, reference_vnd):
    floor = Floor(stock("AAA", market, 20_000))
    floor.at("10:00")
    for price_vnd, quantity in ((20_000, 300), (20_400, 100)):
        floor.enter(f"SELL {quantity} AAA LO@{price_vnd}")
        floor.enter(f"BUY {quantity} AAA LO@{price_vnd}")
    floor.at("08:00", NEXT_DAY)
    assert floor["AAA"].reference_vnd == reference_vnd
    assert floor["AAA"].band.holds(reference_vnd)


def test_rights_come_off_on_their_day(tmp_path):
    file = tmp_path / "actions.csv"
    file.write_text(
        "symbol,ex_date,kind,amount,price\n"
        "AAA,2026-11-25,cash,1000,\n"
        "AAA,2026-11-25,bonus,1/10,\n"
        "BBB,2026-11-25,rights,0.5,10000\n"
        "CCC,2026-11-26,cash,500,\n"
    )
    floor = Floor(*(stock(symbol) for symbol in ("AAA", "BBB", "CCC")))
    floor.exchange.actions = read_corporate_actions(file)
    assert floor.exchange.actions[date(2026, 11, 25), "AAA"] == CorporateAction(1000, Fraction(1, 10))
    floor.at("10:00")
    floor.at("08:00", NEXT_DAY)
    references = [floor[symbol].reference_vnd for symbol in ("AAA", "BBB", "CCC")]
    assert references == [17_250, 16_650, 20_000]  # 19,000 / 1.1 = 17,273; 25,000 / 1.5 = 16,667


@pytest.mark.parametrize(
    "row",
    [
        "AAA,x,cash,1,",
        "AAA,2026-11-25,gift,1,",
        "AAA,2026-11-25,cash,-1,",
        "AAA,2026-11-25,rights,0.5,",
        "A,2026-11-25,bonus,1/0,",
    ],
)
def test_a_file_of_rights_that_makes_no_sense_is_refused_with_its_line(tmp_path, row):
    file = tmp_path / "actions.csv"
    file.write_text(f"symbol,ex_date,kind,amount,price\n{row}\n")
    with pytest.raises(ValueError, match=r"actions\.csv, line 2"):
        read_corporate_actions(file)


def test_a_covered_warrants_band_is_its_underlyings():
    warrant = Listing(
        instrument=Instrument("CAAA2601", Market.HOSE, InstrumentKind.WARRANT),
        name_vi="",
        name_en="",
        reference_vnd=1_000,
        listed_shares=1_000_000,
        foreign_limit_percent=100,
        warrant=WarrantTerms("AAA", (4, 1)),
    )
    floor = Floor(warrant, stock("AAA", reference_vnd=20_000))
    band = floor["CAAA2601"].band
    assert (band.ceiling_vnd, band.floor_vnd) == (1_350, 650)  # 1,400 / 4 either way
