"""What an order book as the exchange tells it must fulfil. Pure; used on every message, so it does little."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from qts.domain.events import Event, OrderBookUpdated, QuoteUpdated
from qts.domain.values import Session

LEVELS_MAX: Final = 10


class BookFault(StrEnum):
    CROSSED = "CROSSED"  # a bid at or above an ask while orders meet at once
    UNSORTED = "UNSORTED"  # levels not from the best to the worst, or one price twice
    AUCTION_PRICE = "AUCTION_PRICE"  # at-the-auction volume in continuous trading, or below the best level
    TOO_DEEP = "TOO_DEEP"
    TOTAL_FELL = "TOTAL_FELL"  # the volume of the day became less
    OUTSIDE_BAND = "OUTSIDE_BAND"  # a price above the ceiling or below the floor that the exchange told


def book_faults(book: OrderBookUpdated, quote: QuoteUpdated | None = None) -> tuple[BookFault, ...]:
    """All that is wrong with it; `quote` is the newest one of its security on the same day, if any."""
    faults = []
    is_continuous = book.session == Session.CONTINUOUS
    all_bids, all_asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
    bids, asks = _priced(all_bids), _priced(all_asks)
    if is_continuous and bids and asks and bids[0] >= asks[0]:
        faults.append(BookFault.CROSSED)
    if bids != sorted(set(bids), reverse=True) or asks != sorted(set(asks)):
        faults.append(BookFault.UNSORTED)
    first = 0 if is_continuous else 1  # only the best level may stand for orders without a price, and in an auction
    if 0 in all_bids[first:] or 0 in all_asks[first:]:
        faults.append(BookFault.AUCTION_PRICE)
    if max(len(book.bids), len(book.asks)) > LEVELS_MAX:
        faults.append(BookFault.TOO_DEEP)
    if quote is not None and quote.ceiling_vnd and quote.floor_vnd and not _inside(bids, asks, quote):
        faults.append(BookFault.OUTSIDE_BAND)
    return tuple(faults)


def _priced(prices: list[int]) -> list[int]:
    return prices[1:] if prices and not prices[0] else prices


def _inside(bids: Sequence[int], asks: Sequence[int], quote: QuoteUpdated) -> bool:
    highest = max([*bids[:1], *asks[-1:]], default=quote.floor_vnd)
    lowest = min([*asks[:1], *bids[-1:]], default=quote.floor_vnd)
    return quote.floor_vnd <= lowest and highest <= quote.ceiling_vnd


class BookReplicas:
    """The newest book of each security, and how often one was wrong."""

    def __init__(self) -> None:
        self._quotes: dict[str, QuoteUpdated] = {}
        self.failures: dict[str, dict[BookFault, int]] = {}
        self.wrong_now: dict[str, tuple[BookFault, ...]] = {}
        self.checked = 0

    def take(self, event: Event) -> tuple[BookFault, ...]:
        """What is neither a book nor a quote is not looked at."""
        if isinstance(event, OrderBookUpdated):
            return self.take_book(event)
        return self.take_quote(event) if isinstance(event, QuoteUpdated) else ()

    def take_quote(self, quote: QuoteUpdated) -> tuple[BookFault, ...]:
        """Totals only grow within a day."""
        before = self._quotes.get(quote.symbol)
        self._quotes[quote.symbol] = quote
        if before is None or quote.ts_exchange_ms < before.ts_exchange_ms:
            return ()
        is_same_day = quote.ts_exchange_ms // _DAY_MS == before.ts_exchange_ms // _DAY_MS
        if is_same_day and quote.total_quantity < before.total_quantity:
            return self._note(quote.symbol, (BookFault.TOTAL_FELL,))
        return ()

    def take_book(self, book: OrderBookUpdated) -> tuple[BookFault, ...]:
        self.checked += 1
        quote = self._quotes.get(book.symbol)
        if quote is not None and quote.ts_exchange_ms // _DAY_MS != book.ts_exchange_ms // _DAY_MS:
            quote = None
        faults = book_faults(book, quote)
        if faults:
            self.wrong_now[book.symbol] = faults
            return self._note(book.symbol, faults)
        self.wrong_now.pop(book.symbol, None)
        return ()

    def _note(self, symbol: str, faults: tuple[BookFault, ...]) -> tuple[BookFault, ...]:
        counts = self.failures.setdefault(symbol, {})
        for fault in faults:
            counts[fault] = counts.get(fault, 0) + 1
        return faults


_DAY_MS: Final = 86_400_000
