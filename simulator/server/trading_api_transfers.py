"""Advances on sales and subscriptions for new shares; transfers of cash and shares are understood and refused."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from simulator.server.answers import failure, success
from simulator.server.pacemaker import Pacemaker
from simulator.server.trading_api_signed import ACCOUNT_UNKNOWN, Signed, SignedCalls
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
    "stock/transfer": (StockTransfer, "Stock transfer is not allowed for this account"),
}


class Transfers:
    """`calls` by lower-case path after `api/v2/`."""

    def __init__(self, world: World, signed: SignedCalls, pacemaker: Pacemaker) -> None:
        self._world = world
        self._signed = signed
        self._pacemaker = pacemaker
        self.calls: Final[dict[str, Callable[[web.Request], Awaitable[web.Response]]]] = {
            "cash/createcashinadvance": self.advance,
            "ors/create": self.subscribe,
            **{name: self._refusing(kind, text) for name, (kind, text) in _REFUSALS.items()},
        }

    async def advance(self, request: web.Request) -> web.Response:
        """createCashInAdvance; `receiveAmount` is not looked at: what is received is the advance less its fee."""
        caller, given = await self._signed.read(request, CashInAdvance)
        account = self._world.broker.account_of(caller.customer, given.account)
        transaction_id = self._world.broker.next_order_id()
        amount_vnd = int(given.cia_amount)
        if account is None:
            refusal: str | None = ACCOUNT_UNKNOWN
        elif amount_vnd != given.cia_amount:
            refusal = "Amount is invalid"
        else:
            refusal = self._world.cashier.advance(account, amount_vnd, transaction_id)
        return self._told(request, caller, given, refusal, transaction_id)

    async def subscribe(self, request: web.Request) -> web.Response:
        """ors/create; `amount` is not looked at: the price is the entitlement's."""
        caller, given = await self._signed.read(request, RightsSubscription)
        account = self._world.broker.account_of(caller.customer, given.account)
        transaction_id = self._world.broker.next_order_id()
        quantity = int(given.quantity)
        if account is None:
            refusal: str | None = ACCOUNT_UNKNOWN
        elif quantity != given.quantity:
            refusal = "Quantity is invalid"
        else:
            refusal = self._world.cashier.subscribe(account, given.entitlement_id, quantity)
        return self._told(request, caller, given, refusal, transaction_id)

    def _told(
        self, request: web.Request, caller: Signed, given: SignedBody, refusal: str | None, transaction_id: str
    ) -> web.Response:
        """Journalled and durable before it is answered."""
        self._signed.record(request, caller.customer, given, refusal or "")
        self._pacemaker.tell()
        if refusal is not None:
            return failure(refusal)
        return success({"account": given.account, "transactionID": transaction_id})

    def _refusing(self, kind: type[SignedBody], text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def call(request: web.Request) -> web.Response:
            caller, given = await self._signed.read(request, kind)
            is_known = self._world.broker.account_of(caller.customer, given.account) is not None
            refusal = text if is_known else ACCOUNT_UNKNOWN
            self._signed.record(request, caller.customer, given, refusal)
            self._pacemaker.tell()
            return failure(refusal)

        return call
