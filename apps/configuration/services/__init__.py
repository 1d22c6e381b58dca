"""Change settings and credentials; each change is an event, and no event holds a secret."""

from apps.configuration.services.credentials import seed_demo_connections, store_connection, store_data_key
from apps.configuration.services.sealing import open_text, reseal_all, reseal_text, seal_text
from apps.configuration.services.versions import check_setting, set_setting

__all__ = [
    "check_setting",
    "open_text",
    "reseal_all",
    "reseal_text",
    "seal_text",
    "seed_demo_connections",
    "set_setting",
    "store_connection",
    "store_data_key",
]
