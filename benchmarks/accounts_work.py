"""`python -m benchmarks.accounts_work [quick]`: what the books cost, on servers that begin empty. It prints JSON."""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import django

if TYPE_CHECKING:
    from apps.accounts.services import FillToBook

CASH_VND = 10**15
RUNS = 5
ACCOUNTS = 10
SYMBOLS = [f"S{number:02}" for number in range(50)]
BATCHES = (1, 20, 200)
HELD = 1_000
PRICES_PER_S = 5_000
FRAME_S = 0.25
WATCHED = 100
# Purchases that have settled, as years leave them behind: four entries for each.
_HISTORY = """
    INSERT INTO accounts_ledgerentry (account_id, posting_id, kind, ledger, symbol, quantity, amount_vnd, reference,
                                      trading_day, occurred_at, due_at)
    SELECT %(account)s, md5(n::text || k.kind)::uuid, k.kind, k.ledger, k.symbol, k.quantity, k.amount, 'old-' || n,
           date '2020-01-02' + (n / 500)::int,
           timestamptz '2020-01-02 10:00+07' + make_interval(days => (n / 500)::int),
           CASE WHEN k.kind = 'PURCHASE'
                THEN timestamptz '2020-01-04 13:00+07' + make_interval(days => (n / 500)::int) END
    FROM generate_series(1, %(count)s::int) AS n CROSS JOIN LATERAL (VALUES
        ('PURCHASE', 'SECURITIES', 'S' || lpad((n %% 50)::text, 2, '0'), 100::bigint, 1001500::bigint),
        ('PURCHASE', 'PAYABLE', '', 0, -1001500), ('SETTLEMENT', 'PAYABLE', '', 0, 1001500),
        ('SETTLEMENT', 'CASH', '', 0, -1001500)) AS k (kind, ledger, symbol, quantity, amount)
"""


