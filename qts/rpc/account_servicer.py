"""AccountService over the same selectors as REST: reads the message, asks once, writes the answer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import grpc
import structlog
from django.db import close_old_connections

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from qts.domain.errors import TransientError
from qts.rpc import accounts_pb2 as pb
from qts.rpc import accounts_pb2_grpc
from qts.rpc.sessions import user_of

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")
PAGE_SIZE: Final = 100
PAGE_SIZE_MAX: Final = 1_000
_BALANCES: Final = ("market_value_vnd", "unrealised_pnl_vnd", "equity_vnd", "day_pnl_vnd")
_OF_STATE: Final = (
    "cash_settled_vnd", "cash_pending_vnd", "reserved_vnd", "buying_power_vnd", "realised_today_vnd",
)  # fmt: skip
_POSITION: Final = tuple(field.name for field in pb.Position.DESCRIPTOR.fields)
_CONTRACT: Final = tuple(field.name for field in pb.Contract.DESCRIPTOR.fields)


class AccountQueries(accounts_pb2_grpc.AccountServiceServicer):
    def ListAccounts(  # noqa: N802 (the name in the contract)
        self, request: pb.ListAccountsRequest, context: grpc.ServicerContext
    ) -> pb.ListAccountsResponse:
        return _answered(context, _list_accounts)

    def GetBalances(  # noqa: N802
        self, request: pb.AccountRequest, context: grpc.ServicerContext
    ) -> pb.Balances:
        return _answered(context, lambda user: _balances(_visible(user, request.account_id, context)))

    def ListPositions(  # noqa: N802
        self, request: pb.AccountRequest, context: grpc.ServicerContext
    ) -> pb.ListPositionsResponse:
        return _answered(context, lambda user: _positions(_visible(user, request.account_id, context)))

    def ListLedgerEntries(  # noqa: N802
        self, request: pb.ListLedgerEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListLedgerEntriesResponse:
        return _answered(context, lambda user: _entries(_visible(user, request.account_id, context), request, context))


def _answered(context: grpc.ServicerContext, ask: Callable[[Any], Answer]) -> Answer:
    close_old_connections()
    try:
        user = user_of(dict(context.invocation_metadata()))
        if user is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Log in with your second factor first.")
        return ask(user)
    except TransientError as error:
        log.warning("rpc.unavailable", reason=str(error))
        context.abort(grpc.StatusCode.UNAVAILABLE, "A server behind this one is away; try again.")
        raise
    finally:
        close_old_connections()


def _visible(user: Any, told: str, context: grpc.ServicerContext) -> UUID:
    try:
        account_id = UUID(told)
    except ValueError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"This is no account id: {error}")
        raise
    if not accounts.may_view(user, account_id):
        context.abort(grpc.StatusCode.NOT_FOUND, "There is no such account.")
    return account_id


def _list_accounts(user: Any) -> pb.ListAccountsResponse:
    found = accounts.accounts_of(user)
    return pb.ListAccountsResponse(
        accounts=[
            pb.Account(id=str(one.id), number=one.number, name=one.name, is_active=one.is_active) for one in found
        ]
    )


def _balances(account_id: UUID) -> pb.Balances:
    now = market_now()
    view = accounts.portfolio(account_id, now)
    fields = {name: getattr(view.state, name) for name in _OF_STATE}
    return pb.Balances(ts_market_ms=_ms(now), **fields, **_known(view, _BALANCES))


def _positions(account_id: UUID) -> pb.ListPositionsResponse:
    now = market_now()
    view = accounts.portfolio(account_id, now)
    positions = [pb.Position(**_known(one, _POSITION)) for one in view.positions]
    contracts = [pb.Contract(**_known(one, _CONTRACT)) for one in view.contracts]
    return pb.ListPositionsResponse(positions=positions, contracts=contracts, ts_market_ms=_ms(now))


def _known(row: object, names: Sequence[str]) -> dict[str, Any]:
    """Unknown is not zero: it is not set."""
    return {name: value for name in names if (value := getattr(row, name)) is not None}


def _entries(
    account_id: UUID, request: pb.ListLedgerEntriesRequest, context: grpc.ServicerContext
) -> pb.ListLedgerEntriesResponse:
    size = request.page_size or PAGE_SIZE
    if not 1 <= size <= PAGE_SIZE_MAX or request.after_id < 0:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"A page has 1 to {PAGE_SIZE_MAX} entries after an id.")
    found = accounts.ledger_entries(account_id, after_id=request.after_id, limit=size + 1)
    page = found[:size]
    return pb.ListLedgerEntriesResponse(
        entries=[_entry(one) for one in page], next_after_id=page[-1].id if len(found) > size else 0
    )


def _entry(one: accounts.LedgerEntryView) -> pb.LedgerEntry:
    found = pb.LedgerEntry(
        id=one.id,
        posting_id=str(one.posting_id),
        kind=one.kind,
        ledger=one.ledger,
        symbol=one.symbol,
        quantity=one.quantity,
        amount_vnd=one.amount_vnd,
        reference=one.reference,
        trading_day=one.trading_day.isoformat(),
        occurred_ms=_ms(one.occurred_at),
    )
    if one.due_at is not None:
        found.due_ms = _ms(one.due_at)
    return found


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
