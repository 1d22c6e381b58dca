"""Our books against the broker's, to the dong and the share."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from uuid import UUID

import structlog

from apps.accounts import selectors
from apps.accounts.models import Reconciliation
from apps.accounts.selectors import AccountState, AccountView, Difference
from apps.accounts.services.broker import BrokerBooks, open_client
from qts.adapters.ssi.trading import BrokerCash, BrokerPosition
from qts.domain.errors import TerminalError

log = structlog.get_logger(__name__)


def reconcile_with_broker(account_id: UUID, *, now: datetime, broker: BrokerBooks | None = None) -> list[Difference]:
    """Ask the broker for shares and cash, compare, record; what differs (`ours` against `theirs`), empty when equal.

    While orders are being filled the two can differ for as long as a fill is on its way. Nothing is corrected here.
    Raises TransientError or TerminalError when the broker cannot be asked.
    """
    account = selectors.account(account_id)
    if account is None:
        raise TerminalError(f"there is no account {account_id}")
    if broker is None:
        with closing(open_client(account.connection_id)) as client:
            return reconcile_with_broker(account_id, now=now, broker=client)
    differences = compare_with_broker(account, broker=broker, now=now)
    record_comparison(account_id, differences, now)
    return differences


def compare_with_broker(account: AccountView, *, broker: BrokerBooks, now: datetime) -> list[Difference]:
    """As `reconcile_with_broker`, for who compares often: nothing is recorded."""
    held, cash = broker.stock_positions(account.number), broker.cash_balance(account.number)
    return _differences(selectors.account_state(account.id, now), held, cash)


def record_comparison(account_id: UUID, differences: Sequence[Difference], now: datetime) -> None:
    Reconciliation.objects.create(
        account_id=account_id,
        compared_at=now,
        differences=[{"what": item.what, "ours": item.ours, "theirs": item.theirs} for item in differences],
    )
    if differences:
        log.warning(
            "accounts.books_differ", account_id=str(account_id), differences=[str(item) for item in differences]
        )


def _differences(ours: AccountState, held: Sequence[BrokerPosition], cash: BrokerCash) -> list[Difference]:
    """The broker takes the cost of a purchase out of the cash at the match; we owe it until it settles."""
    pairs = [
        ("cash", ours.cash_settled_vnd - ours.payable_vnd, cash.balance_vnd),
        ("cash of sales on its way", ours.cash_pending_vnd, cash.receiving_t1_vnd + cash.receiving_t2_vnd),
    ]
    theirs = {position.symbol: position for position in held}
    for symbol in sorted({*theirs, *ours.positions}):
        mine, other = ours.position(symbol), theirs.get(symbol)
        pairs += [
            (f"{symbol} quantity", mine.quantity, other.on_hand if other else 0),
            (f"{symbol} sellable", mine.sellable_quantity, other.sellable if other else 0),
        ]
    return [Difference(what, mine, other) for what, mine, other in pairs if mine != other]
