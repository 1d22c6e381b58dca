"""/healthz, /readyz and /metrics, for supervisors and monitoring."""

from collections.abc import Callable
from secrets import compare_digest

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from qts.adapters import bus as event_bus
from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.sandbox.confinement import LAYERS
from qts.adapters.sandbox.host import StrategyHostError, layers_here
from qts.domain.errors import TerminalError, TransientError
from qts.observability.exposition import render_metrics

OK = "ok"


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": OK})


def readyz(_request: HttpRequest) -> JsonResponse:
    """503 names what this process cannot work without; `degraded` names what trading cannot work without."""
    needed = _outcomes({"database": _database, "valkey": _valkey, "bus": _bus})
    wanted = _outcomes({"market stream": _market_stream, "broker connections": _broker_connections})
    is_ready = all(outcome == OK for outcome in needed.values())
    body = {
        "status": OK if is_ready else "not ready",
        "checks": needed | wanted,
        "strategy_layers": _strategy_layers(),
        "degraded": [name for name, outcome in wanted.items() if outcome != OK],
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """All processes of this machine together, in Prometheus' text format; in production for whoever has the token."""
    if not settings.METRICS_ARE_OPEN and not _has_metrics_token(request):
        return HttpResponse("METRICS_TOKEN is asked for\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    body, content_type = render_metrics()
    return HttpResponse(body, content_type=content_type)


def _has_metrics_token(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and compare_digest(sent.encode(), settings.METRICS_TOKEN.encode())


def _outcomes(checks: dict[str, Callable[[], str]]) -> dict[str, str]:
    outcomes = {}
    for name, check in checks.items():
        try:
            outcomes[name] = check()
        except (DatabaseError, TransientError, TerminalError) as error:
            outcomes[name] = f"down: {type(error).__name__}"
    return outcomes


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations are missing" if missing else OK


def _valkey() -> str:
    with transient_errors():
        redis_client(settings.REDIS_URL).ping()
    return OK


def _bus() -> str:
    """Valkey too, unless EVENT_BUS_URL names another server."""
    event_bus.answers(settings.EVENT_BUS_URL)
    return OK


def _strategy_layers() -> dict[str, bool]:
    """What holds the strategies' processes here; docs/strategy-host.md says what remains where a layer is missing."""
    try:
        here = {layer.split()[0] for layer in layers_here()}
    except StrategyHostError:
        here = set()
    return {layer: layer in here for layer in LAYERS}


def _market_stream() -> str:
    status = marketdata.stream_status()
    return OK if status.is_live else str(status.state)


def _broker_connections() -> str:
    """How many are in trouble; which and why is on the operator's page, not for everybody."""
    known = orders.broker_connection_status()
    troubled = [one for one in known if one.circuit != "CLOSED" or one.stream_state != "CONNECTED"]
    return f"{len(troubled)} of {len(known)} are not connected" if troubled else OK
