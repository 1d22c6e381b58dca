"""Backtests: the list, one run while it goes and when it is done, several beside each other."""

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views import backtest_tables as tables
from apps.portal.views import backtest_words as words
from apps.portal.views.access import EVERYBODY, TRADERS, asks_for_fragment, page
from apps.sso.selectors import Role, actor_of, has_role
from apps.strategies import selectors, services
from apps.strategies.selectors import BacktestView
from qts.adapters.tables import Cell, csv_file
from qts.backtest import TickTable
from qts.backtest.document import FILL_FIELDS
from qts.backtest.tick_engine import minutes_of
from qts.domain.market import to_vietnam
from qts.web.words import STUDIES, STUDY_STATES, choices

PAGE_ROWS: Final = 50
FILLS_SHOWN: Final = 200
COMPARED_MIN, COMPARED_MAX = 2, 4


@require_GET
@page(*EVERYBODY)
def backtest_list(request: HttpRequest) -> HttpResponse:
    """Newest first; the filter's answer for htmx is the table alone."""
    given = request.GET
    mine = str(actor_of(request.user)) if given.get("mine") else ""
    number = int(given["page"]) if given.get("page", "").isdecimal() and len(given["page"]) < 5 else 1
    asked = {
        "status": given.get("status", "") if given.get("status") in STUDY_STATES else "",
        "kind": given.get("kind", "") if given.get("kind") in STUDIES else "",
        "strategy": given.get("strategy", "")[:200],
    }
    found = selectors.backtests(**asked, created_by=mine, limit=PAGE_ROWS + 1, offset=(max(1, number) - 1) * PAGE_ROWS)
    context = {
        **asked,
        "rows": found[:PAGE_ROWS],
        "names": actor_names(one.created_by for one in found),
        "mine": mine,
        "is_filtered": bool(mine or any(asked.values())),
        "page": number,
        "has_more": len(found) > PAGE_ROWS,
        "is_moving": any(not one.is_over for one in found),
        "may_run": has_role(request.user, *TRADERS),
        "kinds": choices(STUDIES),
        "statuses": choices(STUDY_STATES),
        "strategies": selectors.backtest_strategies(),
    }
    template = "table" if asks_for_fragment(request) else "list"
    return render(request, f"portal/backtests/{template}.html", context)


@require_GET
@page(*EVERYBODY)
def backtest_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _found(run_id)
    document = selectors.backtest_document(run_id) if run.is_done else None
    context = _frame(request, run)
    if document is None:
        return render(request, "portal/backtests/page.html", context)
    return render(request, "portal/backtests/page.html", context | _result(request, run, document))


