"""Accounts for `benchmarks.order_rate`: `python -m benchmarks.order_accounts NUMBER [PAST_ORDERS]`, in a live system.

Each has money and a broker connection of its own that no gateway serves. `PAST_ORDERS` filled orders of today stand in
the first one's books already. It prints their ids as JSON.
"""

import json
import sys
from typing import Any
from uuid import UUID, uuid4

import django

CASH_VND = 10**15
_PAST = """
    INSERT INTO orders_order (id, account_id, connection_id, client_order_id, body_hash, trading_day, request_id,
        broker_order_id, symbol, exchange, side, order_type, quantity, price_vnd, status, filled_quantity,
        filled_value_vnd, reported_filled_quantity, reported_notify_id, is_final_at_broker, reason, breaches,
        cancel_wanted, strategy_id, actor_kind, actor_id, first_event_id, last_event_id, submitted_at, updated_at,
        recorded_at)
    SELECT gen_random_uuid(), %(account)s, %(connection)s, 'past-' || number, '', %(day)s, '',
        'past-' || number, 'SSI', 'HOSE', 'BUY', 'LO', 100, 25000, 'FILLED', 100,
        2500000, 100, 0, true, '', '[]', false, '', 'system', 'benchmark', 0, 0, now(), now(),
        now() - interval '1 hour'
    FROM generate_series(1, %(count)s) AS number
"""


def main(number: int, past_orders: int) -> None:
    django.setup()
    from django.db import connection

    from apps.accounts import services as ledger
    from apps.marketdata.selectors import market_now, market_today

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, body text)")
    made: list[UUID] = []
    for _ in range(number):
        account_id = ledger.open_account(number=f"9{uuid4().int % 10**9:09}", name="Benchmark", connection_id=uuid4())
        ledger.adopt_balances(account_id=account_id, cash_vnd=CASH_VND, positions=[], now=market_now())
        made.append(account_id)
    if past_orders:
        asked: dict[str, Any] = {"account": made[0], "connection": uuid4(), "day": market_today(), "count": past_orders}
        with connection.cursor() as cursor:
            cursor.execute(_PAST, asked)
            cursor.execute("ANALYZE orders_order")
    print(json.dumps([str(account_id) for account_id in made]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
