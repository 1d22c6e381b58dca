"""The way to the broker of one connection."""

from uuid import UUID

import httpx2
from django.conf import settings

from apps.configuration import selectors as configuration
from qts.adapters.ssi.credentials import TradingCredentials
from qts.adapters.ssi.trading import TradingClient

# A call must be over before the lease of the one who makes it (LEASE_TTL_S).
_TIMEOUT = httpx2.Timeout(connect=2.0, read=4.0, write=2.0, pool=1.0)
LEASE_TTL_S = 6.0


def open_client(connection_id: UUID) -> TradingClient:
    """Close it after use. Raises TerminalError when the connection is inactive or its credentials cannot be opened."""
    stored = configuration.trading_credentials(connection_id)
    credentials = TradingCredentials(
        consumer_id=stored.consumer_id,
        consumer_secret=stored.consumer_secret,
        private_key=stored.private_key_b64xml,
        pin=stored.pin,
    )
    return TradingClient(settings.SSI_TRADING_URL, credentials, timeout=_TIMEOUT)
