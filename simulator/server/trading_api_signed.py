"""What every signed call of FC Trading goes through: token, signature over the very bytes, body, second factor."""

from typing import Final, NamedTuple, TypeVar

import msgspec
from aiohttp import web

from simulator.broker.customers import Customer
from simulator.server.access import Access
from simulator.server.answers import UNREADABLE, body_of, failure, unauthorized
from simulator.server.pacemaker import Pacemaker
from simulator.wire.keys import is_signed
from simulator.wire.trading_requests import SignedBody
from simulator.world import World

ACCOUNT_UNKNOWN: Final = "Account is not exist."  # sic

Body = TypeVar("Body", bound=SignedBody)


class Refused(Exception):
    """Ends a signed call with an answer; nothing was accepted."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


class Signed(NamedTuple):
    """Who calls, from where."""

    customer: Customer
    ip_address: str


class SignedCalls:
    """Reads signed calls, and journals each that it understood with what came of it."""

    def __init__(self, world: World, access: Access, pacemaker: Pacemaker) -> None:
        self._world = world
        self._access = access
        self._pacemaker = pacemaker

    async def read(self, request: web.Request, kind: type[Body]) -> tuple[Signed, Body]:
        """Brings the market to the present, too. Raises Refused."""
        caller = self._access.caller(request)
        try:
            body = await body_of(request)
        except web.HTTPRequestEntityTooLarge as error:
            raise Refused(failure("Request body is too large", 413, 413)) from error
        if caller is None or not is_signed(caller.customer.public_key, body, request.headers.get("X-Signature", "")):
            raise Refused(unauthorized())
        try:
            given = msgspec.json.decode(body, type=kind)
        except UNREADABLE as error:
            raise Refused(failure(f"Bad request: {error}")) from error
        if not caller.is_saved and not self._access.is_second_factor(caller.customer, given.code):
            raise Refused(failure("Wrong OTP"))
        await self._pacemaker.approach()
        return Signed(caller.customer, request.remote or ""), given

    def record(self, request: web.Request, customer: Customer, given: SignedBody, refusal: str) -> None:
        """With the next commit; `refusal` is "" when it was accepted."""
        broker = self._world.broker
        if broker.day is None:
            raise RuntimeError("the market has no day yet")
        name = request.path.rstrip("/").rpartition("/")[2]
        text = msgspec.json.encode(given.without_code()).decode()
        self._world.journal.add_call(
            customer.customer_id, broker.day, broker.now_ms, name=name, body=text, refusal=refusal
        )
