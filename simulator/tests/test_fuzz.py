"""Ten thousand bad requests over every route: each gets an answer in SSI's error shape, and the server trades on."""

import asyncio
import json
import random
import socket
import time

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from ssi_fctrading.core.core_crypto import core_crypto

from simulator.tests.test_process import ACCOUNT, RawClient

REQUESTS = 10_000
CLIENTS = 16
SEED = 20_261_123

QUERIES = {
    **dict.fromkeys(("Securities", "SecuritiesDetails"), ("market", "symbol", "pageIndex", "pageSize")),
    "IndexComponents": ("indexCode", "pageIndex", "pageSize"),
    "IndexList": ("exchange", "pageIndex", "pageSize"),
    "BackTest": ("selectedDate", "symbol"),
    "DailyIndex": ("requestId", "indexId", "fromDate", "toDate", "pageIndex", "pageSize", "orderBy", "order"),
    "DailyStockPrice": ("symbol", "fromDate", "toDate", "pageIndex", "pageSize", "market"),
    "DailyOhlc": ("symbol", "fromDate", "toDate", "pageIndex", "pageSize", "ascending"),
    "IntradayOhlc": ("symbol", "fromDate", "toDate", "pageIndex", "pageSize", "ascending", "resolution"),
}
ACCOUNT_QUERIES = {
    "Trading/": [
        "orderBook",
        "auditOrderBook",
        "orderHistory",
        "cashAcctBal",
        "derivAcctBal",
        "ppmmraccount",
        "stockPosition",
        "derivPosition",
        "maxBuyQty",
        "maxSellQty",
        "rateLimit",
    ],
    "cash/": [
        "cashInAdvanceAmount",
        "unsettleSoldTransaction",
        "transferHistories",
        "cashInAdvanceHistories",
        "estCashInAdvanceFee",
    ],
    "ors/": ["dividend", "exercisableQuantity", "histories"],
    "stock/": ["transferable", "transferHistories"],
}
ACCOUNT_FIELDS = [
    "account",
    "startDate",
    "endDate",
    "fromDate",
    "toDate",
    "settleDate",
    "instrumentID",
    "price",
    "ciaAmount",
    "receiveAmount",
    "querySummary",
]
ORDER = {
    "account": ACCOUNT,
    "requestID": "1",
    "instrumentID": "SSI",
    "market": "VN",
    "marketID": "VN",
    "orderID": "1",
    "buySell": "B",
    "orderType": "LO",
    "price": 33_350,
    "quantity": 100,
    "stopOrder": False,
    "stopPrice": 0.0,
    "stopType": "",
    "channelID": "TA",
    "code": "",
    "deviceId": "8CEC4BD30B96",
    "userAgent": "x",
    "amount": 1_000,
    "type": "D",
    "remark": "x",
    "beneficiaryAccount": "0901356",
    "ciaAmount": 1.0,
    "receiveAmount": 1.0,
    "entitlementID": "1",
    "exchangeID": "HOSE",
}
SIGNED = [
    "Trading/NewOrder",
    "Trading/derNewOrder",
    "Trading/ModifyOrder",
    "Trading/derModifyOrder",
    "Trading/CancelOrder",
    "Trading/derCancelOrder",
    "cash/vsdCashDW",
    "cash/transferInternal",
    "cash/createCashInAdvance",
    "ors/create",
    "stock/transfer",
]
LOGINS = ("Market/AccessToken", "Trading/AccessToken", "Trading/GetOTP")
SIGNALR = ("negotiate", "connect", "start", "ping", "abort", "reconnect", "poll", "")
CONTROLS = [
    "faults",
    "clock",
    "halt",
    "resume",
    "disturb",
    "sockets",
    "malformed",
    "expire-tokens",
    "second-login",
    "quota",
    "restart",
    "nothing",
]
JUNK_VALUES: tuple[object, ...] = (
    None, "", " ", "0", "-1", "1", "99999999999999999999", 10**400, -1, 0, 1.5, -0.0, 1e308, True, False, [], {}, [[]],
    {"a": {"b": []}}, "SSI", "VNFE", "VN30F2612", "HOSE", ACCOUNT, "0901358", "0901356", "15/10/2020", "32/13/2020",
    "23/11/2026", "01/01/0001", "31/12/9999", "NaN", "inf", "-inf", "١٢٣", "Đặt lệnh", "\x00", "\ud800",
    "'; drop table orders--", "../../etc/passwd", "%00", "A" * 3_000, "<script>",
)  # fmt: skip
JUNK_BODIES = (
    b"", b"null", b"[]", b"{", b"\xff\xfe\x00", b'"text"', b"1e999", b"[" * 20_000, b'{"a":' * 5_000, b"{}" * 10,
    b'{"account":"\\ud800"}', "{}".encode("utf-16"), b"\x00" * 100, b"a=b&c=d", b"A" * 100_000,
)  # fmt: skip
KNOWN_STATUSES = {200, 400, 401, 403, 404, 405, 413, 415, 429}


