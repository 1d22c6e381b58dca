"""Every lock of this app. Order: connections, data keys, then one setting's name."""

from django.db import connection

from apps.configuration.models import BrokerConnection, DataKey


def lock_connections() -> list[BrokerConnection]:
    return list(BrokerConnection.objects.select_for_update().order_by("name"))


def lock_connection(name: str) -> BrokerConnection | None:
    return BrokerConnection.objects.select_for_update().filter(name=name).first()


def lock_data_keys() -> list[DataKey]:
    return list(DataKey.objects.select_for_update().order_by("id"))


def lock_setting(name: str) -> None:
    """Two changes of one setting follow each other; a new setting has no row that could be locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"configuration.setting:{name}"])
