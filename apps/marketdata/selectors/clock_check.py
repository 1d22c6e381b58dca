"""Whether this machine's clock agrees with others: the database server's, and the exchange's own stamps."""

import time
from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.marketdata.selectors.clock import market_at, market_moment
from apps.marketdata.selectors.live import live_indices
from qts.domain.values import Session

HEARD_WITHIN_S: Final = 30.0  # an index that nobody moved for longer tells the past, not the time
TRADING: Final = frozenset({Session.ATO, Session.CONTINUOUS, Session.ATC})


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How far this clock is ahead (behind, if negative) of another one, in milliseconds of wall time. `exchange_ms`
    is the smallest lag of the indices heard lately, None where none was heard or the market is not trading."""

    database_ms: int
    exchange_ms: int | None

    @property
    def worst_ms(self) -> int:
        return max(self.database_ms, self.exchange_ms or 0, key=abs)


def clock_reading() -> ClockReading:
    """One statement and one read of the live indices. Raises TransientError while Redis is away."""
    return ClockReading(_against_database_ms(), _against_exchange_ms())


def _against_database_ms() -> int:
    """The way there and back is not counted: what lies between the two moments agrees."""
    asked_s = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        told_s = float(cursor.fetchone()[0])
    answered_s = time.time()
    if asked_s <= told_s <= answered_s:
        return 0
    return round((asked_s - told_s if told_s < asked_s else answered_s - told_s) * 1000)


def _against_exchange_ms() -> int | None:
    """A market clock that runs faster stretches every delay: that is taken out."""
    moment = market_moment()
    if moment.session not in TRADING:
        return None
    lags: list[int] = []
    for index in live_indices():
        received_s = index.ts_received_ns / 1e9
        if time.time() - received_s <= HEARD_WITHIN_S:
            market_ms = market_at(received_s).timestamp() * 1000
            lags.append(round((market_ms - index.ts_exchange_ms) / moment.speed))
    return min(lags, key=abs) if lags else None
