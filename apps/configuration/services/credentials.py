"""Storing the broker's credentials. What they hold goes into sealed columns and nowhere else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.configuration.locks import lock_connection, lock_data_keys
from apps.configuration.models import BrokerConnection, DataKey
from apps.configuration.services.log_ins import forget_token, note_right_pin
from apps.configuration.services.sealing import key_ring
from apps.eventlog import services as eventlog
from qts.adapters.sealing import Sealed
from qts.adapters.ssi.credentials import SecondFactor
from qts.domain.errors import TerminalError
from qts.domain.events import CredentialChanged
from qts.domain.values import Actor, ActorKind

DATA_KEY_NAME = "FC Data"
_SEEDER = Actor(ActorKind.SYSTEM, "seed")


def store_connection(
    *,
    name: str,
    consumer_id: str,
    consumer_secret: str = "",
    private_key: str = "",
    pin: str = "",
    second_factor: SecondFactor = SecondFactor.PIN,
    is_active: bool = True,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Make the connection of that name, or change it; an empty secret keeps the stored one.

    A PIN is kept where it is the second factor, and only there. A kept log-in ends with what it was made with. Raises
    TerminalError where a secret is missing, or where a PIN is given that nothing asks for.
    """
    given = {"consumer_secret": consumer_secret, "private_key": private_key, "pin": pin}
    if second_factor.needs_person and pin:
        raise TerminalError("a PIN goes with the second factor PIN only")
    columns: dict[str, Any] = {field: key_ring().seal(secret) for field, secret in given.items() if secret}
    columns |= {"second_factor": second_factor, "is_active": is_active, "changed_at": now}
    if second_factor.needs_person:
        columns["pin"] = None
    with transaction.atomic():
        found = lock_connection(name)
        if missing := _missing(given, found, second_factor):
            raise TerminalError(f"the broker connection needs {', '.join(missing)}")
        if found is None:
            found = BrokerConnection.objects.create(name=name, consumer_id=consumer_id, **columns)
        else:
            is_another = (found.consumer_id, found.second_factor) != (consumer_id, second_factor)
            BrokerConnection.objects.filter(id=found.id).update(consumer_id=consumer_id, **columns)
            if is_another or consumer_secret:
                forget_token(found.id, now=now)
            if is_another or pin:
                note_right_pin(found.id)
        eventlog.record(CredentialChanged(name=name, is_active=is_active), actor=actor, now=now)
    return found.id


def _missing(given: Mapping[str, str], found: BrokerConnection | None, second_factor: SecondFactor) -> list[str]:
    """Secrets that are neither given nor stored."""
    needed = [field for field in given if field != "pin" or not second_factor.needs_person]
    return [field for field in needed if not given[field] and (found is None or getattr(found, field) is None)]


def store_data_key(*, consumer_id: str, consumer_secret: str, actor: Actor, now: datetime) -> None:
    """Make this the market data key in use; earlier ones stay as inactive rows."""
    with transaction.atomic():
        lock_data_keys()
        DataKey.objects.filter(is_active=True).update(is_active=False, changed_at=now)
        DataKey.objects.create(
            consumer_id=consumer_id, consumer_secret=key_ring().seal(consumer_secret), changed_at=now
        )
        eventlog.record(CredentialChanged(name=DATA_KEY_NAME, is_active=True), actor=actor, now=now)


def seed_demo_connections(credentials: Mapping[str, Any], *, now: datetime) -> dict[str, UUID]:
    """Store what the simulator's /sim/credentials answers; the connection of each account number.

    The shape is {"data": {"consumer_id", "consumer_secret"}, "customers": [{"name", "consumer_id", "consumer_secret",
    "private_key", "pin", "accounts": [...]}]}. Unchanged credentials are left alone, so it may run at every start.
    """
    _seed_data_key(credentials["data"], now)
    connection_of: dict[str, UUID] = {}
    for customer in credentials["customers"]:
        connection_id = _seed_connection(customer, now)
        connection_of |= dict.fromkeys(customer["accounts"], connection_id)
    return connection_of


def _seed_data_key(given: Mapping[str, str], now: datetime) -> None:
    active = DataKey.objects.filter(is_active=True).first()
    if (
        active is None
        or active.consumer_id != given["consumer_id"]
        or not _holds(active.consumer_secret, given["consumer_secret"])
    ):
        store_data_key(
            consumer_id=given["consumer_id"], consumer_secret=given["consumer_secret"], actor=_SEEDER, now=now
        )


def _seed_connection(customer: Mapping[str, Any], now: datetime) -> UUID:
    """Somebody may have given it another second factor since: that stays."""
    found = BrokerConnection.objects.filter(name=customer["name"], consumer_id=customer["consumer_id"]).first()
    factor = SecondFactor(found.second_factor) if found else SecondFactor.PIN
    fields = ("consumer_secret", "private_key") if factor.needs_person else ("consumer_secret", "private_key", "pin")
    if found and all(_holds(getattr(found, field), customer[field]) for field in fields):
        return found.id
    return store_connection(
        name=customer["name"],
        consumer_id=customer["consumer_id"],
        consumer_secret=customer["consumer_secret"],
        private_key=customer["private_key"],
        pin="" if factor.needs_person else customer["pin"],
        second_factor=factor,
        actor=_SEEDER,
        now=now,
    )


def _holds(sealed: Sealed, secret: str) -> bool:
    return key_ring().open(sealed) == secret
