"""What a benchmark needs inside of a running system: `python -m benchmarks.arrangement`, with the system's environment.

Limits that do not end the measurement early, a session of the demo's trader, and a strategy. It prints JSON.
"""

import json
import secrets
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from qts.domain.errors import RuleCode

ACCOUNT = "0901351"
TRADER = "trader"
STRATEGY = "Benchmark"
OFFICERS = ("risk", "risk2")
EVERY_MATCHES = 20


def main() -> None:
    django.setup()
    from django.contrib.auth import get_user_model

    from apps.accounts import selectors as accounts
    from apps.marketdata import selectors as marketdata
    from apps.sso.tests.sessions import verified_client
    from apps.strategies.services import create_strategy
    from qts.domain.errors import RuleCode

    account_id = accounts.account_id_of(ACCOUNT)
    assert account_id is not None, "the demo's account is missing"
    lift_limit(RuleCode.OPEN_ORDERS_EXCEED_MAX)
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


def lift_limit(code: "RuleCode") -> None:
    """Two officers switch a limit of the firm off."""
    from django.contrib.auth import get_user_model

    from apps.marketdata.selectors import market_now
    from apps.risk.selectors import limit_history, proposal
    from apps.risk.services import LimitChange, approve, propose_limits
    from qts.domain.values import Actor, ActorKind

    asks, agrees = (Actor(ActorKind.USER, str(get_user_model().objects.get(username=name).pk)) for name in OFFICERS)
    current = limit_history(code, "firm")[0]
    change = LimitChange(code=code, limit=current.limit, is_active=False, seen_version=current.version)
    made = propose_limits([change], reason="benchmark", actor=asks, now=market_now())
    shown = proposal(made)
    assert shown is not None
    approve(made, seen_hash=shown.content_hash, reason="benchmark", actor=agrees, now=market_now())


if __name__ == "__main__":
    main()
