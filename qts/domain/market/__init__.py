"""The exchanges' rules as pure functions of integers and local time. Standard library only, no clock, no I/O."""

from qts.domain.market.admission import next_admission
from qts.domain.market.bands import Band, has_wide_band, price_band, warrant_band
from qts.domain.market.bars import MINUTE_MS, BarBuilder
from qts.domain.market.built_in_rules import built_in_history, rows_beyond_the_built_in, rule_book_on
from qts.domain.market.calendar import FIRST_TRADING_DAY, DayOverride, TradingCalendar
from qts.domain.market.clock import AffineSchedule, Schedule, WallSchedule, parse_clock
from qts.domain.market.futures import (
    FutureContract,
    Underlying,
    expiry_day,
    find_future,
    front_months,
    rolling_names,
)
from qts.domain.market.gap_watch import LIVELY_SESSIONS, GapWatch
from qts.domain.market.instruments import FUTURE_MULTIPLIER_VND, Instrument
from qts.domain.market.play_clock import SPEED_MAX, SPEED_MIN, PlayClock
from qts.domain.market.quantities import (
    admits_odd_lot,
    is_odd_lot,
    max_order_quantity,
    position_limit,
    put_through_min_quantity,
    quantity_refusal,
    round_lot,
)
from qts.domain.market.references import (
    average_reference_vnd,
    reference_basis,
    reference_price_after_rights,
    round_to_tick,
)
from qts.domain.market.rule_book import RuleBook, RuleHistory, rows_in_force
from qts.domain.market.rule_days import row_with_day
from qts.domain.market.rule_rows import RuleRow, RuleSubject, RuleWrong, canonical, row_json, row_of_json, scope_name
from qts.domain.market.rule_terms import InvestorKind, PloMatching, ReferenceBasis, SessionSpan
from qts.domain.market.sessions import (
    VIETNAM,
    admits,
    may_amend,
    may_cancel,
    may_change_later,
    moment_of,
    ms_of,
    order_types,
    plo_matching,
    session_at,
    session_bounds,
    session_schedule,
    to_vietnam,
)
from qts.domain.market.settlement import sellable_at, settlement_day
from qts.domain.market.ticks import (
    is_on_tick,
    next_price_down,
    next_price_up,
    put_through_tick_vnd,
    round_down_to_tick,
    tick_ladder,
    tick_size_vnd,
)
from qts.domain.market.timeframes import BarWidener, TimedBar, Timeframe, WideBar, window_of

__all__ = [
    "FIRST_TRADING_DAY",
    "FUTURE_MULTIPLIER_VND",
    "LIVELY_SESSIONS",
    "MINUTE_MS",
    "SPEED_MAX",
    "SPEED_MIN",
    "VIETNAM",
    "AffineSchedule",
    "Band",
    "BarBuilder",
    "BarWidener",
    "DayOverride",
    "FutureContract",
    "GapWatch",
    "Instrument",
    "InvestorKind",
    "PlayClock",
    "PloMatching",
    "ReferenceBasis",
    "RuleBook",
    "RuleHistory",
    "RuleRow",
    "RuleSubject",
    "RuleWrong",
    "Schedule",
    "SessionSpan",
    "TimedBar",
    "Timeframe",
    "TradingCalendar",
    "Underlying",
    "WallSchedule",
    "WideBar",
    "admits",
    "admits_odd_lot",
    "average_reference_vnd",
    "built_in_history",
    "canonical",
    "expiry_day",
    "find_future",
    "front_months",
    "has_wide_band",
    "is_odd_lot",
    "is_on_tick",
    "max_order_quantity",
    "may_amend",
    "may_cancel",
    "may_change_later",
    "moment_of",
    "ms_of",
    "next_admission",
    "next_price_down",
    "next_price_up",
    "order_types",
    "parse_clock",
    "plo_matching",
    "position_limit",
    "price_band",
    "put_through_min_quantity",
    "put_through_tick_vnd",
    "quantity_refusal",
    "reference_basis",
    "reference_price_after_rights",
    "rolling_names",
    "round_down_to_tick",
    "round_lot",
    "round_to_tick",
    "row_json",
    "row_of_json",
    "row_with_day",
    "rows_beyond_the_built_in",
    "rows_in_force",
    "rule_book_on",
    "scope_name",
    "sellable_at",
    "session_at",
    "session_bounds",
    "session_schedule",
    "settlement_day",
    "tick_ladder",
    "tick_size_vnd",
    "to_vietnam",
    "warrant_band",
    "window_of",
]
