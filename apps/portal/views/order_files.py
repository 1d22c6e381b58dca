"""The order list as a file: CSV, or a workbook that Excel and its like open."""

from collections.abc import Callable, Iterable
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.orders import selectors as orders
from apps.orders.selectors import OrderView
from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.blotter import read_choice
from qts.adapters.tables import Cell, csv_file, xlsx_file
from qts.domain.market import to_vietnam

ROWS_MAX: Final = 50_000
HEADINGS: Final = (
    "trading_day", "submitted_at", "account", "symbol", "side", "order_type", "quantity", "price_vnd", "status",
    "filled_quantity", "average_fill_vnd", "reason", "strategy_id", "actor", "client_order_id", "request_id",
    "broker_order_id", "accepted_at", "updated_at", "id",
)  # fmt: skip
FORMATS: Final[dict[str, tuple[str, Callable[[Iterable[Iterable[Cell]]], bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file),
}


@require_GET
@page(*EVERYBODY)
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """What the filter chooses, the newest first. Names of columns are those of the REST API."""
    if kind not in FORMATS:
        raise Http404
    mine = accounts.accounts_of(request.user)
    choice = read_choice(request.GET, mine)
    numbers = {account.id: account.number for account in mine}
    found = orders.orders(choice.account_ids, limit=ROWS_MAX, **choice.query)
    rows = [HEADINGS, *(_row(order, numbers.get(order.account_id, "")) for order in found)]
    content_type, write = FORMATS[kind]
    response = HttpResponse(write(rows), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="orders.{kind}"'
    return response


def _row(order: OrderView, account_number: str) -> list[Cell]:
    """Times are Vietnam's, as ISO 8601."""
    moments = {name: getattr(order, name) for name in ("submitted_at", "accepted_at", "updated_at")}
    told = {name: to_vietnam(at).isoformat(timespec="milliseconds") if at else None for name, at in moments.items()}
    known: dict[str, Cell] = {**told, "account": account_number, "trading_day": order.trading_day.isoformat()}
    return [known[name] if name in known else _cell(getattr(order, name)) for name in HEADINGS]


def _cell(value: object) -> Cell:
    return value if isinstance(value, int) or value is None else str(value)
