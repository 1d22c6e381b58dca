"""Sealing with the system's keys, for this app's rows and for those above it."""

from django.conf import settings
from django.db import transaction

from apps.configuration.locks import lock_connections, lock_data_keys, lock_kept_log_ins
from qts.adapters.sealing import KeyRing, Sealed, read_key_ring


def key_ring() -> KeyRing:
    return read_key_ring(settings.QTS_SECRET_KEY_FILE)


def seal_text(text: str) -> str:
    """For tables that cannot use a SealedField, such as those of libraries."""
    return key_ring().seal(text).token


def open_text(token: str) -> str:
    """Raises TerminalError where the token was sealed with a key that is no longer there."""
    return key_ring().open(Sealed(token))


def reseal_text(token: str) -> str:
    return key_ring().reseal(Sealed(token)).token


def reseal_all() -> int:
    """Seal every credential of this app under the newest key; how many rows."""
    ring = key_ring()
    with transaction.atomic():
        connections, log_ins, keys = lock_connections(), lock_kept_log_ins(), lock_data_keys()
        for connection in connections:
            connection.consumer_secret = ring.reseal(connection.consumer_secret)
            connection.private_key = ring.reseal(connection.private_key)
            connection.pin = ring.reseal(connection.pin) if connection.pin else None
            connection.save(update_fields=["consumer_secret", "private_key", "pin"])
        for log_in in log_ins:
            log_in.write_token = ring.reseal(log_in.write_token) if log_in.write_token else None
            log_in.save(update_fields=["write_token"])
        for key in keys:
            key.consumer_secret = ring.reseal(key.consumer_secret)
            key.save(update_fields=["consumer_secret"])
    return len(connections) + len(log_ins) + len(keys)
