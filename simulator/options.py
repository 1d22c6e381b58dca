"""The command line, and what it makes of the surroundings."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from qts.domain.market import (
    AffineSchedule,
    PloMatching,
    RuleHistory,
    Schedule,
    TradingCalendar,
    built_in_history,
    parse_clock,
    row_of_json,
)
from simulator.broker.terms import Terms
from simulator.exchange.corporate_actions import read_corporate_actions
from simulator.exchange.rooms import RoomGrowth
from simulator.listings import Listing, vn30_listings
from simulator.listings_all import all_listings
from simulator.recordings.recording import Wanted, read_recording
from simulator.world import Plan

_DESCRIPTION = """Stands in for SSI FastConnect v2 and the exchanges behind it: market data, orders, accounts and both
streams on one port. Base URL of every service: http://HOST:PORT/"""


class Universe(StrEnum):
    """What is listed: the members of VN30; they and the futures on them; or a whole market of 1,600 and the futures."""

    DEMO = "demo"
    VN30 = "vn30"
    ALL = "all"


_ACTIVITIES: Final = {Universe.DEMO: 1.0, Universe.VN30: 1.0, Universe.ALL: 10.0}


@dataclass(frozen=True, slots=True)
class Options:
    host: str
    port: int
    state_folder: Path
    has_controls: bool
    schedule: Schedule
    plan: Plan


def read_options(arguments: Sequence[str], calendar: TradingCalendar) -> Options:
    """Ends the process with a message for arguments that argparse refuses; raises ValueError or OSError for others."""
    given = _parser().parse_args(arguments)
    schedule = parse_clock(given.clock, calendar)
    symbols = [symbol.strip().upper() for symbol in given.symbols.split(",")] if given.symbols else None
    history = _history(given.rules)
    recording = None
    if given.replay is not None:
        wanted = Wanted(given.replay_symbol, given.replay_day, given.replay_days, symbols)
        recording = read_recording(given.replay, wanted, history)
    plan = Plan(
        seed=given.seed,
        clock_speed=schedule.speed,
        clock_end=schedule.end if isinstance(schedule, AffineSchedule) else None,
        listings=_listings(given.universe, symbols),
        recording=recording,
        with_futures=given.universe is not Universe.DEMO,
        activity=given.activity or _ACTIVITIES[given.universe],
        actions=read_corporate_actions(given.actions) if given.actions else {},
        room_growth=given.room_growth,
        plo_matching=given.after_hours,
        history=history,
        terms=_terms(given.terms),
    )
    return Options(given.host, given.port, given.state_dir, given.controls, schedule, plan)


def _listings(universe: Universe, symbols: list[str] | None) -> tuple[Listing, ...]:
    """Raises ValueError for a symbol that is not in the universe."""
    if universe is not Universe.ALL:
        return tuple(vn30_listings(symbols))
    listings = {listing.symbol: listing for listing in all_listings()}
    if unknown := [symbol for symbol in symbols or () if symbol not in listings]:
        raise ValueError(f"not listed here: {', '.join(unknown)}")
    return tuple(listings[symbol] for symbol in dict.fromkeys(symbols or listings))


def _history(file: Path | None) -> RuleHistory:
    """Raises OSError, or ValueError with everything that is wrong with the rows."""
    if file is None:
        return built_in_history()
    try:
        return built_in_history().with_rows(row_of_json(one) for one in msgspec.json.decode(file.read_bytes()))
    except (msgspec.MsgspecError, TypeError) as error:
        raise ValueError(f"--rules: {error}") from error


def _terms(text: str) -> Terms:
    """Raises ValueError, naming the field."""
    try:
        return msgspec.json.decode(text, type=Terms)
    except msgspec.MsgspecError as error:
        raise ValueError(f"--terms: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=_DESCRIPTION)
    for add in (_add_place, _add_market, _add_rules, _add_recording):
        add(parser)
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SIM_PORT", "8700")))
    parser.add_argument(
        "--clock",
        default=os.environ.get("MARKET_CLOCK", "wall"),
        help="market clock: 'wall', or 'affine:day,start,end,wall seconds,speed' (default: MARKET_CLOCK or wall)",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(os.environ.get("QTS_DATA_DIR", "var")) / "simulator",
        help="folder for the journal of customers' orders and for generated keys",
    )
    parser.add_argument(
        "--controls",
        action="store_true",
        help="open /sim/... on loopback: demo credentials, faults, the clock, the ledger (see docs/simulator.md)",
    )


def _add_market(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="of the generated order flow")
    parser.add_argument(
        "--universe",
        type=Universe,
        choices=list(Universe),
        default=Universe.DEMO,
        help="demo: the members of VN30 (default); vn30: and the futures on them; all: 1,600 symbols and the futures",
    )
    parser.add_argument("--symbols", default="", help="comma separated, of the universe; default: all of it")
    parser.add_argument(
        "--activity",
        type=float,
        help="of the generated flow: default 1, and 10 for all; all at 60 reaches 5,000 messages a second",
    )


def _add_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--actions", type=Path, help="rights that come off shares (CSV: symbol,ex_date,kind,amount,price)"
    )
    parser.add_argument(
        "--rules",
        type=Path,
        help="rows of rules that go before the built-in ones (JSON: a list of subject, exchange, kind, effective_from, "
        "value, source; see docs/rule-book.md)",
    )
    parser.add_argument(
        "--room-growth",
        type=RoomGrowth,
        choices=list(RoomGrowth),
        default=RoomGrowth.AT_MATCH,
        help="when a foreigner's sale makes room for foreigners again (default: match)",
    )
    parser.add_argument(
        "--after-hours",
        type=PloMatching,
        choices=list(PloMatching),
        help="how orders at the closing price meet: gathered, where the rules gather them, or at once (default: as "
        "the rules say)",
    )
    parser.add_argument(
        "--terms",
        default="{}",
        help='of the broker, as JSON: {"fee_rate_bps": 20, "loan_percent": 40, "holds_early_orders": true} and more',
    )


def _add_recording(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replay", type=Path, help="play recorded ticks, minute or daily bars (CSV, may be .gz)")
    parser.add_argument("--replay-symbol", default="VN30F1M", help="the contract that a tick file recorded")
    parser.add_argument("--replay-day", type=date.fromisoformat, help="the (first) day of a file of bars")
    parser.add_argument("--replay-days", type=int, default=1, help="how many days of it, one a trading day")
