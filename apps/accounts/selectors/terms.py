"""What the broker's price list says: fees, loans, advances, futures. Whole VND; rates in hundredths of a percent."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from apps.accounts.models import LoanRatio, MarginTerms
from apps.marketdata.selectors import market_now, rules_at
from qts.domain.market import InvestorKind, position_limit
from qts.domain.portfolio import AdvanceTerms, FeeSchedule, FutureTerms, LoanTerms


def fee_schedule() -> FeeSchedule:
    return FeeSchedule(
        fee_rate_bps=settings.BROKER_FEE_RATE_BPS,
        sale_tax_rate_bps=settings.SALE_TAX_RATE_BPS,
    )


def future_terms() -> FutureTerms:
    return FutureTerms(
        initial_margin_percent=settings.FUTURE_INITIAL_MARGIN_PERCENT,
        maintenance_margin_percent=settings.FUTURE_MAINTENANCE_MARGIN_PERCENT,
        fee_vnd=settings.FUTURE_FEE_VND,
        tax_rate_bps=settings.FUTURE_TAX_RATE_BPS,
        contracts_max=position_limit(rules_at(market_now()), InvestorKind.INDIVIDUAL),
    )


def advance_terms() -> AdvanceTerms:
    return AdvanceTerms(settings.ADVANCE_FEE_BPS_A_YEAR, settings.ADVANCE_FEE_VND_MIN)


def loan_terms(account_id: UUID, day: date) -> LoanTerms:
    """As they hold on that day. Nothing is lent to an account without terms."""
    row = MarginTerms.objects.filter(account_id=account_id, valid_from__lte=day).order_by("-valid_from").first()
    if row is None:
        return LoanTerms()
    return LoanTerms(row.credit_limit_vnd, row.interest_bps_a_year, row.call_percent, row.forced_sale_percent)


def loan_percents(account_id: UUID, day: date) -> dict[str, int]:
    """By symbol, as they hold on that day; the account's own rows go before those for all."""
    rows = LoanRatio.objects.filter(Q(account_id=None) | Q(account_id=account_id), valid_from__lte=day)
    ordered = rows.order_by(F("account_id").asc(nulls_first=True), "valid_from")
    return dict(ordered.values_list("symbol", "loan_percent"))
