"""The generated market: one tape for a seed, however time is advanced; futures; a whole market's listings."""

from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qts.domain.market import VIETNAM, built_in_history, is_on_tick, rule_book_on, tick_size_vnd
from qts.domain.values import Exchange as Market
from qts.domain.values import InstrumentKind, Session
from simulator.exchange.calibrated import CLOSING_PERCENT, OPENING_PERCENT, pace, volume_share
from simulator.exchange.exchange import StockExchange
from simulator.exchange.futures import FutureMarket
from simulator.exchange.history import invented_history
from simulator.exchange.order_flow import OrderFlow
from simulator.exchange.security import new_securities
from simulator.listings import SecurityState, vn30_listings
from simulator.listings_all import all_listings, value_of_rank_vnd
from simulator.market_feed import MarketFeed
from simulator.tests.markets import DAY
from simulator.trading_days import vietnam_calendar
from simulator.wire.market_records import CHANNEL_TYPES

RULES = rule_book_on(date(2026, 1, 5))

START = datetime.combine(DAY, time(14, 20), tzinfo=VIETNAM)
SPAN_S = 1_600  # over the closing auction and the futures' end


class GeneratedMarket:
    def __init__(self, symbols, *, seed=7, with_futures=False, activity=1.0, listings=None):
        listings = vn30_listings(symbols) if listings is None else listings
        self.exchange = StockExchange(new_securities(listings), vietnam_calendar())
        futures = FutureMarket(self.exchange) if with_futures else None
        self.flow = OrderFlow(self.exchange, seed, 1.0, activity=activity, futures=futures)
        self.feed = MarketFeed(self.exchange, 1.0)
        self.feed.wanted = CHANNEL_TYPES
        if futures is not None:
            self.exchange.list_for = futures.roll
            self.exchange.listeners.append(futures)
            self.exchange.sources.append(futures)
        self.exchange.listeners += [self.feed, self.flow]
        self.exchange.sources += [self.flow, self.feed]
        self.told = []

    def until(self, moment):
        self.exchange.advance(moment)
        self.told += self.feed.drain()

    def at(self, clock, day=DAY):
        self.until(datetime.combine(day, time.fromisoformat(clock), tzinfo=VIETNAM))


def stream(steps_s):
    """Everything told from 14:20 on, byte for byte, when time is advanced in these steps."""
    market = GeneratedMarket(["SSI", "FPT", "VNM"], with_futures=True, activity=0.3)
    market.exchange.skip_to(START)
    market.feed.drain()
    market.flow.resume()
    market.feed.drain()
    for step_s in steps_s:
        market.until(START + timedelta(seconds=step_s))
    market.until(START + timedelta(seconds=SPAN_S))
    return market.told


@cache
def in_one_step():
    return stream([])


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(0, SPAN_S, allow_nan=False), max_size=60).map(sorted))
def test_the_stream_is_the_same_in_whatever_steps_time_is_advanced(steps_s):
    assert stream(steps_s) == in_one_step()


def test_the_stream_in_one_step_is_a_market():
    kinds = Counter(message.data_type for message in in_one_step())
    assert set(kinds) == CHANNEL_TYPES
    assert min(kinds["B"], kinds["X-TRADE"], kinds["X-QUOTE"]) > 100


def test_another_seed_is_another_day():
    one, other = (GeneratedMarket(["SSI"], seed=seed) for seed in (7, 8))
    for market in (one, other):
        market.exchange.skip_to(START)
        market.flow.resume()
        market.until(START + timedelta(seconds=300))
    assert one.told != other.told


