"""The command line, and what it makes of the surroundings."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from qts.domain.market import AffineSchedule, Schedule, TradingCalendar, parse_clock
from simulator.broker.terms import Terms
from simulator.listings import vn30_listings
from simulator.recordings.recording import read_recording
from simulator.world import Plan

_DESCRIPTION = """Stands in for SSI FastConnect v2 and the exchanges behind it: market data, orders, accounts and both
streams on one port. Base URL of every service: http://HOST:PORT/"""


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
    recording = None
    if given.replay is not None:
        recording = read_recording(
            given.replay, replay_symbol=given.replay_symbol, replay_day=given.replay_day, symbols=symbols
        )
    plan = Plan(
        seed=given.seed,
        clock_speed=schedule.speed,
        clock_end=schedule.end if isinstance(schedule, AffineSchedule) else None,
        listings=tuple(vn30_listings(symbols)),
        recording=recording,
        terms=_terms(given.terms),
    )
    return Options(given.host, given.port, given.state_dir, given.controls, schedule, plan)


def _terms(text: str) -> Terms:
    """Raises ValueError, naming the field."""
    try:
        return msgspec.json.decode(text, type=Terms)
    except msgspec.MsgspecError as error:
        raise ValueError(f"--terms: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=_DESCRIPTION)
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
    parser.add_argument("--seed", type=int, default=1, help="of the generated order flow")
    parser.add_argument("--symbols", default="", help="comma separated; default: the members of VN30")
    parser.add_argument(
        "--terms",
        default="{}",
        help='of the broker, as JSON: {"fee_rate_bps": 20, "loan_percent": 40, "holds_early_orders": true} and more',
    )
    parser.add_argument("--replay", type=Path, help="play recorded ticks or minute bars (CSV, may be .gz) instead")
    parser.add_argument("--replay-symbol", default="VN30F1M", help="the contract that a tick file recorded")
    parser.add_argument("--replay-day", type=date.fromisoformat, help="the day of a file of minute bars")
    return parser
