"""Backtests in words and figures, in the reader's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from apps.portal.views import formats
from qts.backtest.statements import TEMPLATES, Statement, Tone
from qts.web import words
from qts.web.words import word

TONES: Final = {"QUEUED": "info", "RUNNING": "info", "DONE": "ok", "FAILED": "bad"}
YEAR_ROOT: Final = 250**0.5


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    tone: str  # "ok", "bad" or "" as the style sheet knows them


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    text: str
    colour: str = ""


def kind_label(kind: str) -> str:
    return word(words.STUDIES, kind)


def status_label(status: str) -> str:
    return word(words.STUDY_STATES, status)


def sentences(told: Iterable[Mapping[str, Any]]) -> list[Sentence]:
    return [_sentence(Statement.of_json(one)) for one in told]


def _market(index: float | None) -> str:
    return _("no history") if index is None else share(index, plus=True)


def figures(summary: Mapping[str, Any]) -> list[Figure]:
    """The first eight stand above the charts; what a study does not know is a dash."""
    found, benchmark, index = summary["figures"], summary["benchmark"], summary.get("index")
    get = found.get
    rows = [
        Figure(_("Return"), share(get("total_return"), plus=True), sign(get("total_return"))),
        Figure(_("Buy and hold"), share(benchmark, plus=True), sign(benchmark)),
        Figure(_("Sharpe ratio"), number(_sharpe(found)), sign(_sharpe(found))),
        Figure(_("Largest drawdown"), share(get("max_drawdown"))),
        Figure(_("Closed trades"), formats.quantity_text(get("closed_trades"))),
        Figure(_("Trades with a gain"), share(get("win_share"))),
        Figure(_("Profit factor"), number(get("profit_factor"))),
        Figure(_("Fees and tax, VND"), formats.money_text(get("costs_vnd"))),
    ]
    more = [
        Figure(_("VN-Index on the same days"), _market(index), sign(index)),
        Figure(_("Result, VND"), money(get("pnl_vnd")), sign(get("pnl_vnd"))),
        Figure(_("Equity at the end, VND"), formats.money_text(get("last_equity_vnd"))),
        Figure(_("Annual return"), share(get("annual_return"), plus=True)),
        Figure(_("Annual volatility"), share(get("annual_volatility"))),
        Figure(_("Sortino ratio"), number(get("sortino"))),
        Figure(_("Calmar ratio"), number(get("calmar"))),
        Figure(_("Average trade, VND"), money(get("average_trade_vnd"))),
        Figure(_("Turnover, VND"), formats.money_text(get("turnover_vnd"))),
        Figure(_("Money at work, on average"), share(get("exposure_share"))),
        Figure(_("Largest share of a bar's volume"), share(_percent(get("largest_share_percent")))),
        Figure(_("Orders that ended unfilled"), formats.quantity_text(get("expired_orders"))),
        Figure(_("Trading days"), formats.quantity_text(get("days"))),
    ]
    return rows + more


def share(value: float | None, *, plus: bool = False) -> str:
    """0.1234 -> '12.34%', with its sign where that is asked for."""
    if value is None:
        return formats.NOTHING
    text = f"{abs(value):,.2%}"
    positive = "+" if plus and value > 0 else ""
    return f"{formats.MINUS if value < 0 else positive}{text}"


def number(value: float | None) -> str:
    return formats.NOTHING if value is None else f"{formats.MINUS if value < 0 else ''}{abs(value):,.2f}"


def money(value: int | None) -> str:
    return formats.NOTHING if value is None else formats.signed(value, plus=True)


def sign(value: float | None) -> str:
    return "" if not value else "c-up" if value > 0 else "c-down"


def set_text(parameters: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in parameters.items())


def _sharpe(found: Mapping[str, Any]) -> float | None:
    """Of a year; a walk-forward tells that of days."""
    if (of_year := found.get("sharpe")) is not None:
        return float(of_year)
    of_day = found.get("day_sharpe")
    return None if of_day is None else of_day * YEAR_ROOT


def _percent(value: float | None) -> float | None:
    return None if value is None else value / 100


def _sentence(statement: Statement) -> Sentence:
    text = _(TEMPLATES[statement.code]).format(**statement.values)
    tone = {Tone.GOOD: "ok", Tone.BAD: "bad", Tone.PLAIN: ""}[statement.tone]
    return Sentence(f"{text[:1].upper()}{text[1:]}", tone)
