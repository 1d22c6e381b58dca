"""What a right that comes off a share does to a holding. Shares are rounded down, as depositories do.

Tax (Circular 111/2013, 92/2015): 5 % of a cash dividend is withheld when it is paid; shares received as a dividend are
taxed at 5 % of their par value, or of the price when that is lower, when shares of the kind are next sold.
"""

from dataclasses import dataclass
from enum import StrEnum

from qts.domain.portfolio.fees import floor_share

PAR_VND = 10_000
DIVIDEND_TAX_PERCENT = 5
PERCENT = 100


class ActionKind(StrEnum):
    CASH_DIVIDEND = "CASH_DIVIDEND"
    STOCK_DIVIDEND = "STOCK_DIVIDEND"
    BONUS = "BONUS"
    SPLIT = "SPLIT"
    RIGHTS = "RIGHTS"


@dataclass(frozen=True, slots=True)
class ActionTerms:
    """`new_shares` for each `old_shares` held; for a split, `new_shares` in the place of `old_shares`."""

    kind: ActionKind
    cash_per_share_vnd: int = 0
    new_shares: int = 0
    old_shares: int = 1
    subscription_price_vnd: int = 0

    @property
    def problem(self) -> str:
        """Why these terms make no sense; empty when they do."""
        is_cash = self.kind is ActionKind.CASH_DIVIDEND
        if is_cash and self.cash_per_share_vnd <= 0:
            return "a cash dividend pays more than 0 VND a share"
        if not is_cash and (self.new_shares <= 0 or self.old_shares <= 0):
            return "a ratio has two numbers above zero: new shares and old shares"
        if self.kind is ActionKind.SPLIT and self.new_shares == self.old_shares:
            return "a split changes the number of shares"
        if (self.subscription_price_vnd > 0) is not (self.kind is ActionKind.RIGHTS):
            return "rights, and only they, have a subscription price"
        if not is_cash and self.cash_per_share_vnd:
            return "only a cash dividend pays cash"
        return ""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the holder of some shares gets. `shares` is negative where a split leaves fewer of them."""

    cash_vnd: int = 0
    tax_vnd: int = 0
    shares: int = 0
    rights: int = 0

    @property
    def net_cash_vnd(self) -> int:
        return self.cash_vnd - self.tax_vnd


def entitlement(terms: ActionTerms, quantity: int) -> Entitlement:
    """Of `quantity` shares held as the ex-date began. Raises ValueError for terms that make no sense."""
    if terms.problem or quantity < 0:
        raise ValueError(terms.problem or f"nobody holds {quantity} shares")
    match terms.kind:
        case ActionKind.CASH_DIVIDEND:
            cash = quantity * terms.cash_per_share_vnd
            return Entitlement(cash_vnd=cash, tax_vnd=floor_share(cash, DIVIDEND_TAX_PERCENT, PERCENT))
        case ActionKind.SPLIT:
            return Entitlement(shares=quantity * terms.new_shares // terms.old_shares - quantity)
        case ActionKind.RIGHTS:
            return Entitlement(rights=quantity * terms.new_shares // terms.old_shares)
        case ActionKind.STOCK_DIVIDEND | ActionKind.BONUS:
            return Entitlement(shares=quantity * terms.new_shares // terms.old_shares)


def bonus_sale_tax_vnd(*, sold_quantity: int, untaxed_quantity: int, price_vnd: int) -> int:
    """Tax on shares that were a dividend, which count as sold first; rounded down."""
    taxed = min(sold_quantity, untaxed_quantity)
    return floor_share(taxed * min(PAR_VND, price_vnd), DIVIDEND_TAX_PERCENT, PERCENT)
