"""What an account is worth and where its cash is: overview, settlement calendar, statement."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.accounts.selectors import Arriving, PortfolioView
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, chosen_account, page
from apps.portal.views.blotter import read_day
from qts.domain.market import to_vietnam

STATEMENT_DAYS = 30
PERCENT = 100


@dataclass(slots=True)
class CalendarDay:
    """What arrives on one day, and the cash that may then be spent if nothing else happens."""

    day: date
    coming_vnd: int = 0
    going_vnd: int = 0
    free_vnd: int = 0
    shares: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    has_dividend: bool = False

    @property
    def share_list(self) -> list[tuple[str, int]]:
        return sorted(self.shares.items())


@require_GET
@page(*EVERYBODY)
def overview(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    view = accounts.portfolio(account.id, marketdata.market_now()) if account else None
    context = {
        "accounts": mine,
        "account": account,
        "portfolio": view,
        "allocation": allocation(view) if view else [],
        "values": accounts.intraday_values(account.id, marketdata.market_today()) if account else [],
        "tab": "overview",
    }
    return render(request, "portal/portfolio/overview.html", context)


def allocation(view: PortfolioView) -> list[tuple[str, int, int]]:
    """(symbol or "" for cash, value in VND, whole percent of the net worth), the largest first."""
    parts = [(item.symbol, item.market_value_vnd or 0) for item in view.positions if item.quantity]
    parts.append(("", view.state.cash_vnd))
    whole = sum(value for _, value in parts)
    told = [(symbol, value, value * PERCENT // whole if whole > 0 else 0) for symbol, value in parts]
    return sorted(told, key=lambda part: -part[1])


@require_GET
@page(*EVERYBODY)
def cash(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account, now = chosen_account(request, mine), marketdata.market_now()
    context: dict[str, Any] = {"accounts": mine, "account": account, "tab": "cash"}
    if account:
        buckets = accounts.cash_buckets(account.id, now)
        coming, shares = accounts.cash_arriving(account.id, now), accounts.shares_arriving(account.id, now)
        context |= {
            "buckets": buckets,
            "shares": accounts.share_buckets(account.id, now),
            "calendar": settlement_calendar(coming, shares, free_vnd=buckets.free_vnd),
        }
    return render(request, "portal/portfolio/cash.html", context)


def settlement_calendar(cash: list[Arriving], shares: list[Arriving], *, free_vnd: int) -> list[CalendarDay]:
    """Day by day. What is owed is held back already, so only what comes in adds to what may be spent."""
    days: dict[date, CalendarDay] = {}
    for item in cash:
        day = to_vietnam(item.due_at).date()
        found = days.setdefault(day, CalendarDay(day))
        found.coming_vnd += max(item.amount, 0)
        found.going_vnd += max(-item.amount, 0)
        found.has_dividend = found.has_dividend or item.source == "DIVIDEND"
    for item in shares:
        day = to_vietnam(item.due_at).date()
        days.setdefault(day, CalendarDay(day)).shares[item.source] += item.amount
    ordered = [days[day] for day in sorted(days)]
    for found in ordered:
        free_vnd += found.coming_vnd
        found.free_vnd = free_vnd
    return ordered


@require_GET
@page(*EVERYBODY)
def statement(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account, today = chosen_account(request, mine), marketdata.market_today()
    until = read_day(request.GET.get("until", "")) or today
    since = read_day(request.GET.get("since", "")) or until - timedelta(days=STATEMENT_DAYS)
    lines = accounts.statement(account.id, since=since, until=until) if account else []
    context = {
        "accounts": mine,
        "account": account,
        "lines": lines,
        "kinds": kind_labels(),
        "since": since,
        "until": until,
        "tab": "statement",
    }
    return render(request, "portal/portfolio/statement.html", context)


def kind_labels() -> dict[str, str]:
    """What a posting is called on a statement."""
    return {
        "OPENING": _("Opening balance"),
        "SETTLEMENT": _("Settlement"),
        "DEPOSIT": _("Deposit"),
        "WITHDRAWAL": _("Withdrawal"),
        "INTEREST": _("Interest or charge"),
        "ADVANCE": _("Advance on sales"),
        "REPAYMENT": _("Repayment of an advance"),
        "RIGHTS": _("Subscription of rights"),
    }
