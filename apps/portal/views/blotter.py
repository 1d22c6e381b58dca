"""Which orders the list shows, as chosen in its filter: on the page, in its file and for cancelling all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from qts.domain.market import to_vietnam
from qts.domain.orders import Status
from qts.domain.values import OrderType, Side

SHOWN = ("today", "open", "all")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was not chosen, or makes no sense, is empty and narrows nothing."""

    show: str
    account: str
    symbol: str
    side: str
    status: str
    order_type: str
    by: str
    since: date | None
    until: date | None
    account_ids: tuple[UUID, ...]

    @property
    def narrowed(self) -> dict[str, Any]:
        """What the orders have in common, whatever their day and state."""
        return {"symbol": self.symbol, "side": self.side, "order_type": self.order_type, "by": self.by}

    @property
    def is_narrowed_further(self) -> bool:
        """By what stands under "more filters"."""
        return bool(self.side or self.status or self.order_type or self.by or self.since or self.until)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What narrows, as a form sends it again."""
        given = {"account": self.account, **self.narrowed}
        return [(name, value) for name, value in given.items() if value]

    @property
    def address(self) -> str:
        """As a query string."""
        days = {"since": self.since, "until": self.until}
        more = {name: day.isoformat() for name, day in days.items() if day}
        return urlencode(dict(self.fields) | {"show": self.show, "status": self.status} | more)

    @property
    def query(self) -> dict[str, Any]:
        """For `apps.orders.selectors.orders`. Dates that are named go before "today"."""
        asked = self.narrowed | {"status": self.status, "since": self.since, "until": self.until}
        if self.show == "open":
            asked["open_only"] = True
        elif self.show == "today" and self.since is None and self.until is None:
            asked["trading_day"] = to_vietnam(marketdata.market_now()).date()
        return asked


def read_choice(given: Mapping[str, Any], mine: Iterable[AccountView]) -> Choice:
    account = str(given.get("account", ""))
    show = str(given.get("show", "today"))
    return Choice(
        show=show if show in SHOWN else "today",
        account=account,
        symbol=str(given.get("symbol", "")).strip().upper()[:20],
        side=_one_of(given.get("side"), Side),
        status=_one_of(given.get("status"), Status),
        order_type=_one_of(given.get("order_type"), OrderType),
        by=_one_of(given.get("by"), ("hand", "strategy")),
        since=read_day(given.get("since")),
        until=read_day(given.get("until")),
        account_ids=tuple(known.id for known in mine if not account or str(known.id) == account),
    )


def _one_of(given: Any, known: Iterable[str]) -> str:
    return str(given) if given in {str(one) for one in known} else ""


def read_day(given: Any) -> date | None:
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        return None
