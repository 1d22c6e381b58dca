"""Watchlists and layouts: everybody's own, and of no weight for any order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import ScreenLayout, Watchlist
from apps.accounts.selectors import WATCHED_MAX, WATCHLISTS_MAX, WatchlistView
from apps.marketdata.selectors import securities
from qts.domain.errors import TerminalError


def create_watchlist(owner: Any, *, name: str, symbols: Sequence[str]) -> WatchlistView:
    """Raises TerminalError, with a sentence for its reader, for a name that is taken, a symbol that is not listed, and
    too much of anything."""
    kept = _listed(symbols)
    if Watchlist.objects.filter(owner=owner).count() >= WATCHLISTS_MAX:
        raise TerminalError(_("You have {most} watchlists already: delete one first.").format(most=WATCHLISTS_MAX))
    return _stored(Watchlist(owner=owner, name=name, symbols=kept))


def change_watchlist(
    owner: Any, watchlist_id: UUID, *, name: str | None = None, symbols: Sequence[str] | None = None
) -> WatchlistView | None:
    """What is None stays; None for a list that this person has not got. Raises TerminalError as creating one does."""
    kept = None if symbols is None else _listed(symbols)
    row = Watchlist.objects.filter(owner=owner, pk=watchlist_id).first()
    if row is None:
        return None
    changed = []
    if name is not None:
        row.name, changed = name, ["name"]
    if kept is not None:
        row.symbols, changed = kept, [*changed, "symbols"]
    return _stored(row, changed)


def delete_watchlist(owner: Any, watchlist_id: UUID) -> bool:
    """Whether there was such a list."""
    count, _rows = Watchlist.objects.filter(owner=owner, pk=watchlist_id).delete()
    return count > 0


def save_layout(owner: Any, screen: str, choice: Mapping[str, Any]) -> None:
    """In the place of the one before; nothing chosen brings back the layout that everybody begins with."""
    if choice:
        ScreenLayout.objects.update_or_create(owner=owner, screen=screen, defaults={"choice": dict(choice)})
    else:
        ScreenLayout.objects.filter(owner=owner, screen=screen).delete()


def _stored(row: Watchlist, changed: list[str] | None = None) -> WatchlistView:
    try:
        with transaction.atomic():
            row.save(update_fields=changed)
    except IntegrityError as error:
        raise TerminalError(_("You have a watchlist of that name already.")) from error
    return WatchlistView(row.pk, row.name, tuple(row.symbols))


def _listed(symbols: Sequence[str]) -> list[str]:
    """Each once. One that is no longer traded may stay: it comes back, or its owner takes it off."""
    kept = list(dict.fromkeys(symbols))
    if len(kept) > WATCHED_MAX:
        raise TerminalError(_("A watchlist holds at most {most} symbols.").format(most=WATCHED_MAX))
    known = {security.symbol for security in securities(active_only=False)}
    if unknown := [symbol for symbol in kept if symbol not in known]:
        raise TerminalError(_("Not listed: {symbols}.").format(symbols=", ".join(unknown[:10])))
    return kept
