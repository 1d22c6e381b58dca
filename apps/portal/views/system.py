"""The state of the machinery, for operators."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.configuration import selectors as configuration
from apps.eventlog import selectors as eventlog
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.portal.views.access import OPERATORS, asks_for_fragment, page
from apps.portal.views.latencies import latencies
from apps.portal.views.market import stream_status
from qts.adapters.sandbox.confinement import LAYERS
from qts.adapters.sandbox.host import StrategyHostError, layers_here

DEAD_LETTERS_SINCE = timedelta(hours=24)
GAPS_MAX = 20


@require_GET
@page(*OPERATORS)
def system(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone: it is asked for again every few seconds."""
    moment = marketdata.market_moment()
    since = timezone.now() - DEAD_LETTERS_SINCE
    names = {connection.id: connection.name for connection in configuration.connections(active_only=False)}
    connections = orders.broker_connection_status()
    context = {
        "moment": moment,
        "stream": stream_status(),
        "dead_letter_count": marketdata.dead_letter_count(since=since),
        "gaps": marketdata.gaps(since=since, limit=GAPS_MAX),
        "backlog": eventlog.relay_backlog(),
        "failure_count": eventlog.open_failure_count(),
        "connections": [(names.get(state.connection_id, state.connection_id), state) for state in connections],
        "discrepancies": orders.open_discrepancies(limit=50),
        "foreign_orders": orders.foreign_orders(trading_day=moment.local.date(), limit=50),
        "latencies": latencies(),
        "strategy_layers": _strategy_layers(),
        "flower_url": settings.FLOWER_URL,
    }
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/system/body.html" if is_fragment else "portal/system/page.html", context)


def _strategy_layers() -> list[tuple[str, bool]]:
    """Every layer around a strategy's process, and whether this machine offers it."""
    try:
        here = {layer.split()[0] for layer in layers_here()}
    except StrategyHostError:
        here = set()
    return [(layer, layer in here) for layer in LAYERS]
