"""What the agents of the generated market do when one of them acts.

Makers quote around the best prices, withdraw, and give way when the value has moved through their quote; the informed
take what is left there. Takers trade for reasons of their own, one side for some minutes; a few follow the last
minutes' move or lean against it. In the auctions funds enter at-auction orders and the others limits near the value.
"""

import math
from enum import Enum, auto
from typing import Final, Protocol

from qts.domain.values import Exchange as Market
from qts.domain.values import OrderType, Session, Side
from simulator.exchange.desk import Desk

LADDER_LEVELS: Final = 6
_RESTING_MAX: Final = 64  # own orders of one symbol before old ones are taken back
_LEVELS_KEPT: Final = 4
_TIDIES_UP: Final = 0.4
_CHASE_STEPS: Final = 1.05  # how far the value must be beyond a quote before somebody acts on it
_GIVES_WAY: Final = 0.8  # of the makers at a stale price withdraw in time
_BEFORE_THE_CLOSE: Final = 14 * 60 + 29
_DRIFT_MEMORY_MS: Final = 420_000
_ANCHOR_MEMORY: Final = 0.93  # an act
_AT_AUCTION_SHARE: Final = 0.30
_AUCTION_SPREAD_STEPS: Final = 2.6


class _Role(Enum):
    MAKER = auto()
    TAKER = auto()
    FOLLOWER = auto()
    REVERTER = auto()
    WITHDRAWER = auto()
    ODD_LOTTER = auto()


class Sender(Protocol):
    """Carries the agents' orders to the exchange."""

    now_ms: int
    minute: int
    pace: float

    def send(self, desk: Desk, side: Side, order_type: OrderType, price_vnd: int, quantity: int) -> None: ...
    def withdraw(self, desk: Desk, order_id: int) -> None: ...


def act_in_auction(sender: Sender, desk: Desk, fair_vnd: float) -> None:
    rng, is_opening = desk.rng, desk.security.session is Session.ATO
    side = Side.BUY if rng.random() < 0.5 else Side.SELL
    quantity = desk.auction_quantity(is_opening=is_opening, pace=sender.pace)
    if rng.random() < _AT_AUCTION_SHARE:
        sender.send(desk, side, OrderType.ATO if is_opening else OrderType.ATC, 0, quantity)
        return
    away = rng.gauss(0.8, _AUCTION_SPREAD_STEPS) * desk.steps_wide  # negative ones are willing to cross
    sender.send(desk, side, OrderType.LO, _away(desk, side, fair_vnd, away), quantity)


def act_in_continuous(sender: Sender, desk: Desk, fair_vnd: float) -> None:
    book = desk.security.book
    bid_vnd, ask_vnd = book.best_bid(), book.best_ask()
    if bid_vnd is None or ask_vnd is None:
        _quote(sender, desk, Side.BUY if bid_vnd is None else Side.SELL, fair_vnd)
        return
    threshold_vnd = _CHASE_STEPS * desk.step_vnd(fair_vnd)
    if fair_vnd > ask_vnd + threshold_vnd:
        _chase(sender, desk, Side.BUY, ask_vnd, fair_vnd)
    elif fair_vnd < bid_vnd - threshold_vnd:
        _chase(sender, desk, Side.SELL, bid_vnd, fair_vnd)
    else:
        _play(sender, desk, bid_vnd, ask_vnd, fair_vnd)
    desk.anchor_vnd += (desk.security.last_or_reference_vnd - desk.anchor_vnd) * (1 - _ANCHOR_MEMORY)


def act_after_hours(sender: Sender, desk: Desk) -> None:
    """A little at the closing price, where there is one."""
    if desk.security.closing_vnd:
        side = Side.BUY if desk.rng.random() < 0.5 else Side.SELL
        sender.send(desk, side, OrderType.PLO, 0, desk.taken_quantity(_BEFORE_THE_CLOSE, sender.pace))


