"""Futures on VN30: the contracts, how long they run, what they cost over the index, margin, caps, and the roll."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import selectors as accounts
from apps.configuration import selectors as configuration
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote
from apps.portal.forms import read_quantity
from apps.portal.views import basket
from apps.portal.views.access import EVERYBODY, TRADERS, asks_for_fragment, page
from apps.portal.views.market import indexes, quotes_of
from apps.sso.selectors import has_role
from qts.domain.market import (
    FutureContract,
    InvestorKind,
    TradingCalendar,
    find_future,
    max_order_quantity,
    position_limit,
    rolling_names,
    to_vietnam,
)
from qts.domain.orders import OrderRequest
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

VND_PER_CENTIPOINT = 1_000
MARGIN_SETTING = "futures.initial_margin_bps"
MARGIN_BPS = 1_700  # the clearing house's; brokers ask for more, and an operator enters what ours asks for
BPS = 10_000
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class ContractRow:
    """`basis_centipoints` is the future less the index; both yields are None where a price is missing."""

    symbol: str
    contract: FutureContract
    rolling: str
    expires_on: date
    days_left: int
    sessions_left: int
    quote: LiveQuote
    basis_centipoints: int | None
    basis_bps_a_year: int | None
    margin_vnd: int

    @property
    def price_vnd(self) -> int:
        return self.quote.last_vnd or self.quote.reference_vnd


@dataclass(frozen=True, slots=True)
class Roll:
    """From one month to the next. Prices are those that meet the other side now; 0 where there is none."""

    near: ContractRow
    far: ContractRow

    @property
    def spread_centipoints(self) -> int:
        return (self.far.price_vnd - self.near.price_vnd) // VND_PER_CENTIPOINT

    @property
    def long_centipoints(self) -> int | None:
        """What a holder pays: the next month's ask less this month's bid."""
        return _difference(_best(self.far.quote.asks), _best(self.near.quote.bids))

    @property
    def short_centipoints(self) -> int | None:
        """What somebody short gets: the next month's bid less this month's ask."""
        return _difference(_best(self.far.quote.bids), _best(self.near.quote.asks))


@dataclass(frozen=True, slots=True)
class _Today:
    day: date
    calendar: TradingCalendar
    index_centipoints: int
    margin_bps: int


@require_GET
@page(*EVERYBODY)
def futures(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone: it is asked for again each second."""
    rows, index_centipoints = contract_rows()
    context: dict[str, Any] = {
        "rows": rows,
        "index_centipoints": index_centipoints,
        "roll": Roll(*rows[:2]) if len(rows) > 1 else None,
        "margin_bps": _margin_bps(),
    }
    if asks_for_fragment(request):
        return render(request, "portal/futures/body.html", context)
    rules = marketdata.rules_at(marketdata.market_now())
    context |= {
        "caps": [(kind, position_limit(rules, kind)) for kind in InvestorKind],
        "order_max": max_order_quantity(rules, Exchange.VNFE, InstrumentKind.FUTURE),
        "accounts": accounts.accounts_to_trade(request.user),
        "may_trade": has_role(request.user, *TRADERS),
    }
    return render(request, "portal/futures/page.html", context)


@require_POST
@page(*TRADERS)
def roll(request: HttpRequest) -> HttpResponse:
    """The two orders of a roll as a basket to look at and confirm: nothing is sent here."""
    rows, _index = contract_rows()
    mine = accounts.accounts_to_trade(request.user)
    account = next((one for one in mine if str(one.id) == request.POST.get("account")), None)
    try:
        quantity = read_quantity(request.POST.get("quantity", ""))
    except ValueError:
        quantity = 0
    if account is None or quantity <= 0 or len(rows) < 2:
        problem = _("Choose an account and type whole contracts.")
        context = {"problem": problem, "rows": rows, "accounts": mine}
        return render(request, "portal/futures/roll.html", context, status=422)
    orders = roll_orders(Roll(*rows[:2]), quantity, is_long=request.POST.get("held") != "short")
    return basket.show_preview(request, account, orders)


