"""Record events with their state change, relay them to the bus, hand them to the handlers of all apps."""

from apps.eventlog.services.dispatching import dispatch, retry_failure, run_dispatch_slice
from apps.eventlog.services.recording import ADDRESS_NAME, record, record_all
from apps.eventlog.services.registry import handlers_of, subscribe, subscribed_topics
from apps.eventlog.services.relay import publish_pending, run_relay_slice

__all__ = [
    "ADDRESS_NAME",
    "dispatch",
    "handlers_of",
    "publish_pending",
    "record",
    "record_all",
    "retry_failure",
    "run_dispatch_slice",
    "run_relay_slice",
    "subscribe",
    "subscribed_topics",
]
