"""Settings in force, and credentials opened for the one call that needs them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.configuration.models import BrokerConnection, DataKey, SettingVersion
from qts.adapters.sealing import read_key_ring
from qts.adapters.ssi.credentials import DataCredentials, TradingCredentials
from qts.domain.errors import TerminalError


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A broker connection without its secrets."""

    id: UUID
    name: str
    consumer_id: str
    is_active: bool


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
        pin=ring.open(found.pin),
        key_file=settings.QTS_SECRET_KEY_FILE,
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
