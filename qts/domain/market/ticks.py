"""Price steps, by the trading rules of HOSE and HNX. All prices in VND; a future's price is VND per contract."""

from typing import Final

from qts.domain.values import Exchange, InstrumentKind

FUTURE_TICK_VND: Final = 10_000  # 0.1 index point x 100,000 VND
PUT_THROUGH_TICK_VND: Final = 1  # negotiated trades, every venue
_HOSE_FINE: Final = 10
_HNX_STOCK: Final = 100


def tick_size_vnd(exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The step valid at `price_vnd`; on HOSE stocks step by 10 below 10,000, by 50 below 50,000, then by 100."""
    if kind is InstrumentKind.FUTURE:
        return FUTURE_TICK_VND
    if exchange is Exchange.HOSE:
        if kind is not InstrumentKind.STOCK or price_vnd < 10_000:
            return _HOSE_FINE
        return 50 if price_vnd < 50_000 else 100
    if kind is InstrumentKind.ETF:
        return 1
    return _HNX_STOCK


def is_on_tick(exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> bool:
    return price_vnd > 0 and price_vnd % tick_size_vnd(exchange, kind, price_vnd) == 0


def round_down_to_tick(exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    return price_vnd - price_vnd % tick_size_vnd(exchange, kind, price_vnd)


def next_price_up(exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The lowest valid price above an on-tick price."""
    return price_vnd + tick_size_vnd(exchange, kind, price_vnd)


def next_price_down(exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The highest valid price below an on-tick price: just under 50,000 on HOSE the step is 50, not 100."""
    return price_vnd - tick_size_vnd(exchange, kind, price_vnd - 1)