def fill_book(sender: Sender, desk: Desk, fair_vnd: float) -> None:
    """Stand some levels deep on both sides; fewer in a security that hardly trades."""
    levels = max(1, round(LADDER_LEVELS / desk.steps_wide**1.2))
    book = desk.security.book
    for side in Side:
        for level in range(levels - len(book.depth(side, levels))):
            price_vnd = _away(desk, side, fair_vnd, (level + 0.5) * desk.steps_wide)
            quantity = desk.sized(desk.level_quantity() * _deepness(level)) or desk.lot
            sender.send(desk, side, OrderType.LO, price_vnd, quantity)


def _role(desk: Desk) -> _Role:
    population, chance = desk.population, desk.rng.random()
    if len(desk.resting) > _RESTING_MAX and desk.rng.random() < _TIDIES_UP:
        return _Role.WITHDRAWER
    for share, role in (
        (population.takers, _Role.TAKER),
        (population.withdrawals, _Role.WITHDRAWER),
        (population.reverting, _Role.REVERTER),
        (population.momentum, _Role.FOLLOWER),
        (population.odd_lots, _Role.ODD_LOTTER),
    ):
        chance -= share
        if chance < 0:
            return role
    return _Role.MAKER


def _play(sender: Sender, desk: Desk, bid_vnd: int, ask_vnd: int, fair_vnd: float) -> None:
    moved_vnd = desk.security.last_or_reference_vnd - desk.anchor_vnd
    has_moved = abs(moved_vnd) > desk.step_vnd(fair_vnd)
    match _role(desk):
        case _Role.TAKER:
            _take(sender, desk, _preferred_side(sender, desk), bid_vnd, ask_vnd)
        case _Role.WITHDRAWER:
            _withdraw(sender, desk)
        case _Role.FOLLOWER if has_moved:
            _take(sender, desk, Side.BUY if moved_vnd > 0 else Side.SELL, bid_vnd, ask_vnd)
        case _Role.REVERTER if has_moved:
            _take(sender, desk, Side.SELL if moved_vnd > 0 else Side.BUY, bid_vnd, ask_vnd)
        case _Role.ODD_LOTTER:
            _send_odd_lot(sender, desk, bid_vnd, ask_vnd)
        case _:
            _make(sender, desk, bid_vnd, ask_vnd, fair_vnd)


def _make(sender: Sender, desk: Desk, bid_vnd: int, ask_vnd: int, fair_vnd: float) -> None:
    """Narrow the spread where it is wide, else join one of the levels that hold less than usual."""
    rng, book = desk.rng, desk.security.book
    step_vnd = desk.step_vnd(fair_vnd)
    side = _thin_side(desk) or (Side.BUY if rng.random() < 0.5 else Side.SELL)
    best_vnd = bid_vnd if side is Side.BUY else ask_vnd
    if ask_vnd - bid_vnd > step_vnd * rng.uniform(1.0, 2.0 * desk.steps_wide):
        inner_vnd = desk.towards(side, best_vnd)
        room_vnd = fair_vnd - inner_vnd if side is Side.BUY else inner_vnd - fair_vnd
        if room_vnd > -0.3 * step_vnd:
            sender.send(desk, side, OrderType.LO, inner_vnd, desk.sized(desk.level_quantity() * 0.5))
            return
    level = min(9, int(rng.expovariate(0.55)))
    if (price_vnd := desk.beyond(side, best_vnd, level)) == best_vnd and _is_thin(desk, side):
        level = min(LADDER_LEVELS, book.price_count(side))
        price_vnd = desk.beyond(side, best_vnd, level)
    if book.quantity_at(side, price_vnd) < desk.level_quantity() * _deepness(level) * 1.6:
        sender.send(desk, side, OrderType.LO, price_vnd, desk.sized(desk.level_quantity() * 0.35 * _deepness(level)))
    else:
        _withdraw(sender, desk)


def _is_thin(desk: Desk, side: Side) -> bool:
    """Whether so few prices stand there that a large order could run through them."""
    wanted = max(1, round(_LEVELS_KEPT / desk.steps_wide))
    return desk.security.book.price_count(side) < wanted


def _thin_side(desk: Desk) -> Side | None:
    return next((side for side in Side if _is_thin(desk, side)), None)


