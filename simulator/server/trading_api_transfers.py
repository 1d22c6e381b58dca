"""Transfers of cash and shares, advances and subscriptions: understood, answered in SSI's shape, and refused.

Nothing leaves or enters an account here but by trades, so that its books can be judged by them alone.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from simulator.server.answers import failure
from simulator.server.pacemaker import Pacemaker
from simulator.server.trading_api_signed import ACCOUNT_UNKNOWN, SignedCalls
from simulator.wire.trading_requests import (
    CashInAdvance,
    CashToDepository,
    CashTransfer,
    RightsSubscription,
    SignedBody,
    StockTransfer,
)
from simulator.world import World

_REFUSALS: Final[dict[str, tuple[type[SignedBody], str]]] = {
    "cash/vsdcashdw": (CashToDepository, "Cash deposit and withdrawal are not allowed for this account"),
    "cash/transferinternal": (CashTransfer, "Cash transfer is not allowed for this account"),
    "cash/createcashinadvance": (CashInAdvance, "Cash in advance is not allowed for this account"),
    "ors/create": (RightsSubscription, "Entitlement is not exist."),
    "stock/transfer": (StockTransfer, "Stock transfer is not allowed for this account"),
}


class Transfers:
    """`calls` by lower-case path after `api/v2/`."""

    def __init__(self, world: World, signed: SignedCalls, pacemaker: Pacemaker) -> None:
        self._world = world
        self._signed = signed
        self._pacemaker = pacemaker
        self.calls: Final = {name: self._refusing(kind, text) for name, (kind, text) in _REFUSALS.items()}

    def _refusing(self, kind: type[SignedBody], text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def call(request: web.Request) -> web.Response:
            caller, given = await self._signed.read(request, kind)
            is_known = self._world.broker.account_of(caller.customer, given.account) is not None
            refusal = text if is_known else ACCOUNT_UNKNOWN
            self._signed.record(request, caller.customer, given, refusal)
            self._pacemaker.tell()
            return failure(refusal)

        return call
