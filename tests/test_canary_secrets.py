"""Secrets that must not get about: after orders, refusals and failed log-ins nobody but their owners has them."""

import base64
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from django.conf import settings
from django.db import connection

from apps.configuration import selectors as configuration
from qts.adapters.redis_client import redis_client
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.broker_codes import Codes, wrong
from tests.journeys import Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
CHUNK_BYTES = 1 << 20


def test_no_secret_is_found_where_it_does_not_belong(journey: Journey, caplog):
    caplog.set_level(logging.DEBUG)
    customers = journey.market.ask("sim/credentials")["customers"]
    customer = next(one for one in customers if journey.number in one["accounts"])
    canaries = {
        "private key": customer["private_key"][200:260].encode(),  # not the head that every such key has
        "consumer secret": customer["consumer_secret"].encode(),
        "PIN": customer["pin"].encode(),
    }
    worker = journey.market.start_worker("gateway", "stream")
    _trade_and_fail(journey)
    canaries |= _trade_with_codes(journey)
    processes = list(_family(worker.pid))
    signers = [pid for pid in processes if b"signer_process" in _read(pid, "cmdline")]
    assert signers, "nobody signs"
    found = {
        where: [name for name, canary in canaries.items() if _holds(told, canary, name)]
        for where, told in {
            "log": worker.log_bytes(),
            "log of who entered the codes": caplog.text.encode(),
            "database": b"\n".join(_rows()),
            "Valkey": b"\n".join(_values()),
            **{f"environment of {pid}": _read(pid, "environ") for pid in processes},
            **{f"arguments of {pid}": _read(pid, "cmdline") for pid in processes},
        }.items()
    }
    assert {where: names for where, names in found.items() if names} == {}
    prime = _prime_of(customer["private_key"])
    assert any(_in_memory(pid, prime) for pid in signers), "the search finds nothing: it proves nothing"
    for canary in (prime, canaries["private key"]):
        assert [pid for pid in processes if pid not in signers and _in_memory(pid, canary)] == []


def _trade_and_fail(journey: Journey) -> None:
    floor, ceiling = journey.band()
    journey.wait_status(journey.submit(Side.BUY, 100, ceiling), Status.FILLED)
    for fault in ("wrong_second_factor", "key_expired"):
        journey.market.ask("sim/faults", {fault: True})
        journey.market.ask("sim/expire-tokens", {"service": "trading"})
        order_id = journey.submit(Side.BUY, 100, floor)
        wait_for(lambda: journey.connection("circuit") == "OPEN", 60, "the log-in is not refused")
        journey.market.ask("sim/faults", {})
        journey.wait_status(order_id, Status.OPEN)
    journey.market.ask("sim/faults", {"lost_answers": 1})
    journey.wait_status(journey.submit(Side.BUY, 100, floor), Status.OPEN)
    time.sleep(0.5)


def _trade_with_codes(journey: Journey) -> dict[str, bytes]:
    """A wrong code and the right one, entered in this process; the token that it opened is kept, sealed."""
    floor, _ = journey.band()
    codes = Codes(journey)
    codes.use(SecondFactor.OTP)
    order_id = journey.submit(Side.BUY, 100, floor)
    wait_for(lambda: journey.connection("gateway_trouble") == CODE_WANTED, 60, "no code is wanted")
    code = codes.request()
    assert codes.enter(wrong(code)).problem is not None
    assert codes.enter(code).problem is None
    journey.wait_status(order_id, Status.OPEN)
    kept = configuration.kept_token(journey.connection_id)
    assert kept is not None
    return {"code": code.encode(), "wrong code": wrong(code).encode(), "token for orders": kept.text.encode()}


def _holds(told: bytes, canary: bytes, name: str) -> bool:
    """Six digits of a PIN or a code may stand in any number: they count where they stand alone."""
    if name not in {"PIN", "code", "wrong code"}:
        return canary in told
    return re.search(rb"(?<![0-9A-Za-z.-])" + canary + rb"(?![0-9A-Za-z])", told) is not None


def _rows() -> Iterator[bytes]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 (names from the catalogue)
            yield from (row[0].encode() for row in cursor.fetchall())


def _values() -> Iterator[bytes]:
    client = redis_client(settings.REDIS_URL)
    for key in client.scan_iter("*", count=1_000):
        yield key
        yield cast(bytes, client.dump(key) or b"")
        if client.type(key) == b"stream":
            yield repr(client.xrange(key)).encode()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _read(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


def _prime_of(private_key: str) -> bytes:
    """A part of the key as OpenSSL keeps it: the words of a number, the least first."""
    xml = base64.b64decode(private_key).decode()
    prime = base64.b64decode(xml.partition("<P>")[2].partition("</P>")[0])
    return prime[::-1][:32]


def _in_memory(pid: int, canary: bytes) -> bool:
    """In any page that can be written to."""
    maps = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        return any(_in_pages(memory.fileno(), one[0], canary) for one in maps if one[1].startswith("rw"))


def _in_pages(memory: int, pages: str, canary: bytes) -> bool:
    at, end = (int(text, 16) for text in pages.split("-"))
    tail = b""
    while at < end:
        try:
            chunk = os.pread(memory, min(CHUNK_BYTES, end - at), at)
        except OSError:  # a guard page
            return False
        if not chunk:
            return False
        if canary in tail + chunk:
            return True
        tail, at = chunk[-len(canary) :], at + len(chunk)
    return False
