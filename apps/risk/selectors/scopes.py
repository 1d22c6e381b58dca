"""The names of what can be stopped: "firm", or a kind and what it names."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from qts.domain.values import Exchange

FIRM = "firm"
_SYMBOL = re.compile(r"[A-Z0-9]{1,20}")
_USER = re.compile(r"[1-9][0-9]{0,18}")


def account_scope(account_id: UUID) -> str:
    return f"account:{account_id}"


def strategy_scope(strategy_id: str) -> str:
    return f"strategy:{strategy_id}"


def is_scope(text: str) -> bool:
    """Whether it is written as a scope; whether such an account or symbol exists is not asked.

    Each is written in one way only, the one in which orders are compared with it: what is stopped under another
    spelling is not stopped.
    """
    kind, _, name = text.partition(":")
    return text == FIRM or (kind in NAMED_KINDS and NAMED_KINDS[kind](name))


def scopes_of(
    account_id: UUID, strategy_id: str = "", *, symbol: str = "", exchange: str = "", user_id: str = ""
) -> list[str]:
    """Every scope that covers an order of this account, strategy, security and person."""
    named = {"strategy": strategy_id, "symbol": symbol, "exchange": exchange, "user": user_id}
    return [FIRM, account_scope(account_id), *(f"{kind}:{name}" for kind, name in named.items() if name)]


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


NAMED_KINDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "account": _is_uuid,
    "strategy": _is_uuid,
    "symbol": lambda name: _SYMBOL.fullmatch(name) is not None,
    "exchange": lambda name: name in set(Exchange),
    "user": lambda name: _USER.fullmatch(name) is not None,
}
