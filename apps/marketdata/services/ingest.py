"""The reader of the market stream: one connection at a time, under a lease, reconnecting for as long as it runs."""

import random
import time
from collections.abc import Callable, Sequence

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from apps.marketdata.selectors import (
    StreamState,
    instrument_kinds,
    market_at,
    market_now,
    recorded_wal_position,
    rules_as_known,
)
from apps.marketdata.services.expected_session import ExpectedSession
from apps.marketdata.services.live_state import LiveState
from apps.marketdata.services.master_data import data_client
from apps.marketdata.services.pipeline import LATE_S_MAX, NS, IngestPipeline
from qts.adapters import bus as event_bus
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.ssi.frames import is_spoken
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.adapters.ssi.signalr import ReceivedFrame, SignalRConnection, StreamClosed
from qts.adapters.wal import WalBroken, WalReader, WalWriter
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import GapDetected
from qts.domain.market import ms_of, session_at, to_vietnam
from qts.domain.market.gap_watch import ALL_SYMBOLS, SILENCE_NS_MAX
from qts.domain.values import Exchange, GapCause
from qts.observability.metrics import STREAM_CONNECTED, STREAM_RECONNECTS

log = structlog.get_logger(__name__)

CHANNELS = ("F:ALL", "X-QUOTE:ALL", "X-TRADE:ALL", "X:ALL", "B:ALL", "R:ALL", "MI:ALL", "OL:ALL")
LEASE = "market-stream"
LEASE_TTL_S = 6
# Much longer than other slices: the stream has no resume number, so every hand-over to a successor costs a gap.
SLICE_S = 12 * 3_600
FRAMES_TIMEOUT_S = 0.2
REPORT_EVERY_S = 1.0
INSTRUMENTS_EVERY_S = 60.0
BACK_OFF_S_MAX = 15.0
BACK_OFF_REFUSED_S = 30.0  # bad credentials do not become good by asking often
SILENT_TIMES_MAX = 3  # a stream that is silent after every new subscription is asked for less often, doubling so often


def run_stream_slice(*, seconds_max: float = SLICE_S) -> None:
    """Follow the stream for `seconds_max` at most, or until the lease is lost or the worker stops."""
    lease = Lease(settings.REDIS_URL, LEASE, LEASE_TTL_S)
    with slice_of(lease, seconds_max) as turn:
        if not turn.goes_on():
            return
        client = data_client()
        try:
            with _wal_writer() as wal:
                if wal.recovery.torn_bytes or wal.recovery.damages:
                    log.warning("wal_recovered", recovery=str(wal.recovery))
                pipeline = IngestPipeline(
                    wal,
                    WalReader(settings.WAL_DIR),
                    event_bus.connect(settings.EVENT_BUS_URL),
                    LiveState(settings.REDIS_URL),
                    instruments=instrument_kinds(),
                    replay_from=_recorded_position,
                )
                StreamFollower(Hold(lease, turn), client, pipeline, LiveState(settings.REDIS_URL)).run()
        finally:
            client.close()


def _wal_writer() -> WalWriter:
    return WalWriter(
        settings.WAL_DIR, retention_bytes_max=settings.WAL_BYTES_MAX, retention_days_max=settings.WAL_DAYS_MAX
    )


