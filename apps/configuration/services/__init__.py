"""Change settings and credentials; each change is an event, and no event holds a secret."""

from apps.configuration.services.credentials import seed_demo_connections, store_connection, store_data_key
from apps.configuration.services.log_ins import (
    LOG_IN_CHANNEL,
    WRONG_CODES_MAX,
    WRONG_PINS_MAX,
    LogInProblem,
    begin_entry,
    begin_request,
    discard_token,
    keep_token,
    look_after,
    note_ends_soon,
    note_request,
    note_right_pin,
    note_wrong_entry,
    note_wrong_pin,
    take_back_entry,
    take_back_request,
)
from apps.configuration.services.sealing import open_text, reseal_all, reseal_text, seal_text
from apps.configuration.services.versions import check_setting, set_setting

__all__ = [
    "LOG_IN_CHANNEL",
    "WRONG_CODES_MAX",
    "WRONG_PINS_MAX",
    "LogInProblem",
    "begin_entry",
    "begin_request",
    "check_setting",
    "discard_token",
    "keep_token",
    "look_after",
    "note_ends_soon",
    "note_request",
    "note_right_pin",
    "note_wrong_entry",
    "note_wrong_pin",
    "open_text",
    "reseal_all",
    "reseal_text",
    "seal_text",
    "seed_demo_connections",
    "set_setting",
    "store_connection",
    "store_data_key",
    "take_back_entry",
    "take_back_request",
]
