"""Whose the shares of an account are: each strategy's, and those of people."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, chosen_account, page
from apps.portal.views.trades import strategy_names


@require_GET
@page(*EVERYBODY)
def sub_books(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    context: dict[str, Any] = {"accounts": mine, "account": account, "tab": "strategies"}
    if account is not None:
        view = accounts.portfolio(account.id, marketdata.market_now())
        books, names = accounts.account_sub_books(view), strategy_names() | {"": _("By hand")}
        realised = sum(position.realised_pnl_vnd for position in view.positions)
        context |= {
            "books": [(names.get(book.strategy_id, book.strategy_id), book) for book in books],
            "missing": accounts.sub_book_differences(view, books),
            "whole_pnl_vnd": None if view.unrealised_pnl_vnd is None else realised + view.unrealised_pnl_vnd,
        }
    return render(request, "portal/portfolio/sub_books.html", context)