def _recorded_position() -> str:
    """Asked when Valkey was emptied, which may be when the database is away, too."""
    try:
        return recorded_wal_position()
    except DatabaseError as error:
        raise TransientError(f"the database: {error}") from error
    finally:
        close_old_connections()


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
        frame_ns, self._last_market_ms = live.last_heard()
        self._last_frame_ns = max(frame_ns, pipeline.newest_ns())
        self._failures = 0
        self._lost_because = "the stream reader was not running"
        self._lost_ns: int | None = self._last_frame_ns  # since when messages may be missing; None while none are
        self._silent_times = 0
        self._connected_ns = 0
        self._subscribed_ms = 0
        self._expected = ExpectedSession()
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
        stream = connect_market_stream(settings.SSI_STREAM_URL, self._client, CHANNELS)
        try:
            self._connected_ns = time.time_ns()
            self._report.now()
            while self._turn.goes_on():
                self._take(stream)
        finally:
            stream.close()

    def _take(self, stream: SignalRConnection) -> None:
        frames = stream.frames(FRAMES_TIMEOUT_S)
        if frames and self._has_begun(frames, stream.invoked_ns):
            self._failures = 0
            self._pipeline.take([(frame.received_ns, frame.raw) for frame in frames])
            if not self._silent_times or self._pipeline.watch.last_market_ms >= self._subscribed_ms:
                self._silent_times = 0  # what speaks again says more than a snapshot of the past
                self._become(StreamState.CONNECTED)
        self._last_frame_ns = stream.last_frame_ns or self._last_frame_ns  # only now: what is not logged may be lost
        if self._pipeline.is_behind:
            try:
                self._catch_up()
            except TransientError as error:
                log.warning("bus_still_away", reason=str(error))
        self._listen_for_silence()
        self._report.when_due()
        self._refresh.when_due()

    def _catch_up(self) -> None:
        if self._pipeline.is_behind:
            self._pipeline.catch_up(self._turn.goes_on)

    def _listen_for_silence(self) -> None:
        """Mark what the clock alone shows; raises StreamClosed when nothing at all comes in a session."""
        if self._pipeline.is_behind:
            return  # what came last is not known before the log is caught up with
        watch, now_ns, now = self._pipeline.watch, time.time_ns(), market_now()
        market_ms = int(now.timestamp() * 1_000)
        if gaps := watch.overdue(now_ns, market_ms, self._expected.at(now), self._connected_ns):
            self._pipeline.mark(gaps)
        if watch.silent_since_ns:
            patience_ns = SILENCE_NS_MAX * 2 ** min(self._silent_times, SILENT_TIMES_MAX)
            silent_ns = now_ns - max(watch.silent_since_ns, self._connected_ns)
            if silent_ns > patience_ns:
                self._silent_times += 1
                text = f"nothing came for {silent_ns / 1e9:.0f} s in a session"
                self._become(StreamState.RECONNECTING, text)
                self._report.now()  # before the connection is closed: the other side may not be there to answer
                raise StreamClosed(text)

    def _has_begun(self, frames: Sequence[ReceivedFrame], asked_ns: int) -> bool:
        """The server sends nothing that happens before it has taken the subscription up, however long that takes: with
        its first word the gap is over."""
        if self._lost_ns is None:
            return True
        begun_ns = next((frame.received_ns for frame in frames if is_spoken(frame.raw)), None)
        if begun_ns is None:
            return False
        self._subscribed_ms = self._first_new_ms(asked_ns)
        self._pipeline.subscribed(self._subscribed_ms)
        self._mark_lost(begun_ns, at_least_to_ms=self._subscribed_ms)
        self._lost_ns = None
        return True

    def _first_new_ms(self, asked_ns: int) -> int:
        """From which market time on matches are none that were heard before: since it was asked for. Those of the last
        second heard of come again with the server's snapshot, and nothing tells them from new ones: that second belongs
        to the gap. A clock that is ahead of ours by more than news are late says nothing."""
        asked_ms, newest_ms = ms_of(market_at(asked_ns / NS)), self._newest_market_ms
        is_later = 0 <= newest_ms // 1_000 - asked_ms // 1_000 <= LATE_S_MAX
        return newest_ms - newest_ms % 1_000 + 1_000 if is_later else asked_ms

    def _mark_lost(self, until_ns: int, *, at_least_to_ms: int = 0) -> None:
        """Since the last message of the connection before, or since it fell silent, messages may be missing."""
        if not self._lost_ns:
            return  # nobody has ever listened
        is_silence = self._pipeline.watch.silent_since_ns == self._lost_ns
        gap = GapDetected(
            symbols=ALL_SYMBOLS,
            ts_from_ns=self._lost_ns,
            ts_to_ns=max(self._lost_ns, until_ns),
            cause=(GapCause.SILENCE if is_silence else GapCause.RECONNECT).value,
            reason=self._lost_because,
            ts_market_from_ms=self._lost_since_ms(self._lost_ns),
            ts_market_to_ms=max(at_least_to_ms, ms_of(market_at(until_ns / NS))),
        )
        self._pipeline.mark([gap])

    def _lost_since_ms(self, lost_ns: int) -> int:
        """Market time: the newest moment that the exchange had named by then, unless that is no news any more."""
        latest, earliest = (ms_of(market_at(lost_ns / NS - late_s)) for late_s in (0, LATE_S_MAX))
        return max(earliest, min(self._newest_market_ms, latest))

    @property
    def _heard_ns(self) -> int:
        """Until when nothing is missing: keep-alives are no data, nor is what comes before a subscription begins."""
        if self._lost_ns is not None:
            return self._lost_ns
        return self._pipeline.watch.silent_since_ns or self._last_frame_ns

    @property
    def _newest_market_ms(self) -> int:
        """That the exchange has named, to this reader or to the one before it."""
        return max(self._pipeline.watch.last_market_ms, self._last_market_ms)

    def _lost(self, error: Exception, state: StreamState) -> None:
        self._lost_because = str(error)
        STREAM_RECONNECTS.labels(stream="market").inc()
        log.warning("market_stream_lost", reason=str(error), failures=self._failures)
        self._become(state, str(error))
        self._lost_ns = self._heard_ns
        self._mark_lost(time.time_ns())

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
                last_frame_ns=self._heard_ns,
                market_ms=self._newest_market_ms,
                detail=self._detail,
            )
            now = market_now()
            session = session_at(rules_as_known(now), Exchange.HOSE, now)
            self._pipeline.health.write(to_vietnam(now).date(), session, is_behind=self._pipeline.is_behind)
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
