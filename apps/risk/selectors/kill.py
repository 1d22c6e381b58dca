"""Kill switches. The rows are the truth; nothing is cached, so a process that was away cannot miss one."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from apps.accounts import selectors as accounts
from apps.risk.models import KillSwitch
from apps.risk.selectors.types import KillSwitchView
from qts.domain.risk import KillState

FIRM = "firm"


def account_scope(account_id: UUID) -> str:
    return f"account:{account_id}"


def strategy_scope(strategy_id: str) -> str:
    return f"strategy:{strategy_id}"


def visible_kill_switches(
    user: AbstractBaseUser | AnonymousUser, *, engaged_only: bool = False
) -> list[KillSwitchView]:
    """The firm's, the strategies', and those of accounts that the user may see: a reason tells what an account lost."""
    mine = {account_scope(account.id) for account in accounts.accounts_of(user)}
    return [
        switch
        for switch in kill_switches(engaged_only=engaged_only)
        if not switch.scope.startswith("account:") or switch.scope in mine
    ]


def kill_switches(*, engaged_only: bool = False) -> list[KillSwitchView]:
    """In the order of their scopes; a scope that was never stopped has none."""
    rows = KillSwitch.objects.order_by("scope")
    if engaged_only:
        rows = rows.filter(is_engaged=True)
    return [
        KillSwitchView(row.scope, row.is_engaged, row.allows_reducing, row.reason, row.changed_by, row.changed_at)
        for row in rows
    ]


def kill_states(account_id: UUID, strategy_id: str = "") -> tuple[KillState, ...]:
    """The engaged switches that cover an order of the account and strategy. One query."""
    scopes = [FIRM, account_scope(account_id)]
    if strategy_id:
        scopes.append(strategy_scope(strategy_id))
    rows = KillSwitch.objects.filter(scope__in=scopes, is_engaged=True).order_by("scope")
    return tuple(KillState(scope, reducing) for scope, reducing in rows.values_list("scope", "allows_reducing"))


def is_killed(account_id: UUID, strategy_id: str = "", *, reducing: bool = False) -> bool:
    """Whether an order must not go out now. `reducing`: it only lowers what is held (a sale in a cash account).

    The gate asked when the order was entered; whoever sends it asks again before each send.
    """
    return any(not (reducing and kill.allows_reducing) for kill in kill_states(account_id, strategy_id))