def _chase(sender: Sender, desk: Desk, side: Side, stale_vnd: int, fair_vnd: float) -> None:
    """The value has left a quote behind: most of its makers withdraw, the informed take the rest and stand there."""
    for order_id, (order_side, price_vnd) in list(desk.resting.items()):
        is_stale = price_vnd <= stale_vnd if side is Side.BUY else price_vnd >= stale_vnd
        if order_side is not side and is_stale and desk.rng.random() < _GIVES_WAY:
            sender.withdraw(desk, order_id)
    reach_vnd = desk.valid(side, fair_vnd)
    limit_vnd = max(stale_vnd, reach_vnd) if side is Side.BUY else min(stale_vnd, reach_vnd)
    in_the_way = desk.security.book.quantity_at(side.opposite, stale_vnd)
    quantity = in_the_way + desk.sized(desk.level_quantity() * 0.5)
    sender.send(desk, side, OrderType.LO, limit_vnd, min(quantity, desk.order_quantity_max))


def _take(sender: Sender, desk: Desk, side: Side, bid_vnd: int, ask_vnd: int) -> None:
    """Mostly no more than stands at the best price, else up to the next one; some are market orders."""
    price_vnd = ask_vnd if side is Side.BUY else bid_vnd
    quantity = desk.taken_quantity(sender.minute, sender.pace)
    if desk.rng.random() < 0.1:
        sender.send(desk, side, OrderType.LO, desk.towards(side, price_vnd), quantity)
        return
    quantity = min(quantity, desk.security.book.quantity_at(side.opposite, price_vnd))
    if desk.rng.random() < 0.15 and desk.security.market is not Market.UPCOM:
        sender.send(desk, side, OrderType.MTL, 0, quantity)
    else:
        sender.send(desk, side, OrderType.LO, price_vnd, quantity)


def _withdraw(sender: Sender, desk: Desk) -> None:
    """Mostly old orders; one that has traded meanwhile is only forgotten."""
    if desk.resting:
        index = int(len(desk.resting) * desk.rng.random() ** 2)
        order_id = list(desk.resting)[index]
        if not _is_thin(desk, desk.resting[order_id][0]):
            sender.withdraw(desk, order_id)


def _quote(sender: Sender, desk: Desk, side: Side, fair_vnd: float) -> None:
    away = (0.5 + desk.rng.random()) * desk.steps_wide
    sender.send(
        desk, side, OrderType.LO, _away(desk, side, fair_vnd, away), desk.sized(desk.level_quantity()) or desk.lot
    )


def _send_odd_lot(sender: Sender, desk: Desk, bid_vnd: int, ask_vnd: int) -> None:
    if desk.lot == 1:
        return
    rng = desk.rng
    side = Side.BUY if rng.random() < 0.5 else Side.SELL
    near_vnd, far_vnd = (bid_vnd, ask_vnd) if side is Side.BUY else (ask_vnd, bid_vnd)
    price_vnd = far_vnd if rng.random() < 0.4 else desk.beyond(side, near_vnd, int(rng.expovariate(0.7)))
    sender.send(desk, side, OrderType.LO, price_vnd, rng.randrange(1, desk.lot))


def _preferred_side(sender: Sender, desk: Desk) -> Side:
    """Takers of a few minutes lean to one side: the drift decays and is pushed anew."""
    elapsed_ms, desk.drift_ms = sender.now_ms - desk.drift_ms, sender.now_ms
    memory = math.exp(-elapsed_ms / _DRIFT_MEMORY_MS)
    desk.drift = desk.drift * memory + desk.rng.gauss(0.0, math.sqrt(1 - memory * memory))
    return Side.BUY if desk.rng.random() < 0.5 + 0.47 * math.tanh(desk.drift * 2.2) else Side.SELL


def _away(desk: Desk, side: Side, fair_vnd: float, steps: float) -> int:
    """A valid price so many steps from the value."""
    distance_vnd = steps * desk.step_vnd(fair_vnd)
    return desk.valid(side, fair_vnd - distance_vnd if side is Side.BUY else fair_vnd + distance_vnd)


def _deepness(level: int) -> float:
    """Levels behind the best hold more, as in SSI's documented X-QUOTE; far ones less again."""
    return (1.0, 1.5, 1.6, 1.3, 1.1, 0.9, 0.7, 0.6, 0.5, 0.4)[min(level, 9)]
