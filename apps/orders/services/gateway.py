"""The one writer to a broker connection: claims intents in order, keeps SSI's pace, watches its own health."""

import time
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.marketdata.selectors import market_now
from apps.orders.models import GatewayState, Intent
from apps.orders.services.amending import fire_waiting_amendments
from apps.orders.services.broker import open_client
from apps.orders.services.cancelling import cancel_what_is_killed, fire_waiting_cancels
from apps.orders.services.holding import release_held_orders
from apps.orders.services.log_in_watch import LogInWatch
from apps.orders.services.pace import SAMPLE_LIMITS, Call, Pace
from apps.orders.services.resolution import Resolver
from apps.orders.services.sending import Unreachable, doubt_stale_claims, fence, send_next
from apps.orders.services.stream_watch import VenueWatch, watch_order_stream
from apps.orders.services.turns import SLICE_S, run_for_each_connection, run_under_lease
from apps.orders.services.wakeup import Doorbell, Ring
from apps.risk.services import MonitorWatch, adopt_kill_file
from qts.adapters.lease import Slice
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.adapters.ssi.trading import RateLimit, TradingClient
from qts.domain.errors import TerminalError, TransientError
from qts.domain.market import to_vietnam

log = structlog.get_logger(__name__)

LEASE_NAME = "order-gateway"
IDLE_S_MAX = 0.5  # without a ring it looks this often; rings are lost when nobody listens
HOUSEKEEPING_EVERY_S = 1.0
KILL_SWEEP_EVERY_S = 5.0  # a cancel that the broker keeps refusing is not asked for more often
REST_S_MAX = 8.0
_NEXT_DUE = """
    SELECT kind FROM orders_intent
    WHERE connection_id = %s AND trading_day = %s AND state = 'READY'
        AND (not_before IS NULL OR not_before <= statement_timestamp())
    ORDER BY kind <> 'CANCEL', id LIMIT 1
"""
_CALLS = {
    Intent.Kind.PLACE: Call.NEW_ORDER,
    Intent.Kind.AMEND: Call.MODIFY_ORDER,
    Intent.Kind.CANCEL: Call.CANCEL_ORDER,
}


def run_gateway_slice(connection_id: UUID, *, seconds_max: float = SLICE_S, standby_s: float = 0.0) -> bool:
    """Send what is due for one connection until the slice ends; False when another gateway held the lease."""
    return run_under_lease(LEASE_NAME, connection_id, run_gateway, seconds_max=seconds_max, standby_s=standby_s)


def run_gateways() -> None:
    """One slice for each active connection, side by side."""
    run_for_each_connection(LEASE_NAME, run_gateway)


def run_gateway(connection_id: UUID, turn: Slice) -> None:
    """Raises FenceDown (a TransientError) when a newer gateway has taken over."""
    untried = GatewayState(connection_id=connection_id, circuit=GatewayState.Circuit.OPEN, trouble="not tried yet")
    GatewayState.objects.bulk_create([untried], ignore_conflicts=True)
    if turn.epoch is not None:
        with transaction.atomic():
            fence(connection_id, turn.epoch)
    with Doorbell(connection_id) as bell:
        is_active = True
        while turn.goes_on() and is_active:
            is_active = _run_until_changed(connection_id, turn, bell)


def _run_until_changed(connection_id: UUID, turn: Slice, bell: Doorbell) -> bool:
    """With the credentials as they are now; whether the connection still is active when they were changed."""
    log_in = LogInWatch(connection_id)  # before the credentials are read: no change goes unnoticed
    client = open_client(connection_id)
    try:
        gateway = _Gateway(connection_id, turn, client, log_in)
        while turn.goes_on() and not log_in.is_outdated:
            wait_s = gateway.step(market_now())
            if wait_s > 0 and (who := bell.wait(wait_s)) is not None:
                gateway.answer(who)
    finally:
        client.close()
    return log_in.is_active


