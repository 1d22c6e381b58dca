"""The overview that a log-in leads to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote
from apps.orders import selectors as orders
from apps.portal.views.access import EVERYBODY, chosen_account, page
from apps.portal.views.attention import attention
from apps.portal.views.market import indexes, quotes_of
from apps.portal.views.order_rows import order_rows
from apps.portal.views.strategies import decision_rows
from apps.strategies import selectors as strategies
from qts.domain.market import to_vietnam

MOVERS_MAX = 5
ORDERS_MAX = 8
DECISIONS_MAX = 6
STRATEGIES_MAX = 6


@require_GET
@page(*EVERYBODY)
def home_attention(request: HttpRequest) -> HttpResponse:
    """The part that is drawn again when an order changes."""
    account_ids = [account.id for account in accounts.accounts_of(request.user)]
    today = to_vietnam(marketdata.market_now()).date()
    found = attention(request.user, account_ids, today, strategies.strategies(account_ids))
    return render(request, "portal/parts/attention.html", {"attention": found})


@require_GET
@page(*EVERYBODY)
def home(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    now = marketdata.market_now()
    account_ids = [known.id for known in mine]
    quotes = quotes_of(security.symbol for security in marketdata.securities())
    rising, falling = _movers(list(quotes.values()))
    known = strategies.strategies(account_ids)
    context = {
        "attention": attention(request.user, account_ids, to_vietnam(now).date(), known),
        "strategies": [one for one in known if one.status != "STOPPED"][:STRATEGIES_MAX],
        "stopped_count": sum(one.status == "STOPPED" for one in known),
        "indexes": indexes(),
        "account": account,
        "accounts": mine,
        "portfolio": accounts.portfolio(account.id, now) if account else None,
        "rows": order_rows(orders.orders(account_ids, limit=ORDERS_MAX), mine, request.user),
        "rising": rising,
        "rising_title": _("Strongest today"),
        "falling": falling,
        "falling_title": _("Weakest today"),
        "decisions": decision_rows(account_ids, limit=DECISIONS_MAX),
    }
    return render(request, "portal/home.html", context)


def _movers(quotes: list[LiveQuote]) -> tuple[list[LiveQuote], list[LiveQuote]]:
    """The largest rises and falls against the reference; integers compare as well as percentages do."""
    traded = [quote for quote in quotes if quote.last_vnd and quote.reference_vnd]
    ranked = sorted(traded, key=lambda quote: quote.change_vnd * 1_000_000 // quote.reference_vnd, reverse=True)
    rising = [quote for quote in ranked if quote.change_vnd > 0][:MOVERS_MAX]
    falling = [quote for quote in reversed(ranked) if quote.change_vnd < 0][:MOVERS_MAX]
    return rising, falling
