"""The broker's price list and its limits: what may differ from broker to broker and is no rule of an exchange."""

from typing import Annotated

import msgspec

from qts.domain.portfolio import FeeSchedule

DAYS_OF_YEAR = 365

Bps = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Percent = Annotated[int, msgspec.Meta(ge=1, le=99)]
Amount = Annotated[int, msgspec.Meta(ge=0)]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates in hundredths of a percent (bps) or in percent, amounts in VND.

    The defaults are what brokers commonly ask; the rates of the exchange and the state (sale tax, initial margin of
    the clearing house) stand here too, because they change by decree.
    """

    fee_rate_bps: Bps = 15
    sale_tax_rate_bps: Bps = 10

    loan_percent: Percent = (
        50  # of the value of shares bought on margin, at most 50 by the rules of the State Securities Commission
    )
    call_percent: Percent = 40  # equity by market value under which more is called for
    forced_sale_percent: Percent = 30
    credit_limit_vnd: Amount = 10_000_000_000  # lent to one account
    loan_interest_bps_a_year: Bps = 1_300
    advance_fee_bps_a_year: Bps = 1_200  # of what is advanced on proceeds, for each day until they arrive
    advance_fee_vnd_min: Amount = 10_000

    future_margin_percent: Percent = 17
    future_fee_vnd: Amount = 5_000  # a contract and side, the exchange's and the clearing house's fees inside
    future_tax_rate_bps: Bps = 10  # of the margin's share of the value, halved
    position_limit_contracts: Amount = 0  # of the broker's own; 0: the clearing house's for an individual

    holds_early_orders: bool = False  # an order before its session waits (IAV) instead of being refused
    approval_from_vnd: Amount = 0  # from this value on an order waits for approval (WA); 0 = none does
    approval_ms: Amount = 2_000  # of market time

    @property
    def share_fees(self) -> FeeSchedule:
        return FeeSchedule(self.fee_rate_bps, self.sale_tax_rate_bps)

    def loan_interest_vnd(self, debt_vnd: int) -> int:
        """Of one night, rounded down."""
        return debt_vnd * self.loan_interest_bps_a_year // (10_000 * DAYS_OF_YEAR)

    def advance_fee_vnd(self, vnd_days: int) -> int:
        """`vnd_days` is the sum of each advanced amount times the days until it arrives; rounded down."""
        if not vnd_days:
            return 0
        return max(self.advance_fee_vnd_min, vnd_days * self.advance_fee_bps_a_year // (10_000 * DAYS_OF_YEAR))

    def future_tax_vnd(self, value_vnd: int) -> int:
        """Of one side of a trade: 0.1 % of value x margin rate / 2 (income tax on derivatives), rounded down."""
        return value_vnd * self.future_margin_percent * self.future_tax_rate_bps // (2 * 100 * 10_000)

    def future_margin_vnd(self, value_vnd: int) -> int:
        """Initial margin, rounded up: never less than the rate."""
        return -(-value_vnd * self.future_margin_percent // 100)
