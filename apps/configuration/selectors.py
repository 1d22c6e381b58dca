"""Settings in force, and credentials opened for the one call that needs them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from apps.configuration.models import BrokerConnection, BrokerLogIn, DataKey, SettingVersion
from qts.adapters.sealing import read_key_ring
from qts.adapters.ssi.credentials import DataCredentials, SecondFactor, TradingCredentials
from qts.adapters.ssi.tokens import KeptToken
from qts.domain.errors import TerminalError

WARNED_BEFORE: Final = timedelta(minutes=30)
CODE_VALID: Final = timedelta(minutes=3)  # SSI names no time; users report three minutes


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A broker connection without its secrets."""

    id: UUID
    name: str
    consumer_id: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class LogInView:
    """Where a connection's log-in at the broker stands. All times are of the wall clock; `logged_in_by` and
    `code_requested_by` are "kind:id"."""

    connection_id: UUID
    name: str
    second_factor: SecondFactor
    expires_at: datetime | None = None  # None: nothing is kept
    logged_in_at: datetime | None = None
    logged_in_by: str = ""
    wanted_since: datetime | None = None
    warned_at: datetime | None = None
    code_requested_at: datetime | None = None  # None: none is outstanding
    code_requested_by: str = ""
    wrong_code_count: int = 0
    stopped_until: datetime | None = None

    def is_wanted(self, now: datetime) -> bool:
        """Whether no order can leave before a person has entered a code."""
        return self.second_factor.needs_person and (self.expires_at is None or self.expires_at <= now)

    def ends_soon(self, now: datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at <= now + WARNED_BEFORE

    def code_until(self) -> datetime | None:
        """Until when the requested code is taken."""
        return self.code_requested_at + CODE_VALID if self.code_requested_at else None


@dataclass(frozen=True, slots=True)
class SettingView:
    """One version of one setting."""

    name: str
    version: int
    value: Any
    reason: str
    changed_by: str


def data_credentials() -> DataCredentials:
    """Raises TerminalError where no market data key is active or it cannot be opened."""
    key = DataKey.objects.filter(is_active=True).first()
    if key is None:
        raise TerminalError("no market data key is active")
    ring = read_key_ring(settings.QTS_SECRET_KEY_FILE)
    return DataCredentials(consumer_id=key.consumer_id, consumer_secret=ring.open(key.consumer_secret))


def trading_credentials(connection_id: UUID) -> TradingCredentials:
    """The private key stays sealed: the signer's process alone opens it. Raises TerminalError where the connection is
    unknown, inactive or cannot be opened."""
    found = BrokerConnection.objects.filter(id=connection_id, is_active=True).first()
    if found is None:
        raise TerminalError(f"broker connection {connection_id} is unknown or not active")
    ring = read_key_ring(settings.QTS_SECRET_KEY_FILE)
    return TradingCredentials(
        consumer_id=found.consumer_id,
        consumer_secret=ring.open(found.consumer_secret),
        private_key=found.private_key,
        pin=ring.open(found.pin) if found.pin else "",
        key_file=settings.QTS_SECRET_KEY_FILE,
        second_factor=SecondFactor(found.second_factor),
    )


def kept_token(connection_id: UUID) -> KeptToken | None:
    """What a person's code has opened, valid or not; None where nothing is kept."""
    found = BrokerLogIn.objects.filter(connection_id=connection_id, write_token__isnull=False).first()
    if found is None or found.write_token is None or found.expires_at is None:
        return None
    ring = read_key_ring(settings.QTS_SECRET_KEY_FILE)
    return KeptToken(ring.open(found.write_token), found.expires_at.timestamp())


def wrong_pin_count(connection_id: UUID) -> int:
    """How often in a row the broker has refused the PIN that is kept."""
    counts = BrokerLogIn.objects.filter(connection_id=connection_id).values_list("wrong_code_count", flat=True)
    return counts.first() or 0


def log_ins(*, of_persons_only: bool = False) -> list[LogInView]:
    """Of every active connection; or of those alone whose second factor a person enters."""
    rows = BrokerConnection.objects.filter(is_active=True).select_related("log_in")
    if of_persons_only:
        rows = rows.exclude(second_factor=SecondFactor.PIN)
    return [_log_in_view(row) for row in rows]


def log_in(connection_id: UUID) -> LogInView | None:
    """None where the connection is unknown or not active."""
    row = BrokerConnection.objects.filter(id=connection_id, is_active=True).select_related("log_in").first()
    return _log_in_view(row) if row else None


def changed_at(connection_id: UUID) -> datetime | None:
    """When its credentials were changed last; None where it is unknown or not active."""
    rows = BrokerConnection.objects.filter(id=connection_id, is_active=True)
    return rows.values_list("changed_at", flat=True).first()


def _log_in_view(row: BrokerConnection) -> LogInView:
    kept: BrokerLogIn | None = getattr(row, "log_in", None)
    factor = SecondFactor(row.second_factor)
    if kept is None:
        return LogInView(row.id, row.name, factor)
    names = LogInView.__slots__[4:]
    return LogInView(
        row.id,
        row.name,
        factor,
        kept.expires_at if kept.write_token is not None else None,
        **{name: getattr(kept, name) for name in names},
    )


def connections(*, active_only: bool = True) -> list[ConnectionView]:
    rows = BrokerConnection.objects.all()
    if active_only:
        rows = rows.filter(is_active=True)
    return [ConnectionView(row.id, row.name, row.consumer_id, row.is_active) for row in rows]


def get_setting(name: str, default: Any) -> Any:
    """The value in force; `default` where the setting was never set."""
    newest = setting_history(name, limit=1)
    return newest[0].value if newest else default


def setting_history(name: str, *, limit: int = 100) -> list[SettingView]:
    """Newest first."""
    rows = SettingVersion.objects.filter(name=name).order_by("-version")[:limit]
    return [SettingView(row.name, row.version, row.value, row.reason, row.changed_by) for row in rows]
