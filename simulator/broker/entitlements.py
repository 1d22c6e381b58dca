"""What shareholders get when a right comes off their shares: cash, new shares, or the right to subscribe for some.

Whoever holds as the ex-date begins is entitled, also by shares that have been bought and not arrived, and by new ones
that are not listed yet. Fractions of a share lapse. Tax: 5 % of a cash dividend is withheld when it is paid; shares
by a bonus are taxed when they are sold, 5 % of par or of the price when that is lower (Circulars 111/2013, 92/2015).
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final, NamedTuple

from qts.domain.market import VIETNAM, TradingCalendar
from qts.domain.portfolio import Holding
from simulator.broker.accounts import Account, Dividend, NewShares, SubscriptionRight
from simulator.exchange.corporate_actions import CorporateAction

PAR_VND: Final = 10_000
_PAID_FROM: Final = time(9, 0)
_LISTED_AFTER_DAYS: Final = 2  # trading days from the last day to subscribe

Actions = Mapping[tuple[date, str], CorporateAction]


def bonus_tax_vnd(quantity: int, price_vnd: int) -> int:
    """5 %, rounded down."""
    return quantity * min(PAR_VND, price_vnd) // 20


def take_off(account: Account, actions: Actions, calendar: TradingCalendar, *, since: date, until: date) -> None:
    """Entitle the account by all that comes off its shares after `since`, up to the day that begins."""
    for ex_date, symbol in sorted(actions):
        held = account.holdings.get(symbol, Holding()).quantity + account.coming_shares(symbol)
        if since < ex_date <= until and held:
            _entitle(account, actions[ex_date, symbol], _Held(symbol, held, ex_date), calendar)
    account.rights = [right for right in account.rights if right.until >= until and right.left]


class _Held(NamedTuple):
    symbol: str
    quantity: int
    ex_date: date


def _entitle(account: Account, action: CorporateAction, held: _Held, calendar: TradingCalendar) -> None:
    symbol, quantity, ex_date = held
    pays_on, name = action.paid_on(ex_date), f"{symbol}{ex_date:%Y%m%d}"
    bonus, entitled = int(quantity * action.bonus_ratio), int(quantity * action.rights_ratio)
    if action.cash_dividend_vnd:
        amount_vnd = quantity * action.cash_dividend_vnd
        account.dividends.append(
            Dividend(f"{name}C", symbol, quantity, amount_vnd, amount_vnd // 20, ex_date, _from_ms(pays_on))
        )
    if bonus:
        account.new_shares.append(NewShares(f"{name}B", symbol, bonus, 0, ex_date, _from_ms(pays_on)))
    if entitled:
        listed_ms = _from_ms(calendar.add_trading_days(pays_on, _LISTED_AFTER_DAYS))
        price_vnd = action.subscription_price_vnd
        account.rights.append(
            SubscriptionRight(f"{name}R", symbol, quantity, entitled, entitled, price_vnd, ex_date, pays_on, listed_ms)
        )


def _from_ms(day: date) -> int:
    return int(datetime.combine(day, _PAID_FROM, tzinfo=VIETNAM).timestamp() * 1000)