class _Gateway:
    def __init__(self, connection_id: UUID, turn: Slice, client: TradingClient, log_in: LogInWatch) -> None:
        self._connection_id = connection_id
        self._turn = turn
        self._client = client
        self._circuit = _Circuit(connection_id)
        self._pace = Pace(connection_id)
        self._resolver = Resolver(connection_id, client, self._pace, turn.epoch)
        self._venue = VenueWatch(connection_id)
        self._log_in = log_in
        self._limits_known = False
        self._began_at = time.monotonic()
        self._monitor_watch = MonitorWatch()
        self._housekeeping_at = 0.0
        self._sweep_at = 0.0

    def step(self, now: datetime) -> float:
        """Do one thing; how many seconds there is nothing to do, unless somebody rings."""
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + HOUSEKEEPING_EVERY_S
            self._keep_house(now)
        if not self._circuit.is_closed:
            return IDLE_S_MAX
        due = _next_due(self._connection_id, now)
        if due is None:
            return IDLE_S_MAX
        wait_ms = self._pace.take(_CALLS[due])
        if wait_ms > 0:
            return min(wait_ms / 1000, IDLE_S_MAX)
        try:
            sent = send_next(self._connection_id, self._turn, self._client, now)
        except Unreachable as error:
            self._circuit.fail(str(error))
            return IDLE_S_MAX
        if sent:
            GatewayState.objects.filter(connection_id=self._connection_id).update(last_sent_at=Now())
        return 0.0 if sent else IDLE_S_MAX

    def answer(self, who: Ring) -> None:
        """What a kill switch or a log-in asks for is done now, not with the next round."""
        if who in {Ring.KILL_SWITCH, Ring.LOG_IN}:
            self._housekeeping_at = 0.0
        if who == Ring.KILL_SWITCH:
            self._sweep_at = 0.0

    def _look_at_log_in(self) -> bool:
        """Whether orders wait for a person. A new log-in is used at once, however long the circuit was to rest; the end
        of one opens the circuit before an order finds out."""
        self._log_in.look()
        wants_code = self._log_in.step()
        if self._log_in.is_renewed:
            self._client.forget_write_token()
            self._circuit.try_at_once()
        if wants_code and self._circuit.is_closed:
            self._circuit.fail(CODE_WANTED)
        return wants_code

    def _keep_house(self, now: datetime) -> None:
        """The lease is renewed between the steps: together they may take longer than it lasts, on a busy machine or
        where the broker is slow, and who loses it then begins anew with the same steps."""
        GatewayState.objects.filter(connection_id=self._connection_id).update(seen_at=Now())
        if self._turn.epoch is not None:
            doubt_stale_claims(self._connection_id, self._turn.epoch, now)
        wants_code = self._look_at_log_in()
        adopt_kill_file(now)
        self._monitor_watch.look(now)
        watch_order_stream(self._connection_id, now, watched_s=time.monotonic() - self._began_at)
        self._turn.goes_on()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + KILL_SWEEP_EVERY_S
            cancel_what_is_killed(self._connection_id, now)
            self._turn.goes_on()
        fire_waiting_cancels(self._connection_id, now)
        fire_waiting_amendments(self._connection_id, now)
        release_held_orders(self._connection_id, now, can_leave=not wants_code)
        self._turn.goes_on()
        if self._circuit.wants_a_trial:
            self._try_the_broker()
        if self._circuit.is_closed or wants_code:  # a question needs no second factor
            try:
                self._resolver.step(now, self._turn.goes_on)
            except (TransientError, TerminalError) as error:
                self._circuit.fail(str(error))
        self._venue.step(now)  # last: what waited for the broker must not meet a hold that is over

    def _try_the_broker(self) -> None:
        """With a log-in and a question, never with an order."""
        try:
            self._client.log_in(self._turn.goes_on)
            if not self._limits_known:
                self._pace = Pace.learn(self._connection_id, self._ask_limits())
                self._resolver.use_pace(self._pace)
                self._limits_known = True
        except (TransientError, TerminalError) as error:
            self._circuit.fail(str(error))
        else:
            self._circuit.close()

    def _ask_limits(self) -> list[RateLimit]:
        return self._client.rate_limits() or list(SAMPLE_LIMITS)


class _Circuit:
    """Open from the start and after each failure, until a trial succeeds; trials come at growing distances."""

    def __init__(self, connection_id: UUID) -> None:
        self._connection_id = connection_id
        self._failures = 0
        self._try_at = 0.0
        self.is_closed = False

    @property
    def wants_a_trial(self) -> bool:
        return not self.is_closed and time.monotonic() >= self._try_at

    def try_at_once(self) -> None:
        self._failures = 0
        self._try_at = 0.0

    def fail(self, reason: str) -> None:
        self._failures += 1
        self.is_closed = False
        self._try_at = time.monotonic() + min(2.0 ** (self._failures - 1), REST_S_MAX)
        if reason != CODE_WANTED or self._failures == 1:  # a person may be long in coming
            log.warning("gateway_circuit_open", reason=reason, failures=self._failures)
        self._show(GatewayState.Circuit.OPEN, reason)

    def close(self) -> None:
        self._failures = 0
        self.is_closed = True
        self._show(GatewayState.Circuit.CLOSED, "")

    def _show(self, state: GatewayState.Circuit, trouble: str) -> None:
        GatewayState.objects.filter(connection_id=self._connection_id).update(circuit=state, trouble=trouble[:500])


def _next_due(connection_id: UUID, now: datetime) -> Intent.Kind | None:
    """What the next call will be, in the order of `lock_next_intent`."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, [connection_id, to_vietnam(now).date()])
        found = cursor.fetchone()
    return Intent.Kind(found[0]) if found else None