@pytest.fixture(scope="module")
def full_day():
    """Matches of one day of two stocks, by symbol: (minute of the day, price, quantity); and spreads, in steps."""
    market = GeneratedMarket(["HPG", "VNM"], seed=3, activity=2.0)
    matches, spreads = defaultdict(list), []

    class Tape(type(market.feed)):
        def traded(self, security, fill, at_ms):
            matches[security.symbol].append(((at_ms // 60_000 + 420) % 1440, fill.price_vnd, fill.quantity))

    market.exchange.listeners.append(Tape(market.exchange, 1.0))
    for minute in range(9 * 60, 15 * 60):
        market.at(f"{minute // 60:02}:{minute % 60:02}:30")
        spreads += [steps_between(one) for one in market.exchange.securities.values() if has_both_sides(one)]
    return market, matches, spreads


def has_both_sides(security):
    book = security.book
    return security.session is Session.CONTINUOUS and None not in (book.best_bid(), book.best_ask())


def steps_between(security):
    bid_vnd, ask_vnd = security.book.best_bid(), security.book.best_ask()
    instrument = security.listing.instrument
    return (ask_vnd - bid_vnd) // tick_size_vnd(RULES, instrument.exchange, instrument.kind, bid_vnd)


def test_a_day_trades_about_what_it_should(full_day):
    market, matches, _ = full_day
    for symbol, found in matches.items():
        listing = market.exchange.securities[symbol].listing
        ordinary = listing.daily_value_vnd / listing.reference_vnd
        assert 0.35 < sum(quantity for _, _, quantity in found) / ordinary < 2.5  # busy and quiet days differ


def test_a_day_has_its_opening_its_close_and_more_at_its_end(full_day):
    _, matches, _ = full_day
    found = [match for of_symbol in matches.values() for match in of_symbol]
    volumes = Counter()
    for minute, _, quantity in found:
        volumes[minute] += quantity
    total = sum(volumes.values())
    assert not any(690 <= minute < 780 or 870 <= minute < 885 for minute in volumes)
    assert 0.02 < volumes[885] / total < 0.20  # 8 % on the real market
    quarter, noon = (sum(volumes[minute] for minute in span) for span in (range(855, 870), range(675, 690)))
    assert quarter > 1.5 * noon


def test_spreads_are_narrow(full_day):
    _, _, spreads = full_day
    assert len(spreads) > 2 * 220  # of 225 minutes of continuous trading: books do not run empty
    assert min(spreads) >= 1
    assert sum(spread == 1 for spread in spreads) / len(spreads) > 0.6
    assert sum(spreads) / len(spreads) < 2


def test_prices_are_valid(full_day):
    market, matches, _ = full_day
    for symbol, found in matches.items():
        security = market.exchange.securities[symbol]
        instrument = security.listing.instrument
        assert all(is_on_tick(RULES, instrument.exchange, instrument.kind, price) for _, price, _ in found)
        assert all(security.band.holds(price) for _, price, _ in found)
        assert len({price for _, price, _ in found}) >= 4


def test_foreigners_take_part_and_their_room_adds_up():
    market = GeneratedMarket(["VNM", "FPT"])
    market.exchange.skip_to(START)
    rooms = {symbol: one.room_left for symbol, one in market.exchange.securities.items()}
    market.flow.resume()
    market.until(START + timedelta(hours=1))  # all orders have ended
    for symbol, security in market.exchange.securities.items():
        bought, sold = security.totals.foreign_bought_quantity, security.totals.foreign_sold_quantity
        assert bought + sold > 0
        assert security.room_left == rooms[symbol] - bought + sold


def test_a_halt_stops_the_flow_and_a_full_book_never_crosses():
    market = GeneratedMarket(["SSI", "FPT"])
    market.at("10:00")
    market.exchange.halt("SSI")
    halted, running = (market.exchange.securities[symbol] for symbol in ("SSI", "FPT"))
    before = (halted.totals.quantity, running.totals.quantity)
    for minute in range(1, 11):
        market.at(f"10:{minute:02}")
        for security in (halted, running):
            bid_vnd, ask_vnd = security.book.best_bid(), security.book.best_ask()
            assert bid_vnd is not None
            assert ask_vnd is not None
            assert bid_vnd < ask_vnd
    assert halted.totals.quantity == before[0]
    assert running.totals.quantity > before[1]


# --- futures ------------------------------------------------------------------------------------------------------


def futures_of(market):
    return {one.listing.aliases[1]: one for one in market.exchange.securities.values() if one.listing.contract}


def test_the_futures_of_the_day_are_listed_and_follow_the_index():
    market = GeneratedMarket(None, with_futures=True)
    market.at("09:20", date(2026, 12, 16))
    listed = futures_of(market)
    assert [(name, one.symbol, one.listing.aliases[0]) for name, one in listed.items()] == [
        ("VN30F1M", "41I1GC000", "VN30F2612"),
        ("VN30F2M", "41I1H1000", "VN30F2701"),
        ("VN30F1Q", "41I1H3000", "VN30F2703"),
        ("VN30F2Q", "41I1H6000", "VN30F2706"),
    ]
    front = listed["VN30F1M"]
    assert market.exchange.find("VN30F1M") is market.exchange.find("VN30F2612") is front
    assert front.session is Session.CONTINUOUS
    assert front.listing.instrument.kind is InstrumentKind.FUTURE
    assert front.totals.quantity > 500
    assert abs(front.totals.last_vnd / 188_910_000 - 1) < 0.03


def test_a_future_is_settled_each_day_and_leaves_after_its_last():
    market = GeneratedMarket(["HPG", "FPT"], with_futures=True, activity=0.1)
    settled = {}

    class Clerk(type(market.feed)):
        def day_ended(self, day):
            settled.update({(day, one.symbol): one.settlement_vnd for one in futures_of(market).values()})

    market.exchange.listeners.insert(0, Clerk(market.exchange, 1.0))
    day, last_day = date(2026, 12, 16), date(2026, 12, 17)  # the third Thursday
    market.at("14:46", day)
    front = futures_of(market)["VN30F1M"]
    close_vnd = front.totals.last_vnd
    market.at("14:46", last_day)
    assert settled[day, front.symbol] == close_vnd == front.reference_vnd
    index_vnd = front.settlement_vnd  # the mean of the index, not the last match
    assert index_vnd % 10_000 == 0
    assert abs(index_vnd / close_vnd - 1) < 0.08
    market.at("09:10", date(2026, 12, 18))
    assert settled[last_day, front.symbol] == index_vnd
    assert [one.listing.aliases[0] for one in futures_of(market).values()] == [
        "VN30F2701",
        "VN30F2703",
        "VN30F2706",
        "VN30F2702",
    ]
    assert market.exchange.find("VN30F2612") is None
    assert market.exchange.find("VN30F1M") is market.exchange.find("VN30F2701")


# --- a whole market -----------------------------------------------------------------------------------------------


def test_the_whole_market_has_1600_listings_that_never_change():
    listings = all_listings()
    assert listings == all_listings()
    assert len({listing.symbol for listing in listings}) == 1_600
    boards = Counter(listing.instrument.exchange for listing in listings)
    assert boards == {Market.HOSE: 410, Market.HNX: 310, Market.UPCOM: 880}
    assert {listing.symbol for listing in vn30_listings()} <= {listing.symbol for listing in listings}
    for listing in listings:
        instrument = listing.instrument
        assert is_on_tick(RULES, instrument.exchange, instrument.kind, listing.reference_vnd), listing
    assert {listing.state for listing in listings} == set(SecurityState) - {SecurityState.HALTED}


def test_every_listing_has_a_past_that_ends_at_its_reference():
    for listing in all_listings()[::97] + all_listings()[-1:]:
        bars = invented_history(listing, DAY, vietnam_calendar(), seed=1, history=built_in_history())
        assert bars[-1].close_vnd == listing.reference_vnd
        assert min(bar.low_vnd for bar in bars) > 0


def test_few_securities_have_most_of_the_trading():
    values = sorted((listing.daily_value_vnd for listing in all_listings()), reverse=True)
    assert 0.5 < sum(values[:60]) / sum(values) < 0.95
    assert values[-1] < 100_000_000  # hardly anything
    assert value_of_rank_vnd(40) == pytest.approx(720e9 / 2**2.6, rel=1e-6)


def test_the_whole_market_trades_on_every_board():
    market = GeneratedMarket(None, listings=all_listings(), with_futures=True, activity=3.0)
    market.exchange.skip_to(START)
    market.flow.resume()
    market.until(START + timedelta(seconds=60))
    traded = Counter(one.market for one in market.exchange.securities.values() if one.totals.quantity)
    assert min(traded[board] for board in Market) > 0
    assert traded[Market.HOSE] > 100
    suspended = [one for one in market.exchange.securities.values() if one.standing is SecurityState.SUSPENDED]
    assert suspended
    assert not any(one.totals.quantity or len(one.book) for one in suspended)


def test_the_curves_are_of_whole_days():
    for market, opening in ((Market.HOSE, OPENING_PERCENT[Market.HOSE]), (Market.UPCOM, 0.0)):
        continuous = sum(volume_share(market, minute) for minute in range(24 * 60))
        assert continuous * 100 + opening + CLOSING_PERCENT.get(market, 0.0) == pytest.approx(100, abs=1)
    assert pace(12 * 60) == 0
    assert volume_share(Market.HOSE, 9 * 60 + 14) == 0
    assert volume_share(Market.HNX, 9 * 60 + 14) > 0