@require_GET
@page(*EVERYBODY)
def progress(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Asked each second while it goes; once it is over the whole page is loaded again."""
    run = _found(run_id)
    if run.is_over:
        return HttpResponseClientRefresh()
    return render(request, "portal/backtests/progress.html", _frame(request, run))


@require_GET
@page(*EVERYBODY)
def chart(request: HttpRequest, run_id: UUID) -> JsonResponse:
    """Candles and trades of one symbol."""
    run = _found(run_id)
    document, table = selectors.backtest_document(run_id), selectors.backtest_table(run.data.digest)
    symbol = request.GET.get("symbol", "")
    report = (document or {}).get("report") or document
    if table is None or not report or "fills" not in report or symbol not in table.symbols:
        raise Http404
    if isinstance(table, TickTable):
        table = minutes_of(table.of_symbols({symbol}))
    return JsonResponse(tables.candles(table, symbol, report))


@require_GET
@page(*EVERYBODY)
def fills(_request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Every trade as CSV; times are Vietnam's."""
    document = selectors.backtest_document(_found(run_id).id) or {}
    report = document.get("report") or document
    if "fills" not in report:
        raise Http404
    rows: list[list[Cell]] = [["time", *FILL_FIELDS[1:]]]
    rows += [
        [to_vietnam(row["at"]).isoformat(), *(row[name] for name in FILL_FIELDS[1:])]
        for row in tables.fill_rows(report)
    ]
    response = HttpResponse(csv_file(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="backtest-{run_id}.csv"'
    return response


@require_GET
@page(*EVERYBODY)
def compare(request: HttpRequest) -> HttpResponse:
    """Two to four finished runs beside each other."""
    wanted = list(dict.fromkeys(request.GET.getlist("run")))
    problem = ""
    if not COMPARED_MIN <= len(wanted) <= COMPARED_MAX:
        problem = _("Choose two to four finished backtests.")
    runs = [] if problem else [_found(_uuid(text)) for text in wanted]
    if any(not run.is_done for run in runs):
        problem, runs = _("Only finished backtests can be compared."), []
    columns = [_column(run, number) for number, run in enumerate(runs)]
    figures = zip(*(words.figures(run.summary) for run in runs), strict=True)
    context = {
        "problem": problem,
        "columns": columns,
        "figures": [(row[0].label, row) for row in figures],
        "chart_data": [{"name": one["name"], "points": one["points"]} for one in columns],
        "is_same_data": len({run.data.digest for run in runs}) < 2,
    }
    return render(request, "portal/backtests/compare.html", context, status=422 if problem else 200)


@require_POST
@page(*TRADERS)
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _own(request, run_id)
    services.cancel_backtest(run.id, actor=actor_of(request.user), now=marketdata.market_now())
    return HttpResponseClientRefresh()


@require_POST
@page(*TRADERS)
def delete(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _own(request, run_id)
    try:
        services.delete_backtest(run.id, actor=actor_of(request.user), now=marketdata.market_now())
    except services.BacktestRefused:  # it has been begun again meanwhile: the page shows that
        return HttpResponseClientRefresh()
    return HttpResponseClientRedirect(reverse("portal:backtests"))


@require_POST
@page(*TRADERS)
def repeat(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The stored specification on the stored bars, once more."""
    run = _found(run_id)
    try:
        again = services.repeat_backtest(run.id, actor=actor_of(request.user), now=marketdata.market_now())
    except services.BacktestRefused as refused:
        context = _frame(request, run) | {"problems": refused.problems}
        return render(request, "portal/backtests/page.html", context, status=422)
    return redirect("portal:backtest", run_id=again)


def _frame(request: HttpRequest, run: BacktestView) -> dict[str, Any]:
    is_trader = has_role(request.user, *TRADERS)
    return {
        "run": run,
        "names": actor_names([run.created_by]),
        "parts": [
            {**part, "set": words.set_text(part["parameters"]), "shown": ", ".join(part["symbols"] or run.symbols)}
            for part in run.study["parts"]
        ],
        "varied": {name: ", ".join(map(str, values)) for name, values in run.study["grid"].items()},
        "may_run": is_trader,
        "may_change": is_trader and _is_own(request, run),
    }


def _result(request: HttpRequest, run: BacktestView, document: dict[str, Any]) -> dict[str, Any]:
    report = document.get("report", document)
    figures = words.figures(run.summary)
    context: dict[str, Any] = {
        "document": document,
        "report": report,
        "verdict": words.sentences(document["verdict"]),
        "headline_figures": figures[:8],
        "more_figures": figures[8:],
    }
    if run.kind == "WALK_FORWARD":
        context["folds"] = tables.fold_rows(document)
    elif run.kind != "RUN":
        context |= _sets(request, document)
    if report:
        context |= {
            "page_data": {
                "points": tables.equity_points(report, run.study["cash_vnd"]),
                "symbols": list(run.symbols) if "fills" in report else [],
                "period": run.data.period,
                "chart_url": reverse("portal:backtest-chart", kwargs={"run_id": run.id}),
            }
        }
    if report and "fills" in report:
        fills_told = tables.fill_rows(report)
        context |= {
            "report_verdict": words.sentences(report["verdict"]) if report is not document else [],
            "months": tables.month_rows(report["months"]),
            "month_numbers": range(1, 13),
            "fills": fills_told[:FILLS_SHOWN],
            "fill_count": report["figures"]["fills"],
            "honesty": report["honesty"],
            "redrawn": {name: round(vnd) for name, vnd in ((report["honesty"] or {}).get("redrawn") or {}).items()},
        }
    return context


def _sets(request: HttpRequest, document: dict[str, Any]) -> dict[str, Any]:
    measure = request.GET.get("measure", "")
    measure = measure if measure in tables.MEASURES else tables.MEASURES[0]
    return {
        "sets": tables.set_rows(document),
        "heat": tables.heat_map(document, measure, request.GET.get("x", ""), request.GET.get("y", "")),
        "varied_names": [name for name, values in document.get("grid", {}).items() if len(values) > 1],
        "measure": measure,
        "measures": [
            ("sharpe", _("Sharpe ratio")),
            ("around", _("Its neighbours")),
            ("equity", _("Return")),
        ],
    }


def _column(run: BacktestView, number: int) -> dict[str, Any]:
    document = selectors.backtest_document(run.id) or {}
    report = document.get("report", document) or {"equity": []}
    first = run.study["cash_vnd"]
    best = run.summary["best"]
    return {
        "run": run,
        "name": f"{number + 1}. {run.name}",
        "verdict": words.sentences(document["verdict"])[:3],
        "sets": [words.set_text(best or part["parameters"]) for part in run.study["parts"]],
        "points": [{"time": row[0], "value": 100 * (row[1] / first - 1)} for row in report["equity"]],
    }


def _found(run_id: UUID) -> BacktestView:
    run = selectors.backtest(run_id)
    if run is None:
        raise Http404
    return run


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _is_own(request: HttpRequest, run: BacktestView) -> bool:
    return run.created_by == str(actor_of(request.user)) or has_role(request.user, Role.ADMINISTRATOR)


def _own(request: HttpRequest, run_id: UUID) -> BacktestView:
    run = _found(run_id)
    if not _is_own(request, run):
        raise Http404
    return run
