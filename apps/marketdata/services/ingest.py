"""The reader of the market stream: one connection at a time, under a lease, reconnecting for as long as it runs."""

import random
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from apps.marketdata.selectors import StreamState, instrument_kinds, market_now, recorded_wal_position
from apps.marketdata.services.live_state import LiveState
from apps.marketdata.services.master_data import data_client
from apps.marketdata.services.pipeline import IngestPipeline
from qts.adapters import bus as event_bus
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.adapters.ssi.signalr import SignalRConnection
from qts.adapters.wal import WalBroken, WalReader, WalWriter
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import GapDetected
from qts.observability.metrics import MARKET_GAPS, STREAM_CONNECTED, STREAM_RECONNECTS

log = structlog.get_logger(__name__)

CHANNELS = ("F:ALL", "X-QUOTE:ALL", "X-TRADE:ALL", "B:ALL", "R:ALL", "MI:ALL")
LEASE = "market-stream"
LEASE_TTL_S = 6
# Much longer than other slices: the stream has no resume number, so every hand-over to a successor costs a gap.
SLICE_S = 12 * 3_600
FRAMES_TIMEOUT_S = 0.2
REPORT_EVERY_S = 1.0
INSTRUMENTS_EVERY_S = 60.0
BACK_OFF_S_MAX = 15.0
BACK_OFF_REFUSED_S = 30.0  # bad credentials do not become good by asking often


def run_stream_slice(*, seconds_max: float = SLICE_S) -> None:
    """Follow the stream for `seconds_max` at most, or until the lease is lost or the worker stops."""
    lease = Lease(settings.REDIS_URL, LEASE, LEASE_TTL_S)
    with slice_of(lease, seconds_max) as turn:
        if not turn.goes_on():
            return
        client = data_client()
        try:
            with WalWriter(settings.WAL_DIR) as wal:
                if wal.recovery.torn_bytes or wal.recovery.damages:
                    log.warning("wal_recovered", recovery=str(wal.recovery))
                pipeline = IngestPipeline(
                    wal,
                    WalReader(settings.WAL_DIR),
                    event_bus.connect(settings.EVENT_BUS_URL),
                    LiveState(settings.REDIS_URL),
                    instruments=instrument_kinds(),
                    replay_from=recorded_wal_position,
                )
                StreamFollower(Hold(lease, turn), client, pipeline, LiveState(settings.REDIS_URL)).run()
        finally:
            client.close()


class Hold:
    """The turn of the one who holds the write-ahead log: a lease that ran out while the machine was slow is taken again
    if nobody has it, since a successor could not write the log and giving up the connection costs messages."""

    def __init__(self, lease: Lease, turn: Slice) -> None:
        self._lease = lease
        self._turn = turn

    def goes_on(self) -> bool:
        return self._turn.goes_on() or (self._took_again() and self._turn.goes_on())

    def _took_again(self) -> bool:
        try:
            return self._lease.acquire() is not None
        except TransientError:
            return False


class StreamFollower:
    """Keeps a connection, whatever happens to it, until the turn is over."""

    def __init__(self, turn: Hold, client: MarketDataClient, pipeline: IngestPipeline, live: LiveState) -> None:
        self._turn = turn
        self._client = client
        self._pipeline = pipeline
        self._live = live
        self._state = StreamState.RECONNECTING
        self._since_ns = time.time_ns()
        self._detail = ""
        self._last_frame_ns = live.last_frame_ns()
        self._failures = 0
        self._lost_because = "the stream reader was not running"
        self._report = _Every(REPORT_EVERY_S, self._report_now)
        self._refresh = _Every(INSTRUMENTS_EVERY_S, self._refresh_instruments)

    def run(self) -> None:
        self._report.now()
        while self._turn.goes_on():
            try:
                self._follow()
            except TransientError as error:
                self._lost(error, StreamState.RECONNECTING)
                self._pause(min(BACK_OFF_S_MAX, 0.5 * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1.0))
            except WalBroken as error:
                self._lost(error, StreamState.DOWN)
                self._report.now()
                raise  # only a new writer may say what is on the disk
            except TerminalError as error:
                self._lost(error, StreamState.DOWN)
                self._pause(BACK_OFF_REFUSED_S * random.uniform(0.5, 1.0))
            self._failures += 1
        log.info("market_stream_reader_ends")
        self._become(StreamState.DOWN, "the stream reader has stopped")
        self._report.now()

    def _follow(self) -> None:
        """One connection from its beginning to its end. Raises what ended it, nothing when the turn is over."""
        self._catch_up()
        subscribed_ms = int(market_now().timestamp() * 1000)
        stream = connect_market_stream(settings.SSI_STREAM_URL, self._client, CHANNELS)
        try:
            self._pipeline.subscribed(subscribed_ms)
            self._mark_gap()
            self._become(StreamState.CONNECTED)
            self._report.now()
            while self._turn.goes_on():
                self._take(stream)
        finally:
            stream.close()

    def _take(self, stream: SignalRConnection) -> None:
        frames = stream.frames(FRAMES_TIMEOUT_S)
        self._last_frame_ns = stream.last_frame_ns or self._last_frame_ns
        if frames:
            self._failures = 0
            self._pipeline.take([(frame.received_ns, frame.raw) for frame in frames])
        if self._pipeline.is_behind:
            try:
                self._catch_up()
            except TransientError as error:
                log.warning("bus_still_away", reason=str(error))
        self._report.when_due()
        self._refresh.when_due()

    def _catch_up(self) -> None:
        if self._pipeline.is_behind:
            self._pipeline.catch_up(self._turn.goes_on)

    def _mark_gap(self) -> None:
        """Between the last frame of the connection before and now, messages may be missing."""
        if self._last_frame_ns:
            gap = GapDetected(
                symbols="*", ts_from_ns=self._last_frame_ns, ts_to_ns=time.time_ns(), reason=self._lost_because
            )
            self._pipeline.announce([gap])
            MARKET_GAPS.inc()

    def _lost(self, error: Exception, state: StreamState) -> None:
        self._lost_because = str(error)
        STREAM_RECONNECTS.labels(stream="market").inc()
        log.warning("market_stream_lost", reason=str(error), failures=self._failures)
        self._become(state, str(error))

    def _become(self, state: StreamState, detail: str = "") -> None:
        if state is not self._state:
            self._since_ns = time.time_ns()
        STREAM_CONNECTED.labels(stream="market").set(state is StreamState.CONNECTED)
        self._state, self._detail = state, detail

    def _pause(self, seconds: float) -> None:
        self._report.now()
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._turn.goes_on():
            time.sleep(0.1)
            self._report.when_due()

    def _report_now(self) -> None:
        try:
            self._live.report(
                self._state,
                since_ns=self._since_ns,
                reported_ns=time.time_ns(),
                last_frame_ns=self._last_frame_ns,
                detail=self._detail,
            )
        except TransientError as error:
            log.warning("stream_state_not_reported", reason=str(error))

    def _refresh_instruments(self) -> None:
        """New listings; while the database is away, the old ones do."""
        try:
            self._pipeline.instruments = instrument_kinds()
        except DatabaseError as error:
            log.warning("instruments_not_refreshed", reason=str(error))
        finally:
            close_old_connections()


class _Every:
    """Calls something at most once in so many seconds."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._due_at = time.monotonic() + seconds

    def when_due(self) -> None:
        if time.monotonic() >= self._due_at:
            self.now()

    def now(self) -> None:
        self._due_at = time.monotonic() + self._seconds
        self._act()
