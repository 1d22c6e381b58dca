"""What a day leaves behind for the next: settlement prices of futures, reference prices, rights that come off."""

from collections.abc import Mapping
from datetime import date, timedelta

from qts.domain.market import (
    ReferenceBasis,
    RuleBook,
    average_reference_vnd,
    reference_basis,
    reference_price_after_rights,
)
from qts.domain.values import InstrumentKind
from simulator.exchange.corporate_actions import CorporateAction
from simulator.exchange.security import Security

Actions = Mapping[tuple[date, str], CorporateAction]


def settle(security: Security) -> None:
    """A future's settlement price of the day: its last price, which is the closing auction's where there was one.

    One that has expired has its final price already, from the index.
    """
    if security.listing.instrument.kind is InstrumentKind.FUTURE and not security.settlement_vnd:
        security.settlement_vnd = security.last_or_reference_vnd


def next_reference_vnd(security: Security, day: date | None, next_day: date, actions: Actions, rules: RuleBook) -> int:
    """The reference price of `next_day`, by the `rules` of it, when `day` was the last with prices (None: there was
    none).

    Rights come off that the share had on `day` and has no longer, also those of days in between that nobody began.
    """
    instrument = security.listing.instrument
    price_vnd = _price_of_the_day_vnd(security, rules)
    had_until = day or next_day - timedelta(days=1)
    for ex_date in sorted(ex for ex, symbol in actions if symbol == security.symbol):
        if had_until < ex_date <= next_day:
            action = actions[ex_date, security.symbol]
            price_vnd = reference_price_after_rights(
                rules,
                instrument.exchange,
                instrument.kind,
                price_vnd,
                cash_dividend_vnd=action.cash_dividend_vnd,
                rights_ratio=action.rights_ratio,
                subscription_price_vnd=action.subscription_price_vnd,
                bonus_ratio=action.bonus_ratio,
            )
    return price_vnd


def _price_of_the_day_vnd(security: Security, rules: RuleBook) -> int:
    instrument, totals = security.listing.instrument, security.totals
    match reference_basis(rules, instrument.exchange):
        case ReferenceBasis.AVERAGE:
            return average_reference_vnd(
                rules,
                instrument.exchange,
                instrument.kind,
                value_vnd=totals.value_vnd,
                quantity=totals.quantity,
                before_vnd=security.reference_vnd,
            )
        case ReferenceBasis.SETTLEMENT:
            return security.settlement_vnd or security.last_or_reference_vnd
        case _:
            return security.last_or_reference_vnd
