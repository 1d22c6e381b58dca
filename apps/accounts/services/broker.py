"""The broker's own books of an account: to take it over, or to compare with ours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from uuid import UUID

import httpx2
from django.conf import settings
from django.utils import timezone

from apps.accounts.models import BrokerageAccount
from apps.accounts.selectors.access import account
from apps.accounts.services.opening import (
    NO_LOAN,
    OpeningCash,
    OpeningContracts,
    OpeningLoan,
    OpeningPosition,
    adopt_balances,
)
from apps.configuration.selectors import kept_token, trading_credentials, wrong_pin_count
from apps.configuration.services import WRONG_PINS_MAX, discard_token, note_right_pin, note_wrong_pin
from apps.marketdata.selectors import rule_history, trading_calendar
from qts.adapters.ssi.http import TIMEOUT
from qts.adapters.ssi.log_in import TradingLogIn, WrongCode
from qts.adapters.ssi.tokens import KeptTokens, TokenKeeper
from qts.adapters.ssi.trading import (
    BrokerCash,
    BrokerContracts,
    BrokerDeposit,
    BrokerMargin,
    BrokerPosition,
    TradingClient,
)
from qts.domain.errors import TerminalError
from qts.domain.market import RuleHistory, TradingCalendar, to_vietnam
from qts.domain.portfolio import settles_at
from qts.domain.values import Actor, ActorKind

BROKER = Actor(ActorKind.SYSTEM, "broker")
PIN_STOPPED: Final = (
    f"the broker has refused the PIN {WRONG_PINS_MAX} times, so it is not shown again before it is entered anew under "
    "Configuration, Broker connections"
)


class BrokerBooks(Protocol):
    """Questions about an account, by its kind; all raise TransientError or TerminalError."""

    def stock_positions(self, account: str) -> Sequence[BrokerPosition]: ...

    def cash_balance(self, account: str) -> BrokerCash: ...

    def margin_account(self, account: str) -> BrokerMargin: ...

    def deposit(self, account: str) -> BrokerDeposit: ...

    def contracts(self, account: str) -> Sequence[BrokerContracts]: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What an account is taken over with."""

    cash_vnd: int
    positions: list[OpeningPosition]
    cash_on_its_way: list[OpeningCash]
    loan: OpeningLoan = NO_LOAN
    contracts: tuple[OpeningContracts, ...] = ()


def open_client(connection_id: UUID, *, timeout: httpx2.Timeout = TIMEOUT) -> TradingClient:
    """Close it after use. Raises TerminalError when the connection is inactive or its credentials cannot be opened."""
    credentials = trading_credentials(connection_id)
    write_tokens = _kept_tokens if credentials.second_factor.needs_person else _tokens_of_pin
    return TradingClient(
        settings.SSI_TRADING_URL, credentials, timeout=timeout, write_tokens=partial(write_tokens, connection_id)
    )


def _tokens_of_pin(connection_id: UUID, log_in: TradingLogIn) -> TokenKeeper:
    """The PIN that is kept here is shown to the broker until it was refused so often, in whichever process: more wrong
    ones would lock the customer's service."""

    def fetch() -> str:
        refused = wrong_pin_count(connection_id)
        if refused >= WRONG_PINS_MAX:
            raise TerminalError(PIN_STOPPED)
        try:
            token = log_in.with_pin()
        except WrongCode as error:
            note_wrong_pin(connection_id, str(error), actor=BROKER, now=timezone.now())
            raise
        if refused:
            note_right_pin(connection_id)
        return token

    return TokenKeeper(fetch)


def _kept_tokens(connection_id: UUID, _: TradingLogIn) -> KeptTokens:
    """What a person's code has opened, whoever asks for it and in whichever process."""
    return KeptTokens(
        lambda: kept_token(connection_id),
        lambda refused: discard_token(connection_id, refused, actor=BROKER, now=timezone.now()),
    )


def take_over(account_id: UUID, *, broker: BrokerBooks, now: datetime) -> bool:
    """Adopt the broker's balances of an account of any kind, once; False when it has entries already.

    Raises TransientError or TerminalError when the broker cannot be asked: an account is not made up.
    """
    found = account(account_id)
    if found is None:
        raise TerminalError(f"there is no account {account_id}")
    if found.kind == BrokerageAccount.Kind.DERIVATIVES:
        opening = _read_contracts(broker, found.number)
    else:
        opening = read_opening(broker, found.number, trading_calendar(), rule_history(), now)
    if found.kind == BrokerageAccount.Kind.MARGIN:
        margin = broker.margin_account(found.number)
        loan = OpeningLoan(margin.debt_vnd, margin.interest_vnd, margin.advanced_vnd)
        opening = replace(opening, loan=loan)
    return adopt_balances(
        account_id=account_id,
        cash_vnd=opening.cash_vnd,
        positions=opening.positions,
        cash_on_its_way=opening.cash_on_its_way,
        loan=opening.loan,
        contracts=opening.contracts,
        now=now,
    )


def _read_contracts(broker: BrokerBooks, account_number: str) -> Opening:
    """Gains of today's closed contracts are not in the broker's cash yet, and not in ours: they come with the mark."""
    held = tuple(
        OpeningContracts(row.symbol, row.net, row.net * row.carried_price_vnd)
        for row in broker.contracts(account_number)
        if row.net
    )
    return Opening(broker.deposit(account_number).cash_vnd, [], [], contracts=held)


def read_opening(
    broker: BrokerBooks, account_number: str, calendar: TradingCalendar, rules: RuleHistory, now: datetime
) -> Opening:
    """The broker's balances as opening balances.

    Its cash is net of purchases already; sales of today come in with T2, those of the day before with T1. The cost is
    its average price times the quantity, the best that is known of purchases made elsewhere.
    """
    cash = broker.cash_balance(account_number)
    today = to_vietnam(now).date()
    yesterday = calendar.previous_trading_day(today)
    before = calendar.previous_trading_day(yesterday)
    coming = [(cash.receiving_t2_vnd, today), (cash.receiving_t1_vnd, yesterday)]
    positions = [
        OpeningPosition(
            symbol=held.symbol,
            quantity=held.on_hand,
            cost_total_vnd=held.on_hand * held.average_price_vnd,
            arriving=tuple(
                (bought, settles_at(rules, day, calendar))
                for bought, day in (
                    (held.bought_today, today),
                    (held.bought_yesterday, yesterday),
                    (held.bought_before, before),
                )
                if bought and settles_at(rules, day, calendar) > now
            ),
        )
        for held in broker.stock_positions(account_number)
        if held.on_hand
    ]
    return Opening(
        cash_vnd=cash.balance_vnd,
        positions=positions,
        cash_on_its_way=[OpeningCash(amount, settles_at(rules, day, calendar)) for amount, day in coming if amount],
        loan=OpeningLoan(advanced_vnd=cash.advanced_vnd),
    )
