"""Price steps. All prices in VND; a future's price is VND per contract."""

from qts.domain.market.rule_book import RuleBook
from qts.domain.values import Exchange, InstrumentKind


def tick_size_vnd(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The step valid at `price_vnd`. Raises LookupError for a kind that the venue does not list."""
    ladder = rules.boards[exchange].ladders[kind]
    for first_vnd, step_vnd in ladder:
        if price_vnd >= first_vnd:
            return step_vnd
    return ladder[-1][1]  # of a price below 0, which only a step down from the lowest one makes


def tick_ladder(rules: RuleBook, exchange: Exchange, kind: InstrumentKind) -> list[tuple[int, int]]:
    """[(from this price, step)] in growing order."""
    return sorted(rules.boards[exchange].ladders[kind])


def is_on_tick(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> bool:
    return price_vnd > 0 and price_vnd % tick_size_vnd(rules, exchange, kind, price_vnd) == 0


def round_down_to_tick(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    return price_vnd - price_vnd % tick_size_vnd(rules, exchange, kind, price_vnd)


def next_price_up(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The lowest valid price above an on-tick price."""
    return price_vnd + tick_size_vnd(rules, exchange, kind, price_vnd)


def next_price_down(rules: RuleBook, exchange: Exchange, kind: InstrumentKind, price_vnd: int) -> int:
    """The highest valid price below an on-tick price: just under 50,000 on HOSE the step is 50, not 100."""
    return price_vnd - tick_size_vnd(rules, exchange, kind, price_vnd - 1)


def put_through_tick_vnd(rules: RuleBook, exchange: Exchange) -> int:
    """Of a negotiated trade."""
    return rules.boards[exchange].put_through.tick_vnd
