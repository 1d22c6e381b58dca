"""Rights that came off shares, as far as prices are concerned. Told by whoever books them."""

from datetime import date

from apps.marketdata.models import PriceRight
from qts.domain.portfolio import ActionTerms


def keep_right(symbol: str, ex_date: date, terms: ActionTerms) -> None:
    """One of a kind a day; told again, the newest terms count."""
    told = {
        "cash_per_share_vnd": terms.cash_per_share_vnd,
        "new_shares": terms.new_shares,
        "old_shares": terms.old_shares,
        "subscription_price_vnd": terms.subscription_price_vnd,
    }
    PriceRight.objects.update_or_create(symbol=symbol, ex_date=ex_date, kind=terms.kind.value, defaults=told)
