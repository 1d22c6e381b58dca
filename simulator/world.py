"""Everything inside the simulator, put together and moved by market time. No network here, and no clock."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from qts.domain.market import PloMatching, RuleHistory, TradingCalendar, built_in_history, to_vietnam
from simulator.broker.broker import Broker, Notice
from simulator.broker.cashier import Cashier
from simulator.broker.customers import Secrets, load_or_make_secrets
from simulator.broker.intake import Intake
from simulator.broker.journal import Journal
from simulator.broker.terms import Terms
from simulator.exchange.day_end import Actions
from simulator.exchange.exchange import StockExchange
from simulator.exchange.futures import FutureMarket
from simulator.exchange.order_flow import OrderFlow
from simulator.exchange.rooms import RoomGrowth
from simulator.exchange.security import Security, new_securities, new_security
from simulator.listings import Listing
from simulator.market_feed import MarketFeed, Message
from simulator.market_store import MarketStore
from simulator.recordings.playback import Playback
from simulator.recordings.recording import Recording

FUTURES_SETTLE_AT: Final = time(15, 30)
CATCH_UP_WALL_S_MAX: Final = 10.0  # a longer pause of the process is skipped, not traded through


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. `clock_end` is where the market clock leaves a day; with a recording only it trades."""

    seed: int
    clock_speed: float
    clock_end: time | None
    listings: tuple[Listing, ...]
    recording: Recording | None = None
    with_futures: bool = False  # on VN30, by the day
    activity: float = 1.0  # of the agents; 1 is the demo's
    actions: Actions = field(default_factory=dict)  # rights that come off shares
    room_growth: RoomGrowth = RoomGrowth.AT_MATCH
    plo_matching: PloMatching | None = None  # None: as the rules say
    history: RuleHistory = field(default_factory=built_in_history)  # of the rules
    terms: Terms = field(default_factory=Terms)  # of the broker


@dataclass(frozen=True, slots=True)
class Happened:
    """What may be told to the world: all of it is durable."""

    messages: list[Message]
    notices: list[Notice]


class World:
    def __init__(self, plan: Plan, calendar: TradingCalendar, state_folder: Path) -> None:
        state_folder.mkdir(parents=True, exist_ok=True)
        self.plan = plan
        self.secrets: Secrets = load_or_make_secrets(state_folder / "secrets")
        self.journal = Journal(state_folder / "journal.sqlite3")
        self.calendar = calendar
        self.exchange = StockExchange(_securities(plan), calendar, plan.clock_end, plan.history)
        self.exchange.actions, self.exchange.plo_matching = plan.actions, plan.plo_matching
        self.exchange.rooms.growth = plan.room_growth
        self.futures = FutureMarket(self.exchange) if plan.with_futures and plan.recording is None else None
        self.feed = MarketFeed(self.exchange, plan.clock_speed)
        self.store = MarketStore(self.exchange, self.journal, plan.seed)
        self.broker = Broker(self.exchange, self.journal, self.secrets.customers, plan.terms)
        self.store.room_used = self.broker.room_used
        self.intake = Intake(self.broker)
        self.cashier = Cashier(self.broker)
        self._settled_day: date | None = None
        self._flow: OrderFlow | None = None
        self._playback: Playback | None = None
        self.exchange.listeners += [self.broker, self.store, self.feed]
        if self.futures is not None:
            self.exchange.list_for = self.futures.roll
            self.exchange.listeners.append(self.futures)
            self.exchange.sources.append(self.futures)
        if plan.recording is None:
            self._flow = OrderFlow(
                self.exchange, plan.seed, plan.clock_speed, activity=plan.activity, futures=self.futures
            )
            self.store.room_held = self._flow.held_room
            self.exchange.listeners.append(self._flow)
            self.exchange.sources.append(self._flow)
        else:
            self._playback = Playback(self.exchange, plan.recording)
            self.exchange.listeners.append(self._playback)
            self.exchange.sources.append(self._playback)
        self.exchange.sources.append(self.feed)

    def start(self, moment: datetime) -> None:
        """Take up where the state folder left off; the time in between is skipped."""
        today = to_vietnam(moment).date()
        self.exchange.list_for(today)
        self.store.restore_references(today)
        self.exchange.skip_to(moment)
        self.store.restore_totals(today)
        self.broker.resume()
        if self._flow is not None:
            self._flow.resume()
        if self._playback is not None:
            self._playback.resume()
        self.broker.route()  # what was accepted before the stop and had not reached the exchange
        self.store.save()

    def advance(self, moment: datetime) -> None:
        """Let the market come to `moment`, and then the orders accepted since reach it."""
        self.exchange.advance(moment)
        if self._playback is not None:
            self._playback.refresh_quotes()
        self.broker.settle()
        self.broker.route()
        self._settle_futures(moment)

    def _settle_futures(self, moment: datetime) -> None:
        """In the evening the clearing house names the day's settlement prices, and the broker books the variation."""
        day, local = self.exchange.day, to_vietnam(moment)
        if day != self._settled_day and local.date() == day and local.time() >= FUTURES_SETTLE_AT:
            self._settled_day = day
            self.exchange.settle_futures()
            self.broker.mark_to_market(day)

    def skip_to(self, moment: datetime) -> None:
        """After a pause that is too long to trade through."""
        self.exchange.skip_to(moment)
        if self._flow is not None:
            self._flow.resume()

    def settle_up(self) -> Happened:
        """Make what has happened durable; then it may be told."""
        notices = self.broker.commit()
        return Happened(self.feed.drain(), notices)

    def close(self) -> None:
        self.broker.commit()
        self.store.save()
        self.journal.close()


def _securities(plan: Plan) -> list[Security]:
    if plan.recording is None:
        return new_securities(plan.listings)
    return [new_security(listing, plan.recording.range_of(listing.symbol)) for listing in plan.recording.listings]
