"""What a change of a limit would do, shown before it is saved."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.marketdata.selectors import market_now
from apps.portal.views.access import OFFICERS, page
from apps.risk.services import LimitChange, WhatIf, refuse_nonsense
from apps.risk.services import what_if as ask_what_if
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.risk import RULES

ROWS_MAX = 50
LIMIT_DIGITS_MAX = 18


@require_GET
@page(*OFFICERS)
def what_if(request: HttpRequest) -> HttpResponse:
    """?code=&scope=&scope_id=&limit=&is_active=, as the officer's form has them; 404 for what is no change."""
    return render(request, "portal/risk/what_if.html", {"answers": answers([_change(request)])})


def answers(changes: list[LimitChange]) -> list[dict[str, object]]:
    """For the template: each answer with what its rule means and its groups of orders, the newest rows of each."""
    return [_shown(answer) for answer in ask_what_if(changes, market_now())]


def _shown(answer: WhatIf) -> dict[str, object]:
    found, rule = answer.orders, RULES[answer.change.code]
    groups = [("working", found.working_refused), ("past", found.past_refused), ("admitted", found.admitted)]
    return {
        "answer": answer,
        "help_vi": rule.help_vi,
        "help_en": rule.help_en,
        "groups": [(name, rows[:ROWS_MAX], len(rows)) for name, rows in groups],
        "rows_max": ROWS_MAX,
    }


def _change(request: HttpRequest) -> LimitChange:
    asked = request.GET
    limit = asked.get("limit", "")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= LIMIT_DIGITS_MAX):
        raise Http404
    try:
        change = LimitChange(
            code=RuleCode(asked.get("code", "")),
            limit=int(limit),
            scope=asked.get("scope", ""),
            scope_id=asked.get("scope_id", ""),
            is_active=asked.get("is_active", "") == "1",
        )
        refuse_nonsense(change, reason="asked, not saved")
    except (ValueError, TerminalError) as error:
        raise Http404 from error
    return change