def main(*, quick: bool) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    now = _morning()
    accounts = [_account(number, now) for number in range(ACCOUNTS)]
    fills = 400 if quick else 2_000
    told: dict[str, Any] = {"floor": [], "booking": {size: [] for size in BATCHES}, "stream": []}
    for _run in range(RUNS):
        told["floor"].append({"rows_per_s": _bare(5 * fills)})
        for size in BATCHES:
            told["booking"][size].append(_book(accounts, fills if size > 1 else fills // 10, size, now))
        told["stream"].append(_stream(fills // 4))
    assert not [one for account in accounts for one in _differences(account, now)], "the books are broken"
    told |= _rebuild(100_000 if quick else 1_000_000, now)
    told |= _live()
    told["sockets_s"] = [_sockets() for _run in range(RUNS)]
    told["pages_ms"] = _pages(now, 10 if quick else 50)
    print(json.dumps(told))


def _morning() -> datetime:
    from apps.marketdata.selectors import market_now

    return market_now()


def _account(number: int, now: datetime) -> UUID:
    from apps.accounts import services

    found = services.open_account(number=f"09{number:04}1", name="Benchmark", connection_id=uuid4())
    services.adopt_balances(account_id=found, cash_vnd=CASH_VND, positions=[], now=now)
    return found


def _bare(rows: int) -> float:
    from django.db import connection, transaction

    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, body text)")
        for _ in range(rows // 100):
            with transaction.atomic():
                cursor.executemany("INSERT INTO bare (body) VALUES (%s)", [["x" * 100]] * 100)
    return rows / (time.perf_counter() - began)


def _book(accounts: list[UUID], count: int, size: int, now: datetime) -> dict[str, float]:
    """Purchases, and sales of half of them."""
    from django.db import transaction

    from apps.accounts import services

    fills = _fills(accounts, count, now)
    began, own = time.perf_counter(), time.process_time()
    for first in range(0, count, size):
        with transaction.atomic():
            refused = services.book_fills(fills[first : first + size])
        assert not refused, refused[0].reason
    seconds = time.perf_counter() - began
    return {"fills_per_s": count / seconds, "own_ms": (time.process_time() - own) * 1_000 / count}


def _fills(accounts: list[UUID], count: int, now: datetime) -> "list[FillToBook]":
    from apps.accounts.services import FillToBook
    from qts.domain.values import Side

    made = []
    for number in range(count):
        pair, is_sale = divmod(number, 2)
        account, symbol = accounts[pair % len(accounts)], SYMBOLS[pair % len(SYMBOLS)]
        side, quantity = (Side.SELL, 100) if is_sale else (Side.BUY, 200)
        made.append(FillToBook(account, uuid4(), uuid4().hex, symbol, side, quantity, 20_000 + number % 500, now))
    return made


def _differences(account_id: UUID, now: datetime) -> list[Any]:
    from apps.accounts import selectors

    return selectors.ledger_differences(account_id, now=now)


def _stream(count: int) -> dict[str, float]:
    """Matches of working orders as the order stream brings them: as many in a transaction as its reader takes together,
    one worker."""
    from benchmarks.accounts_stream import matched_orders, take_in

    waiting = matched_orders(count)
    began, own = time.perf_counter(), time.process_time()
    take_in(waiting)
    seconds = time.perf_counter() - began
    return {"fills_per_s": count / seconds, "own_ms": (time.process_time() - own) * 1_000 / count}


def _rebuild(entries: int, now: datetime) -> dict[str, Any]:
    from django.db import connection

    from apps.accounts import services

    account = _account(99, now)
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"account": account, "count": entries // 4}
        cursor.execute(_HISTORY, asked)
        cursor.execute("ANALYZE accounts_ledgerentry")
    assert services.rebuild_totals(account, now), "the totals were those of the entries before anybody made them"
    took = []
    for _run in range(3):
        began = time.perf_counter()
        assert services.rebuild_totals(account, now) == []
        took.append(time.perf_counter() - began)
    return {"entries": entries, "rebuild_s": took}


def _live() -> dict[str, Any]:
    """Each account holds all of the symbols, so that each price moves a hundred."""
    from qts.domain.portfolio import LiveValues, ValuedBooks

    random = Random(7)
    prices = [(random.choice(SYMBOLS), random.randint(10_000, 90_000)) for _ in range(PRICES_PER_S)]
    books = {number: dict.fromkeys(SYMBOLS, (100 + number, 2000000)) for number in range(WATCHED)}
    live = LiveValues()
    marks = {}
    for symbol in SYMBOLS:
        live.price(symbol, mark_vnd=20_000, reference_vnd=20_000)
        marks[symbol] = 20_000
    for number, held in books.items():
        live.put(number, ValuedBooks(10**9, held, 10**9, dict.fromkeys(SYMBOLS, 100)))

    def step() -> None:
        for symbol, price in prices:
            live.price(symbol, mark_vnd=price, reference_vnd=20_000)

    def add_up() -> None:
        for symbol, price in prices[:100]:
            marks[symbol] = price
            for held in books.values():
                sum(quantity * marks[each] for each, (quantity, _cost) in held.items())

    return {
        "live_per_s": [PRICES_PER_S / _seconds(step) for _run in range(RUNS)],
        "added_up_per_s": [100 / _seconds(add_up) for _run in range(RUNS)],
    }


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _sockets() -> float:
    from benchmarks.accounts_sockets import one_second

    return one_second(SYMBOLS, WATCHED, PRICES_PER_S, FRAME_S)


def _pages(now: datetime, count: int) -> dict[str, dict[str, list[float]]]:
    """The server's time: middleware, views, queries, templates; without the network. Each share has a month of days."""
    from django.apps import apps
    from django.urls import reverse

    from apps.accounts import services
    from apps.accounts.services import OpeningPosition
    from apps.accounts.tests.live_market import LiveMarket
    from apps.sso.selectors import Role
    from apps.sso.services.roles import grant_role_permissions
    from apps.sso.tests.sessions import make_user, verified_client

    symbols = [f"H{number:04}" for number in range(HELD)]
    market = LiveMarket(now, *symbols)
    for symbol in symbols:
        market.quote(symbol, 25_500)
    _closes(symbols, now)
    account = services.open_account(number="0999981", name="Many", connection_id=uuid4())
    held = [OpeningPosition(symbol, 1_000, 24_000_000) for symbol in symbols]
    services.adopt_balances(account_id=account, cash_vnd=CASH_VND, positions=held, now=now)
    grant_role_permissions()
    person = make_user("owner", Role.TRADER)
    role = apps.get_model("accounts", "AccountMembership").Role.VIEW
    services.grant_membership(account_id=account, username="owner", role=role)
    client = verified_client(person)
    found = {}
    for name in ("portfolio", "positions"):
        took = []
        for _ in range(count + 2):
            began, own = time.perf_counter(), time.process_time()
            answer = client.get(reverse(f"portal:{name}"), SERVER_NAME="localhost")
            took.append(((time.perf_counter() - began) * 1_000, (time.process_time() - own) * 1_000))
            assert answer.status_code == 200, answer.status_code
        clock_ms, own_ms = zip(*took[2:], strict=True)
        found[f"{name} page"] = {"by the clock": list(clock_ms), "processor time": list(own_ms)}
    return found


def _closes(symbols: list[str], now: datetime) -> None:
    from django.apps import apps

    bar = apps.get_model("marketdata", "DailyBar")
    bar.objects.bulk_create(
        bar(
            symbol=symbol, trading_day=(now - timedelta(days=day)).date(), open_vnd=25_000, high_vnd=26_000,
            low_vnd=24_000, close_vnd=24_000 + 100 * ((day * 7 + number) % 20), volume=1, value_vnd=25_000,
        )
        for number, symbol in enumerate(symbols)
        for day in range(1, 21)
    )  # fmt: skip


if __name__ == "__main__":
    main(quick="quick" in sys.argv[1:])
