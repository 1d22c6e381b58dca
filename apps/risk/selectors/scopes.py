"""The names of what can be stopped: "firm", or a kind and what it names."""

import re
from typing import Final
from uuid import UUID

FIRM = "firm"
UUID_KINDS: Final = frozenset({"account", "strategy"})
WORD_KINDS: Final = frozenset({"symbol", "exchange", "user"})
KILL_KINDS: Final = UUID_KINDS | WORD_KINDS
_WORD = re.compile(r"[A-Z0-9]{1,20}")


def account_scope(account_id: UUID) -> str:
    return f"account:{account_id}"


def strategy_scope(strategy_id: str) -> str:
    return f"strategy:{strategy_id}"


def is_scope(text: str) -> bool:
    """Whether it is written as a scope; whether such an account or symbol exists is not asked."""
    kind, _, name = text.partition(":")
    if kind in UUID_KINDS:
        return _is_uuid(name)
    return text == FIRM or (kind in WORD_KINDS and _WORD.fullmatch(name) is not None)


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
