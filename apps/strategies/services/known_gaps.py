"""What the desk knows of gaps in the market data: strategies are told of them, and do not act on what is unclear."""

from collections import deque
from datetime import UTC, datetime, timedelta

from apps.marketdata import selectors as marketdata
from qts.domain.events import GapDetected
from qts.domain.market import MINUTE_MS, ms_of
from qts.domain.strategy.sizing import NoOrder

REMEMBERED_MAX = 200
LOOKED_BACK = timedelta(minutes=5)  # of the wall clock, for a desk that begins
UNCLEAR = NoOrder("matches of it are missing from the stream, and it is not clear yet since when")


class KnownGaps:
    """Those that matter to an event of now, by the market's own times."""

    def __init__(self) -> None:
        self._spans: deque[tuple[str, int, int]] = deque(maxlen=REMEMBERED_MAX)
        for gap in reversed(marketdata.gaps(since=datetime.now(UTC) - LOOKED_BACK, limit=REMEMBERED_MAX)):
            self._spans.append((gap.symbols, ms_of(gap.market_from_at), ms_of(gap.market_to_at)))

    def take(self, event: GapDetected) -> None:
        self._spans.append((event.symbols, event.ts_market_from_ms, event.ts_market_to_ms))

    def is_before(self, symbol: str, at_ms: int) -> bool:
        """Whether one of the symbol reaches into the minute before market time `at_ms`."""
        return any(
            from_ms <= at_ms and to_ms >= at_ms - MINUTE_MS and (symbols == "*" or symbol in symbols.split(","))
            for symbols, from_ms, to_ms in self._spans
        )


def unclear(symbol: str) -> NoOrder | None:
    """Why nothing is ordered of it now, if matches of it are missing and no gap says so."""
    return UNCLEAR if marketdata.is_suspect(symbol) else None
