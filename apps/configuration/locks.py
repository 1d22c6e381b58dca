"""Every lock of this app. Order: connections, their log-ins, data keys, then one setting's name."""

from uuid import UUID

from django.db import connection

from apps.configuration.models import BrokerConnection, BrokerLogIn, DataKey


def lock_connections() -> list[BrokerConnection]:
    return list(BrokerConnection.objects.select_for_update().order_by("name"))


def lock_connection(name: str) -> BrokerConnection | None:
    return BrokerConnection.objects.select_for_update().filter(name=name).first()


def lock_log_in(connection_id: UUID) -> BrokerLogIn:
    """Made when it is asked for first; two may do so at once."""
    BrokerLogIn.objects.bulk_create([BrokerLogIn(connection_id=connection_id)], ignore_conflicts=True)
    return BrokerLogIn.objects.select_for_update().get(connection_id=connection_id)


def lock_kept_log_ins() -> list[BrokerLogIn]:
    """Those that hold a token."""
    kept = BrokerLogIn.objects.filter(write_token__isnull=False)
    return list(kept.select_for_update().order_by("connection_id"))


def lock_data_keys() -> list[DataKey]:
    return list(DataKey.objects.select_for_update().order_by("id"))


def lock_setting(name: str) -> None:
    """Two changes of one setting follow each other; a new setting has no row that could be locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"configuration.setting:{name}"])
