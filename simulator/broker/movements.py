"""Cash that moved on an account, and why. The sum of an account's movements is its cash."""

from datetime import date
from enum import StrEnum

import msgspec


class MovementKind(StrEnum):
    """Names of the book-keeping; each says to or from whom the cash went."""

    OPENING = "OPENING"
    PURCHASE = "PURCHASE"  # the value of bought shares, to their seller
    PROCEEDS = "PROCEEDS"  # the value of sold shares, arrived on T+2, before fee and tax
    FEE = "FEE"  # to the broker
    TAX = "TAX"  # to the state
    LOAN = "LOAN"  # lent by the broker for a purchase on margin
    REPAYMENT = "REPAYMENT"
    INTEREST = "INTEREST"  # on the loan, to the broker
    DEPOSIT = "DEPOSIT"  # from the customer's bank
    WITHDRAWAL = "WITHDRAWAL"
    DIVIDEND = "DIVIDEND"  # before tax
    SUBSCRIPTION = "SUBSCRIPTION"  # to the company, for new shares
    ADVANCE = "ADVANCE"  # lent by the broker on proceeds that have not arrived
    ADVANCE_REPAYMENT = "ADVANCE_REPAYMENT"
    VARIATION = "VARIATION"  # daily mark to market of futures, through the clearing house


class CashMovement(msgspec.Struct, frozen=True):
    """`amount_vnd` is positive when the account has more cash by it; `order_id` is "" where no order is behind it."""

    account: str
    day: date
    at_ms: int
    kind: MovementKind
    amount_vnd: int
    order_id: str = ""
