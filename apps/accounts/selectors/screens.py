"""Reading what people keep for their own screens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.accounts.models import ScreenLayout, Watchlist

WATCHLISTS_MAX = 30  # of one person
WATCHED_MAX = 500  # symbols of one list
BOARD, CHART = "board", "chart"
SCREENS = (BOARD, CHART)


@dataclass(frozen=True, slots=True)
class WatchlistView:
    id: UUID
    name: str
    symbols: tuple[str, ...]


def watchlists(owner: Any) -> list[WatchlistView]:
    """Those of this person, by name."""
    rows = Watchlist.objects.filter(owner=owner).values_list("id", "name", "symbols")
    return [WatchlistView(pk, name, tuple(symbols)) for pk, name, symbols in rows]


def watchlist(owner: Any, watchlist_id: UUID) -> WatchlistView | None:
    """None also for somebody else's: whether it exists is nobody's business."""
    row = Watchlist.objects.filter(owner=owner, pk=watchlist_id).first()
    return None if row is None else WatchlistView(row.pk, row.name, tuple(row.symbols))


def layout(owner: Any, screen: str) -> Mapping[str, Any]:
    """As `services.save_layout` was given it; empty for a screen that was left as it came."""
    choice = ScreenLayout.objects.filter(owner=owner, screen=screen).values_list("choice", flat=True).first()
    return choice or {}
