"""The way to the broker of one connection, for those who work under a lease."""

from typing import Final
from uuid import UUID

import httpx2

from apps.accounts.services.broker import open_client as open_trading_client
from qts.adapters.ssi.trading import TradingClient

LEASE_TTL_S: Final = 6.0
# A call must be over before the lease of the one who makes it.
_TIMEOUT: Final = httpx2.Timeout(connect=2.0, read=4.0, write=2.0, pool=1.0)


def open_client(connection_id: UUID) -> TradingClient:
    """Close it after use. Raises TerminalError when the connection is inactive or its credentials cannot be opened."""
    return open_trading_client(connection_id, timeout=_TIMEOUT)
