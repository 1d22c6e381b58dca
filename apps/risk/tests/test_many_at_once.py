"""Orders of one account wait for each other: what the gate saw is still true when the reservation is made."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.accounts import selectors as accounts
from apps.accounts import services as books
from apps.accounts.locks import lock_account
from apps.marketdata.selectors import security
from apps.risk import services
from apps.risk.tests.conftest import MONDAY, TRADER
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import OrderType, Side

THREADS = 12


@pytest.mark.django_db(transaction=True)
def test_of_many_orders_at_once_exactly_as_many_pass_as_the_cash_pays_for(account_id):
    """100,000,000 VND pay for three orders of 30,045,000 (1,200 at 25,000 and the fee), not for a fourth."""
    known = security("SSI")
    assert known is not None
    request = OrderRequest("SSI", Side.BUY, OrderType.LO, 1_200, 25_000, client_order_id="test")
    intent = OrderIntent(request, known.instrument)
    refusals: list[str] = []
    start = threading.Barrier(THREADS)

    def submit() -> None:
        start.wait()
        try:
            with transaction.atomic():
                lock_account(account_id)
                breaches = services.pre_trade_check(account_id=account_id, intent=intent, now=MONDAY, actor=TRADER)
                refusals.extend(str(breach.code) for breach in breaches)
                if not breaches:
                    amount_vnd = accounts.cash_to_reserve_vnd(request, ceiling_vnd=26_750)
                    books.reserve(
                        account_id=account_id, order_id=uuid4(), symbol="SSI", side=Side.BUY, quantity=1_200,
                        amount_vnd=amount_vnd, now=MONDAY,
                    )  # fmt: skip
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = accounts.account_state(account_id, MONDAY)
    assert (state.open_order_count, state.reserved_vnd, state.buying_power_vnd) == (3, 90_135_000, 9_865_000)
    assert refusals == ["BUYING_POWER_EXCEEDED"] * (THREADS - 3)
    assert accounts.ledger_differences(account_id) == []
