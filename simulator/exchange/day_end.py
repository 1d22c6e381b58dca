"""What a day leaves behind for the next: settlement prices of futures, reference prices, rights that come off."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from qts.domain.market import average_reference_vnd, reference_price_after_rights
from qts.domain.market.references import REFERENCE_BASIS, ReferenceBasis
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


def next_reference_vnd(security: Security, next_day: date, actions: Actions) -> int:
    """The reference price of the next trading day, with the rights taken off that no longer come with the share."""
    instrument, totals = security.listing.instrument, security.totals
    match REFERENCE_BASIS[instrument.exchange]:
        case ReferenceBasis.AVERAGE:
            price_vnd = average_reference_vnd(
                instrument.exchange,
                instrument.kind,
                value_vnd=totals.value_vnd,
                quantity=totals.quantity,
                before_vnd=security.reference_vnd,
            )
        case ReferenceBasis.SETTLEMENT:
            price_vnd = security.settlement_vnd or security.last_or_reference_vnd
        case _:
            price_vnd = security.last_or_reference_vnd
    action = actions.get((next_day, security.symbol))
    if action is None:
        return price_vnd
    return reference_price_after_rights(
        instrument.exchange,
        instrument.kind,
        price_vnd,
        cash_dividend_vnd=action.cash_dividend_vnd,
        rights_ratio=Fraction(action.rights_ratio),
        subscription_price_vnd=action.subscription_price_vnd,
        bonus_ratio=Fraction(action.bonus_ratio),
    )
