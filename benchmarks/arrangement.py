"""What a benchmark needs inside of a running system: `python -m benchmarks.arrangement`, with the system's environment.

Limits that do not end the measurement early, a session of the demo's trader, and a strategy. It prints JSON.
"""

import json
import secrets
from typing import Any

import django

ACCOUNT = "0901351"
TRADER = "trader"
STRATEGY = "Benchmark"
OPEN_ORDERS_MAX = 5_000
EVERY_MATCHES = 20


def main() -> None:
    django.setup()
    from django.contrib.auth import get_user_model

    from apps.accounts import selectors as accounts
    from apps.marketdata import selectors as marketdata
    from apps.risk.services import change_limit
    from apps.sso.tests.sessions import verified_client
    from apps.strategies.services import create_strategy
    from qts.domain.errors import RuleCode
    from qts.domain.values import Actor, ActorKind

    account_id = accounts.account_id_of(ACCOUNT)
    assert account_id is not None, "the demo's account is missing"
    change_limit(
        code=RuleCode.OPEN_ORDERS_EXCEED_MAX,
        limit=OPEN_ORDERS_MAX,
        reason="benchmark",
        actor=Actor(ActorKind.SYSTEM, "benchmark"),
        now=marketdata.market_now(),
    )
    strategy_id = create_strategy(
        name=STRATEGY,
        class_key="benchmarks.tick_strategy:EveryNthTick",
        parameters={"every": EVERY_MATCHES},
        account_id=account_id,
        symbols=[security.symbol for security in marketdata.securities()],
    )
    client = verified_client(get_user_model().objects.get(username=TRADER))
    arranged: dict[str, Any] = {
        "account_id": str(account_id),
        "strategy_id": str(strategy_id),
        "session": client.cookies["sessionid"].value,
        "csrf": secrets.token_hex(16),
    }
    print(json.dumps(arranged))


if __name__ == "__main__":
    main()
