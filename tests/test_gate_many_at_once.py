"""Sixty-four orders of one account at once, from several processes: exactly as many pass as the limit admits.

`QTS_GATE_ROUNDS=200 pytest tests/test_gate_many_at_once.py` repeats it as often.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.orders.tests.conftest import MORNING, at, market, valkey
from apps.risk import services as risk
from qts.domain.errors import RuleCode
from qts.domain.values import Actor, ActorKind
from tests.market_pipeline import database_url

__all__ = ["market", "valkey"]

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = int(os.environ.get("QTS_GATE_ROUNDS", "3"))
PROCESSES, THREADS = 4, 16  # no more than a process may have connections
ORDERS = PROCESSES * THREADS
ORDER_VND, CASH_NEEDED_VND = 2_500_000, 2_503_750
OFFICER = Actor(ActorKind.USER, "7")


@pytest.fixture
def workers(transactional_db, market, settings, tmp_path):
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "MARKET_CLOCK": settings.MARKET_CLOCK,
        "QTS_DATA_DIR": str(tmp_path),
        "QTS_SECRET_KEY_FILE": str(settings.QTS_SECRET_KEY_FILE),
    }
    command = [sys.executable, "-m", "tests.gate_worker", str(THREADS)]
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    try:
        assert [_line(worker) for worker in started] == ["ready"] * PROCESSES
        yield started
    finally:
        for worker in started:
            worker.communicate(timeout=30)  # the end of its input is its end
    assert [worker.returncode for worker in started] == [0] * PROCESSES


def _line(worker: Any) -> str:
    return worker.stdout.readline().strip()


# the code that refuses, and the limit that admits k orders; without one it is the cash
CASES = [
    (RuleCode.OPEN_ORDERS_EXCEED_MAX, lambda k: k),
    (RuleCode.OPEN_VALUE_EXCEEDS_MAX, lambda k: k * ORDER_VND),
    (RuleCode.POSITION_EXCEEDS_MAX, lambda k: k * 100 + 99),
    (RuleCode.DAY_VALUE_EXCEEDS_MAX, lambda k: (k + 1) * ORDER_VND - 1),
    (RuleCode.BUYING_POWER_EXCEEDED, None),
]


def _account(number: int, code: RuleCode, limit_for: Any, k: int) -> UUID:
    account_id = ledger.open_account(number=f"09{number:05d}", name="Test", connection_id=uuid4())
    cash = (k if limit_for is None else ORDERS) * CASH_NEEDED_VND
    ledger.adopt_balances(account_id=account_id, cash_vnd=cash, positions=[], now=at("08:00:00"))
    if limit_for is not None:
        risk.change_limit(
            code=code, limit=limit_for(k), scope="account", scope_id=str(account_id), reason="test", actor=OFFICER,
            now=MORNING,
        )  # fmt: skip
    return account_id


@pytest.mark.timeout(3_600)
def test_exactly_as_many_pass_as_the_limit_admits_every_time(workers):
    for number in range(ROUNDS):
        code, limit_for = CASES[number % len(CASES)]
        k = (1, 7, 20, 63)[number % 4]
        account_id = _account(number, code, limit_for, k)
        for worker in workers:
            worker.stdin.write(f"{account_id}\n")
            worker.stdin.flush()
        told = [codes for worker in workers for codes in json.loads(_line(worker))]
        assert sorted(told) == [[]] * k + [[str(code)]] * (ORDERS - k), (number, code, k)
        state = accounts.account_state(account_id, MORNING)
        assert (state.open_order_count, state.reserved_orders_vnd) == (k, k * CASH_NEEDED_VND)
        assert accounts.ledger_differences(account_id) == []
