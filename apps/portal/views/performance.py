"""An account's tear sheet: figures, equity, drawdown, months, trades; as a page and as one file to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView, TradeChoice, TradeRow, ValueView
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, chosen_account, page
from qts.quant.account_performance import (
    account_performance,
    daily_returns,
    drawdowns,
    money_weighted,
    monthly_returns,
    trade_figures,
)
from qts.quant.performance import DAYS_PER_YEAR

BENCHMARKS: Final = ("VNINDEX", "VN30")
WIDTH, HEIGHT = 800, 200
DAYS_MIN: Final = 2
HEAT_STEPS: Final = ((0.005, 1), (0.02, 2), (0.05, 3))
TRADES_SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    heat: str


@require_GET
@page(*EVERYBODY)
def performance(request: HttpRequest) -> HttpResponse:
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    context = {"accounts": mine, "account": account, "tab": "performance"}
    if account:
        context |= tear_sheet(account)
    return render(request, "portal/portfolio/performance.html", context)


@require_GET
@page(*EVERYBODY)
def download(request: HttpRequest) -> HttpResponse:
    """The same as one HTML file that needs nothing else."""
    account = chosen_account(request, accounts.accounts_of(request.user))
    if account is None:
        raise Http404
    style = (settings.BASE_DIR / "static" / "css" / "tear-sheet.css").read_text(encoding="utf-8")
    context = {"account": account, "style": format_html("<style>{}</style>", SafeString(style)), **tear_sheet(account)}
    response = HttpResponse(render_to_string("portal/portfolio/tear_sheet_file.html", context))
    response["Content-Disposition"] = f'attachment; filename="performance-{account.number}.html"'
    return response


def tear_sheet(account: AccountView) -> dict[str, Any]:
    """Empty where too few days are kept to say anything."""
    values = accounts.day_values(account.id)
    if len(values) < DAYS_MIN or min(value.equity_vnd for value in values) <= 0:
        return {"days": len(values)}
    found = accounts.trades([account.id], TradeChoice(since=values[0].trading_day))
    equities = [value.equity_vnd for value in values]
    returns = daily_returns(equities, [value.flows_vnd for value in values])
    days = [value.trading_day for value in values[1:]]
    return {
        "days": len(values),
        "since": values[0].trading_day,
        "until": values[-1].trading_day,
        "figures": figures(values, returns, found),
        "equity_points": curve([float(equity) for equity in equities]),
        "drawdown_points": curve([0.0, *drawdowns(returns)]),
        "equity_first": equities[0],
        "equity_last": equities[-1],
        "months": month_table(monthly_returns(days, returns)),
        "trades": found[:TRADES_SHOWN_MAX],
        "width": WIDTH,
        "height": HEIGHT,
    }


def figures(values: Sequence[ValueView], returns: Any, found: Sequence[TradeRow]) -> list[tuple[str, str]]:
    known = account_performance(returns, market_returns(values, BENCHMARKS[0]))
    thirty = account_performance(returns, market_returns(values, BENCHMARKS[1]))
    flows = [(values[0].trading_day, values[0].equity_vnd)]
    flows += [(value.trading_day, value.flows_vnd) for value in values[1:] if value.flows_vnd]
    owner = money_weighted(flows, (values[-1].trading_day, values[-1].equity_vnd))
    won = trade_figures([trade.result.average_pnl_vnd for trade in found if trade.result.is_sale])
    traded = sum(trade.result.value_vnd for trade in found)
    mean = float(np.mean([value.equity_vnd for value in values]))
    exposure = float(np.mean([value.market_value_vnd / value.equity_vnd for value in values]))
    turnover = traded / 2 / mean * DAYS_PER_YEAR / max(len(returns), 1)
    return [
        (_("Return, time-weighted"), percent(known.time_weighted)),
        (_("Return a year, money-weighted"), percent(owner)),
        (_("Return a year"), percent(known.annual_return)),
        (_("Volatility a year"), percent(known.annual_volatility)),
        (_("Sharpe ratio"), number(known.sharpe)),
        (_("Sortino ratio"), number(known.sortino)),
        (_("Calmar ratio"), number(known.calmar)),
        (_("Deepest fall"), percent(-known.max_drawdown)),
        (_("Value at risk, 95 %, a day"), percent(known.value_at_risk)),
        (_("Expected shortfall, 95 %"), percent(known.expected_shortfall)),
        (_("Beta to VN-Index"), number(known.beta)),
        (_("Beta to VN30"), number(thirty.beta)),
        *index_figures(values),
        (_("Turnover a year"), percent(turnover)),
        (_("Invested on average"), percent(exposure)),
        (_("Sales with a profit"), percent(won.win_rate)),
        (_("Profit factor"), number(won.profit_factor)),
    ]


def index_figures(values: Sequence[ValueView]) -> list[tuple[str, str]]:
    """What the indices themselves did over the same days."""
    names = dict(zip(BENCHMARKS, (_("VN-Index, same days"), _("VN30, same days")), strict=True))
    found = [(names[code], market_returns(values, code)) for code in BENCHMARKS]
    return [(name, percent(None if told is None else float(np.prod(1 + told)) - 1)) for name, told in found]


def market_returns(values: Sequence[ValueView], code: str) -> Any:
    """The index's of the same days; None where one of them is not on record."""
    first, last = values[0].trading_day, values[-1].trading_day
    closes = {day: float(close) for day, close in marketdata.index_closes(code, first, last)}
    if any(not closes.get(value.trading_day) for value in values):
        return None
    table = np.array([closes[value.trading_day] for value in values])
    return table[1:] / table[:-1] - 1


def curve(values: Sequence[float]) -> str:
    """As the points of a polyline in a box of WIDTH x HEIGHT."""
    low, high = min(values), max(values)
    span, steps = (high - low) or 1.0, max(len(values) - 1, 1)
    return " ".join(
        f"{index * WIDTH / steps:.1f},{HEIGHT - (value - low) * HEIGHT / span:.1f}"
        for index, value in enumerate(values)
    )


def month_table(months: dict[tuple[int, int], float]) -> list[tuple[int, list[Cell | None], Cell]]:
    """(year, its twelve months, the year as a whole)."""
    rows = []
    for year in sorted({year for year, _month in months}):
        values = [months.get((year, month)) for month in range(1, 13)]
        whole = float(np.prod([1 + value for value in values if value is not None])) - 1
        rows.append((year, [None if value is None else heat_cell(value) for value in values], heat_cell(whole)))
    return rows


def heat_cell(value: float) -> Cell:
    step = next((step for limit, step in HEAT_STEPS if abs(value) < limit), 4)
    return Cell(percent(value), f"heat-{'up' if value >= 0 else 'down'}-{step}")


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:,.2f}%".replace("-", "\u2212")


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}".replace("-", "\u2212")