class Fuzzer:
    """Makes requests that are partly right: they come further than pure noise."""

    def __init__(self, client, trading_token, unsaved_token, data_token):
        self.rng = random.Random(SEED)
        self.customer = client.customer
        self.tokens = (trading_token, unsaved_token, data_token, "", "x.y.z", trading_token[:-2] + "zz", "\u00ff")
        pem = core_crypto.getRSAKey(self.customer["private_key"]).export_key()
        self.key = serialization.load_pem_private_key(pem, None)

    def request(self):
        """(method, path, query, headers, body)."""
        kinds = (self.data_query, self.account_query, self.signed, self.login, self.signalr, self.control, self.noise)
        method, path, query, headers, body = self.rng.choices(kinds, (4, 4, 5, 2, 2, 1, 1))[0]()
        if self.rng.random() < 0.1:
            method = self.rng.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"))
        if self.rng.random() < 0.1:
            path = self.rng.choice((path.upper(), "/" + path, path + "/", path + "x", path.replace("/", "//")))
        return method, path, query, headers, body

    def data_query(self):
        name = self.rng.choice(list(QUERIES))
        return "GET", f"api/v2/Market/{name}", self.query(QUERIES[name]), self.headers(), b""

    def account_query(self):
        folder = self.rng.choice(list(ACCOUNT_QUERIES))
        path = f"api/v2/{folder}{self.rng.choice(ACCOUNT_QUERIES[folder])}"
        query = self.query(ACCOUNT_FIELDS)
        if self.rng.random() < 0.6:
            query["account"] = self.rng.choice((ACCOUNT, "0901356", "0901358"))
        return "GET", path, query, self.headers(), b""

    def signed(self):
        path, body = f"api/v2/{self.rng.choice(SIGNED)}", self.body(ORDER)
        headers = self.headers()
        if self.rng.random() < 0.8:
            headers["X-Signature"] = self.key.sign(body, padding.PKCS1v15(), hashes.SHA256()).hex()
            headers["Authorization"] = f"Bearer {self.tokens[0]}"
        else:
            headers["X-Signature"] = self.rng.choice(("", "zz", "00", "0" * 512, "é"))
        return "POST", path, {}, headers, body

    def login(self):
        known = {
            "consumerID": self.customer["consumer_id"],
            "consumerSecret": self.customer["consumer_secret"],
            "twoFactorType": 0,
            "code": "1",
            "isSave": False,
        }
        return "POST", f"api/v2/{self.rng.choice(LOGINS)}", {}, self.headers(), self.body(known)

    def signalr(self):
        hubs = ('[{"name":"FcMarketDataV2Hub"}]', '[{"name":"BroadcastHubV2"}]', '[{"name":1}]', "[", "", "{}", "[[]]")
        query = {"connectionData": self.rng.choice(hubs), "transport": "webSockets", "clientProtocol": "1.5"}
        headers = {**self.headers(), "NotifyID": self.rng.choice(("-1", "0", "x", "9" * 30, "²"))}
        return self.rng.choice(("GET", "POST")), f"v2.0/signalr/{self.rng.choice(SIGNALR)}", query, headers, b""

    def control(self):
        """Junk alone: a right control would change what is tested."""
        body = self.rng.choice(JUNK_BODIES[1:])
        return "POST", f"sim/{self.rng.choice(CONTROLS)}", {}, self.headers(), body

    def noise(self):
        path = "".join(self.rng.choice("abc/.%~ é?#&") for _ in range(self.rng.randrange(60)))
        return self.rng.choice(("GET", "POST")), path, {}, self.headers(), self.rng.choice(JUNK_BODIES)

    # --- parts ----------------------------------------------------------------------------------------------------

    def headers(self):
        weights = (10, 4, 10, 1, 1, 1, 1)
        headers = {"Authorization": f"Bearer {self.rng.choices(self.tokens, weights)[0]}"}
        headers["Content-Type"] = self.rng.choices(
            ("application/json", "application/json; charset=utf-8", "text/plain", "application/xml", "/"),
            (20, 4, 1, 1, 1),
        )[0]
        if self.rng.random() < 0.05:
            del headers["Authorization"]
        return headers

    def query(self, names):
        query = {}
        for name in names:
            if self.rng.random() < 0.5:
                value = self.rng.choice(JUNK_VALUES)
                text = value if isinstance(value, str) else json.dumps(value)
                prefix = self.rng.choice(("", "lookupRequest.", "request."))
                query[prefix + name] = text.encode("utf-8", "replace").decode()[:500]
        return query

    def body(self, right):
        if self.rng.random() < 0.1:
            return self.rng.choice(JUNK_BODIES)
        fields = dict(right)
        fields["requestID"] = str(self.rng.randrange(10**8))
        for name in self.rng.sample(list(fields), self.rng.choice((0, 1, 1, 2, 3))):
            if self.rng.random() < 0.2:
                del fields[name]
            else:
                fields[name] = self.rng.choice(JUNK_VALUES)
        return json.dumps(fields).encode()


