"""A signed HTTP client of an application in this process, whose market clock the test sets."""

import itertools
import json
from datetime import datetime
from typing import Any, cast

import aiohttp
from aiohttp.test_utils import TestServer
from ssi_fctrading.core.core_crypto import core_crypto

from qts.domain.market import Schedule
from simulator.broker.customers import Customer
from simulator.server.application import Application
from simulator.tests.worlds import DEVICE_ID
from simulator.world import World


class SetClock:
    """A schedule that shows what it is set to."""

    speed = 1.0

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def at(self, wall_epoch_s: float) -> datetime:
        return self.moment

    def wall_at(self, moment: datetime) -> float:
        return moment.timestamp()


class WireClient:
    """One customer: use as an async context manager."""

    def __init__(self, world: World, clock: SetClock, customer: Customer) -> None:
        self.world = world
        self._application = Application(world, cast("Schedule", clock), has_controls=True)
        self._server = TestServer(self._application.build())
        self._customer = customer
        self._key = core_crypto.getRSAKey(customer.private_key)
        self._request_ids = itertools.count(1)
        self._token = ""
        self.clock = clock

    async def __aenter__(self) -> "WireClient":
        await self._server.start_server()
        self._session = aiohttp.ClientSession()
        login = {
            "consumerID": self._customer.consumer_id,
            "consumerSecret": self._customer.consumer_secret,
            "twoFactorType": 0,
            "code": self._customer.pin,
            "isSave": True,
        }
        answered = await self.post("api/v2/Trading/AccessToken", login)
        self._token = answered["data"]["accessToken"]
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()
        await self._server.close()

    async def post(self, path: str, body: Any) -> Any:
        """Signed; `body` may be text that is no JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {"X-Signature": core_crypto.sign(text, self._key), "Content-Type": "application/json"}
        return await self._answer("POST", path, headers, data=text.encode())

    async def get(self, path: str, **parameters: Any) -> Any:
        return await self._answer("GET", path, {}, params=parameters)

    async def order(self, account: str, **fields: Any) -> Any:
        """The row of the audited order book of a new order, once the exchange has seen it; or the gateway's text."""
        request_id = str(next(self._request_ids))
        body = {
            "account": account,
            "requestID": request_id,
            "market": "VN",
            "buySell": "B",
            "orderType": "LO",
            "price": 0,
            "channelID": "TA",
            "deviceId": DEVICE_ID,
        } | fields
        name = "derNewOrder" if body["market"] == "VNFE" else "NewOrder"
        answered = await self.post(f"api/v2/Trading/{name}", body)
        if answered["status"] != 200:
            return answered["message"]
        self._application.pacemaker.beat()
        book = await self.get("api/v2/Trading/auditOrderBook", account=account)
        return next(row for row in book["data"]["orders"] if row["uniqueID"] == request_id)

    async def _answer(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Any:
        if self._token:
            headers |= {"Authorization": f"Bearer {self._token}"}
        async with self._session.request(method, self._server.make_url("/" + path), headers=headers, **more) as got:
            return json.loads(await got.text())
