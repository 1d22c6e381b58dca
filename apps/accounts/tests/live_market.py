"""A market for tests: real Valkey, a stream alive or silent, prices that the test sets, time that stands still."""

import time
from datetime import UTC, datetime

from django.apps import apps
from django.conf import settings

from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint, LiveState
from qts.adapters.bus import encode
from qts.adapters.redis_client import redis_client
from qts.domain.events import ForeignRoomUpdated, IndexUpdated, QuoteUpdated, SessionChanged
from qts.domain.market import VIETNAM

NEVER_EPOCH_S = 9_999_999_999  # an affine clock that starts then shows its start until then


def clock_at(moment: datetime) -> str:
    """A MARKET_CLOCK that stands still at this moment."""
    local = moment.astimezone(VIETNAM)
    return f"affine:{local:%Y-%m-%d},{local:%H:%M:%S},23:59:59,{NEVER_EPOCH_S},1"


class LiveMarket:
    """`listed` symbols are known to the master data; only those that were quoted have prices."""

    def __init__(self, now: datetime, *listed: str) -> None:
        self.now = now
        self._live = LiveState(settings.REDIS_URL)
        self.forget()
        for symbol in listed:
            apps.get_model("marketdata", "Security").objects.create(
                symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=datetime.now(UTC)
            )
        self.hears()

    def quote(
        self,
        symbol: str,
        last_vnd: int,
        reference_vnd: int = 25_000,
        session: str = "CONTINUOUS",
        total_quantity: int = 1_000,
        *,
        ceiling_vnd: int | None = None,
    ) -> None:
        event = QuoteUpdated(
            symbol=symbol,
            reference_vnd=reference_vnd,
            ceiling_vnd=reference_vnd * 107 // 100 if ceiling_vnd is None else ceiling_vnd,
            floor_vnd=reference_vnd * 93 // 100,
            last_vnd=last_vnd,
            last_quantity=100,
            total_quantity=total_quantity,
            total_value_vnd=last_vnd * total_quantity,
            high_vnd=last_vnd,
            low_vnd=last_vnd,
            average_vnd=last_vnd,
            estimated_match_vnd=0,
            aggressor="",
            session=session,
            status="N",
            ts_exchange_ms=round(self.now.timestamp() * 1000),
            ts_received_ns=time.time_ns(),
            wal_position="0:0",
        )
        self._live.write([encode(event)], Checkpoint("0:0", 0))

    def session(self, symbol: str, session: str, status: str = "N") -> None:
        event = SessionChanged(
            symbol=symbol,
            exchange="HOSE",
            session=session,
            status=status,
            ts_exchange_ms=round(self.now.timestamp() * 1000),
            ts_received_ns=time.time_ns(),
            wal_position="0:0",
        )
        self._live.write([encode(event)], Checkpoint("0:0", 0))

    def index(self, code: str, value_centipoints: int, prior_centipoints: int = 100_000) -> None:
        event = IndexUpdated(
            index_code=code,
            value_centipoints=value_centipoints,
            prior_centipoints=prior_centipoints,
            total_quantity=0,
            total_value_vnd=0,
            advances=0,
            declines=0,
            unchanged=0,
            ceilings=0,
            floors=0,
            session="CONTINUOUS",
            ts_exchange_ms=round(self.now.timestamp() * 1000),
            ts_received_ns=time.time_ns(),
            wal_position="0:0",
        )
        self._live.write([encode(event)], Checkpoint("0:0", 0))

    def room(self, symbol: str, *, total: int, left: int) -> None:
        event = ForeignRoomUpdated(
            symbol=symbol,
            room_total=total,
            room_left=left,
            bought_quantity=0,
            sold_quantity=0,
            bought_value_vnd=0,
            sold_value_vnd=0,
            ts_exchange_ms=round(self.now.timestamp() * 1000),
            ts_received_ns=time.time_ns(),
            wal_position="0:0",
        )
        self._live.write([encode(event)], Checkpoint("0:0", 0))

    def hears(self, *, silent_for_s: float = 0.0) -> None:
        """The stream reader reports now; its last frame came so long ago."""
        wall_ns = time.time_ns()
        self._live.report(
            StreamState.CONNECTED,
            since_ns=wall_ns,
            reported_ns=wall_ns,
            last_frame_ns=wall_ns - round(silent_for_s * 1_000_000_000),
        )

    def forget(self) -> None:
        client = redis_client(settings.REDIS_URL)
        if keys := list(client.scan_iter("qts:live:*", count=1_000)):
            client.delete(*keys)