def assert_is_an_answer(asked, status, content_type, text):
    """JSON with a message and a status, whatever was asked; success is one, too."""
    assert status in KNOWN_STATUSES, (asked, status, text[:300])
    if asked[0] == "HEAD":
        return
    assert content_type == "application/json", (asked, status, text[:300])
    assert "Traceback" not in text
    answered = json.loads(text)
    if asked[1].lower().strip("/").startswith("v2.0") and status == 200:
        return
    if "healthz" in asked[1]:
        return
    assert isinstance(answered, dict), (asked, text[:300])
    assert isinstance(answered.get("message"), str), (asked, text[:300])
    assert answered.get("status") in {"Success", "Error", "NoDataFound"} | KNOWN_STATUSES, (asked, text[:300])


async def bombard(simulator, requests):
    """Over kept connections; a request the client library itself refuses to send is none."""
    counts = {}
    pending = iter(requests)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:

        async def client():
            for asked in pending:
                method, path, query, headers, body = asked
                try:
                    async with session.request(
                        method, simulator.url + path, params=query, headers=headers, data=body
                    ) as answered:
                        text = await answered.text()
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    assert len(body) > 65_536, asked  # refused while it was still being sent
                    counts["cut"] = counts.get("cut", 0) + 1
                    continue
                assert_is_an_answer(asked, answered.status, answered.content_type, text)
                counts[answered.status] = counts.get(answered.status, 0) + 1

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return counts


def broken_http(port):
    """What no HTTP library would send."""
    for raw in (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/v2/Market/Securities HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /api/v2/Trading/NewOrder HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 20_000 + b"\r\n\r\n",
        b"POST /api/v2/Trading/NewOrder HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.settimeout(0.3)
            connection.sendall(raw)
            try:
                answered = connection.recv(65_536)
            except (TimeoutError, ConnectionError):
                answered = b""
            assert b"Traceback" not in answered
            assert b"<html" not in answered.lower()


async def test_it_stays_up_under_ten_thousand_bad_requests(launch):
    simulator = launch()
    for service in ("data", "trading"):
        simulator.control("quota", {"service": service, "limits": []})
    began = time.monotonic()
    async with RawClient(simulator) as client:
        fuzzer = Fuzzer(
            client, await client.token(), await client.token(save=False, code="1"), await client.data_token()
        )
        counts = await bombard(simulator, (fuzzer.request() for _ in range(REQUESTS)))
        print(f"{REQUESTS} requests in {time.monotonic() - began:.1f} s: {counts}")
        assert sum(counts.values()) == REQUESTS
        assert counts[200] > REQUESTS / 4  # the fuzzer comes further than the door
        await asyncio.to_thread(broken_http, int(simulator.url.split(":")[2].strip("/")))

        simulator.control("faults", {})
        token = await client.token()
        body = client.order_body("99000001", order_type="MTL", price=0)
        _, answered = await client.send_order(token, body)
        assert answered["status"] == 200
        simulator.wait_for_state(lambda state: any(filled_since(state, "99000001")))


def filled_since(state, request_id):
    return (order["status"] == "FF" for order in state["orders"] if order["requestID"] == request_id)
