"""The names of what can be stopped: "firm", or a kind and what it names."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model

from apps.accounts.selectors import account
from apps.marketdata.selectors import security
from apps.risk.models import SecuritySector
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


def is_known(kind: str, name: str) -> bool:
    """Whether something of that kind has this name: what is stopped or limited under a mistyped one is not. Of
    strategies only the form of the id is known here; they are above this app."""
    if kind in NAMED_KINDS and not NAMED_KINDS[kind](name):
        return False
    return kind in _KNOWN and _KNOWN[kind](name)


def names_something(scope: str) -> bool:
    """The same of a whole scope, for whoever types one."""
    kind, _, name = scope.partition(":")
    return scope == FIRM or is_known(kind, name)


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

_KNOWN: Final[Mapping[str, Callable[[str], bool]]] = {
    "account": lambda name: account(UUID(name)) is not None,
    "strategy": lambda _name: True,
    "symbol": lambda name: security(name) is not None,
    "exchange": lambda _name: True,
    "user": lambda name: get_user_model().objects.filter(pk=name).exists(),
    "sector": lambda name: SecuritySector.objects.filter(sector=name).exists(),
}
