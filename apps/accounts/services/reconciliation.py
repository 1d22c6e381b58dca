"""Our books against the broker's, to the dong and the share."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import structlog

from apps.accounts import selectors
from apps.accounts.models import BrokerageAccount, Reconciliation
from apps.accounts.selectors import AccountState, AccountView, ContractState, Difference
from apps.accounts.services.broker import BrokerBooks, open_client
from qts.adapters.ssi.trading import BrokerCash, BrokerContracts, BrokerDeposit, BrokerMargin, BrokerPosition
from qts.domain.errors import TerminalError, TransientError
from qts.domain.portfolio import Compared, Item, average_as_written_vnd, likely_causes

log = structlog.get_logger(__name__)

Kind = BrokerageAccount.Kind


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
    """As `reconcile_with_broker`, for who compares often: nothing is recorded. The tolerance is zero."""
    if account.kind == Kind.DERIVATIVES:
        deposit, contracts = broker.deposit(account.number), broker.contracts(account.number)
        pairs: list[Compared] = list(_contract_pairs(selectors.account_state(account.id, now), deposit, contracts))
    else:
        held, cash = broker.stock_positions(account.number), broker.cash_balance(account.number)
        margin = broker.margin_account(account.number) if account.kind == Kind.MARGIN else None
        ours = selectors.account_state(account.id, now)
        pairs = [*_cash_pairs(ours, cash), *_share_pairs(ours, held), *(_margin_pairs(ours, margin) if margin else ())]
    found = [pair for pair in pairs if pair.gap]
    causes = likely_causes(found)
    return [Difference(pair.what, pair.ours, pair.theirs, causes[pair]) for pair in found]


def record_comparison(account_id: UUID, differences: Sequence[Difference], now: datetime) -> None:
    Reconciliation.objects.create(
        account_id=account_id, compared_at=now, differences=[asdict(item) for item in differences]
    )
    if differences:
        log.warning(
            "accounts.books_differ", account_id=str(account_id), differences=[str(item) for item in differences]
        )


def _cash_pairs(ours: AccountState, cash: BrokerCash) -> list[Compared]:
    """The broker takes the cost of a purchase out of the cash at the match; we owe it until it settles. `debt` is the
    loan with its interest. What may be spent is not compared: an order is held for here before the broker has it."""
    coming_vnd = cash.receiving_t1_vnd + cash.receiving_t2_vnd
    return [
        Compared(Item.CASH, "", ours.at_broker_vnd, cash.balance_vnd),
        Compared(Item.COMING, "", ours.cash_pending_vnd, coming_vnd),
        Compared(Item.ADVANCED, "", ours.advanced_vnd, cash.advanced_vnd),
        Compared(Item.DEBT, "", ours.loan_vnd + ours.interest_due_vnd, cash.debt_vnd),
    ]


def _share_pairs(ours: AccountState, held: Sequence[BrokerPosition]) -> Iterator[Compared]:
    """New shares that are not listed yet stand beside the others at the broker."""
    theirs = {position.symbol: position for position in held}
    for symbol in sorted({*theirs, *ours.positions}):
        mine, other = ours.position(symbol), theirs.get(symbol)
        on_hand, coming, sellable = (other.on_hand, other.coming, other.sellable) if other else (0, 0, 0)
        yield Compared(Item.QUANTITY, symbol, mine.quantity - mine.unlisted_quantity, on_hand)
        yield Compared(Item.UNLISTED, symbol, mine.unlisted_quantity, coming)
        yield Compared(Item.SELLABLE, symbol, mine.sellable_quantity, sellable)


def _margin_pairs(ours: AccountState, margin: BrokerMargin) -> list[Compared]:
    """Of what is valued at prices, only what both value alike: where the market values differ, or an order works that
    one of the two may not know yet, nothing follows."""
    pairs = [
        Compared(Item.LOAN, "", ours.loan_vnd, margin.debt_vnd),
        Compared(Item.INTEREST, "", ours.interest_due_vnd, margin.interest_vnd),
        Compared(Item.ADVANCED, "", ours.advanced_vnd, margin.advanced_vnd),
    ]
    if ours.open_order_count:
        return pairs
    try:
        books = selectors.margin_books(ours)
    except (LookupError, TransientError) as error:
        log.info("accounts.margin_not_valued", account_id=str(ours.account_id), reason=str(error))
        return pairs
    if books.value_vnd == margin.market_value_vnd:
        pairs.append(Compared(Item.EXCESS, "", books.excess_vnd, margin.excess_vnd))
    return pairs


def _contract_pairs(
    ours: AccountState, deposit: BrokerDeposit, contracts: Sequence[BrokerContracts]
) -> Iterator[Compared]:
    yield Compared(Item.CASH, "", ours.at_broker_vnd, deposit.cash_vnd)
    yield Compared(Item.VARIATION, "", ours.variation_due_vnd, deposit.gains_vnd - deposit.floating_vnd)
    theirs = {row.symbol: row for row in contracts}
    for symbol in sorted({*theirs, *ours.contracts}):
        mine, other = ours.contracts.get(symbol, ContractState(symbol)).holding, theirs.get(symbol)
        yield Compared(Item.CONTRACTS, symbol, mine.net, other.net if other else 0)
        if other is not None and mine.net == other.net and mine.net:
            told_vnd = other.carried_price_vnd
            yield Compared(Item.CARRIED, symbol, average_as_written_vnd(mine.cost_vnd, mine.net, told_vnd), told_vnd)
