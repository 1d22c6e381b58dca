"""Halts and falls of the market: its exchange takes on no more risk, and strategies that trade there are stopped.

Vietnam's exchanges have no automatic market-wide breaker: they halt by hand, and the messages carry it. How far an
index may fall is the firm's own rule.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings

from apps.marketdata.selectors import ToldSession, live_indices, told_sessions
from apps.risk.selectors import held_for
from apps.risk.services.states import Cause, hold, let_go
from qts.domain.errors import TransientError
from qts.domain.values import Exchange

INDEX_OF: Final = {Exchange.HOSE: "VNINDEX", Exchange.HNX: "HNXIndex", Exchange.UPCOM: "HNXUpcomIndex"}
HALTED_PERCENT_MIN: Final = 90  # of an exchange's securities: some are told of late, and some never
RECOVERY_BPS: Final = 100  # so far above the line before it counts as over: an index swings around every line
BPS: Final = 10_000

log = structlog.get_logger(__name__)


def watch_markets(now: datetime) -> None:
    """One look at the sessions and the indices; called each two seconds by the monitor."""
    try:
        _watch_halts(told_sessions(now), now)
        _watch_falls(now)
    except TransientError as error:
        log.warning("risk.market_unknown", reason=str(error))  # late data hold the firm by themselves


def _watch_halts(told: Sequence[ToldSession], now: datetime) -> None:
    by_exchange: dict[Exchange, list[ToldSession]] = defaultdict(list)
    for one in told:
        by_exchange[one.exchange].append(one)
    scopes: dict[str, str] = {}
    for exchange, listed in by_exchange.items():
        halted = [one for one in listed if one.is_halted]
        if len(halted) * 100 >= len(listed) * HALTED_PERCENT_MIN:
            scopes[f"exchange:{exchange}"] = f"{exchange} halted its market"
        else:
            scopes |= {f"symbol:{one.symbol}": f"{exchange} halted {one.symbol}" for one in halted}
    for scope, reason in scopes.items():
        hold(scope=scope, cause=Cause.MARKET_HALT, reason=reason, now=now)
    for scope in held_for(Cause.MARKET_HALT) - scopes.keys():
        let_go(scope=scope, cause=Cause.MARKET_HALT, reason="the halt is over", now=now)


def _watch_falls(now: datetime) -> None:
    indices = {index.index_code: index for index in live_indices()}
    held = held_for(Cause.MARKET_FALL)
    for exchange, code in INDEX_OF.items():
        index = indices.get(code)
        if index is None or index.prior_centipoints <= 0 or index.value_centipoints <= 0:
            continue
        scope = f"exchange:{exchange}"
        fall_bps = (index.prior_centipoints - index.value_centipoints) * BPS // index.prior_centipoints
        if fall_bps >= settings.MARKET_FALL_BPS_MAX:
            hold(scope=scope, cause=Cause.MARKET_FALL, reason=f"{code} fell {fall_bps / 100:.2f} %", now=now)
        elif scope in held and fall_bps <= settings.MARKET_FALL_BPS_MAX - RECOVERY_BPS:
            let_go(scope=scope, cause=Cause.MARKET_FALL, reason=f"{code} is {fall_bps / 100:.2f} % down", now=now)