def roll_orders(found: Roll, quantity: int, *, is_long: bool) -> list[OrderRequest]:
    """Out of the near month, into the next one, each at the price that meets the other side now, else at the last."""
    leave, enter = (Side.SELL, Side.BUY) if is_long else (Side.BUY, Side.SELL)
    return [
        OrderRequest(row.symbol, side, OrderType.LO, quantity, _meeting_vnd(row, side), "")
        for row, side in ((found.near, leave), (found.far, enter))
    ]


def contract_rows() -> tuple[list[ContractRow], int]:
    """The listed contracts on VN30, the nearest expiry first, and the index in hundredths of a point (0: not known)."""
    today = _Today(
        day=to_vietnam(marketdata.market_now()).date(),
        calendar=marketdata.trading_calendar(),
        index_centipoints=next((one.value_centipoints for one in indexes() if one.index_code == "VN30"), 0),
        margin_bps=_margin_bps(),
    )
    listed = _listed(today)
    quotes = quotes_of(listed)
    rows = [_row(symbol, contract, quotes[symbol], today) for symbol, contract in listed.items()]
    return sorted(rows, key=lambda row: row.expires_on), today.index_centipoints


def _listed(today: _Today) -> dict[str, FutureContract]:
    found: dict[str, FutureContract] = {}
    for security in marketdata.securities():
        if security.kind is not InstrumentKind.FUTURE:
            continue
        try:
            contract = find_future(security.symbol, today.day, today.calendar)
        except ValueError:  # a future on something else
            continue
        if contract.underlying == "VN30" and contract not in found.values():
            found[security.symbol] = contract
    return found


def _row(symbol: str, contract: FutureContract, quote: LiveQuote, today: _Today) -> ContractRow:
    expires_on, index_centipoints = contract.expiry_day(today.calendar), today.index_centipoints
    days_left = (expires_on - today.day).days
    price_vnd = quote.last_vnd or quote.reference_vnd
    basis = price_vnd // VND_PER_CENTIPOINT - index_centipoints if price_vnd and index_centipoints else None
    a_year = None if basis is None or days_left <= 0 else basis * BPS * YEAR_DAYS // (index_centipoints * days_left)
    return ContractRow(
        symbol=symbol,
        contract=contract,
        rolling=_rolling_name(contract, today),
        expires_on=expires_on,
        days_left=days_left,
        sessions_left=_sessions_left(today.day, expires_on, today.calendar),
        quote=quote,
        basis_centipoints=basis,
        basis_bps_a_year=a_year,
        margin_vnd=price_vnd * today.margin_bps // BPS,
    )


def _rolling_name(contract: FutureContract, today: _Today) -> str:
    names = rolling_names(today.day, today.calendar)
    return next((name for name, stands_for in names.items() if stands_for == contract), "")


def _sessions_left(day: date, last: date, calendar: TradingCalendar) -> int:
    """Trading days from `day` to the last one, both counted."""
    count = 1 if calendar.is_trading_day(day, Exchange.VNFE) and day <= last else 0
    while (day := calendar.next_trading_day(day, Exchange.VNFE)) <= last:
        count += 1
    return count


def _margin_bps() -> int:
    value = configuration.get_setting(MARGIN_SETTING, MARGIN_BPS)
    return value if isinstance(value, int) and 0 < value <= BPS else MARGIN_BPS


def _meeting_vnd(row: ContractRow, side: Side) -> int:
    return _best(row.quote.asks if side is Side.BUY else row.quote.bids) or row.price_vnd


def _best(levels: tuple[tuple[int, int], ...]) -> int:
    return next((price_vnd for price_vnd, _ in levels if price_vnd), 0)


def _difference(more_vnd: int, less_vnd: int) -> int | None:
    return (more_vnd - less_vnd) // VND_PER_CENTIPOINT if more_vnd and less_vnd else None
