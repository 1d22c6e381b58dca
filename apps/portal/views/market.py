"""What pages read of the market. Live state may be away for a moment (Redis restarts): a page then shows dashes and the
banner says why, instead of failing."""

from collections.abc import Iterable, Mapping

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveIndex, LiveQuote, Market, SecurityView, StreamStatus
from qts.domain.errors import TransientError
from qts.domain.market import tick_ladder
from qts.domain.values import InstrumentKind

MAIN_INDEXES = ("VNINDEX", "VN30")
VND_PER_SHOWN_UNIT = {InstrumentKind.FUTURE: 100_000}  # a point of a future; everything else is in thousand VND


def quotes_of(symbols: Iterable[str], market: Market | None = None) -> Mapping[str, LiveQuote]:
    """Every symbol is there: an empty quote where nothing is known."""
    wanted = list(symbols)
    try:
        found = market.quotes(wanted) if market else marketdata.live_quotes(wanted)
    except TransientError:
        found = {}
    return {symbol: found.get(symbol) or LiveQuote(symbol) for symbol in wanted}


def indexes(market: Market | None = None) -> list[LiveIndex]:
    """The two main ones first, there even before anything was heard of them."""
    try:
        known = {index.index_code: index for index in (market.indices() if market else marketdata.live_indices())}
    except TransientError:
        known = {}
    empty = (0,) * 11
    main = [known.get(code) or LiveIndex(code, *empty) for code in MAIN_INDEXES]
    return main + [index for code, index in known.items() if code not in MAIN_INDEXES]


def stream_status() -> StreamStatus | None:
    try:
        return marketdata.stream_status()
    except TransientError:
        return None


def tick_table(security: SecurityView) -> list[tuple[int, int]]:
    """[(from this price, tick)] in growing order, VND: what the ticket's price stepper goes by."""
    rules = marketdata.rules_on(marketdata.market_today())
    return tick_ladder(rules, security.exchange, security.kind)


def shown_unit_vnd(kind: InstrumentKind) -> int:
    """VND behind one unit of a price as people type and read it."""
    return VND_PER_SHOWN_UNIT.get(kind, 1_000)
