"""The decision engine in a backtest, and what others had published and offered by each moment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from qts.backtest.account import Account, Market, Stake
from qts.backtest.result import Refusal
from qts.backtest.spec import BacktestSpec
from qts.backtest.venue import Venue
from qts.domain.strategy import (
    NO_SIGNALS,
    Act,
    Bar,
    Book,
    Intent,
    PlaceOrder,
    PublishedSignal,
    SignalBoard,
    Source,
    Standing,
)
from qts.domain.strategy.deciding import Asked, Decided, DecisionEngine, Position
from qts.domain.strategy.position_size import Facts, Peer
from qts.domain.values import Side

DECISIONS_KEPT_MAX: Final = 10_000


class Seated(Protocol):
    """One strategy at one symbol: what it holds there, the symbol's last bar and its mean true range."""

    stake: Stake
    market: Market
    last: Bar | None
    atr_vnd: float | None


Seats = Mapping[tuple[int, str], Seated]
Ordering = Callable[[int, Act, int, str], None]


class Weighing:
    """`decisions` are what the sources came to, the first DECISIONS_KEPT_MAX of them, with their reasoning.

    `order` carries out what was decided, at the last price of its symbol.
    """

    def __init__(self, spec: BacktestSpec, seats: Seats, account: Account, venue: Venue, order: Ordering) -> None:
        self._spec, self._seats, self._account, self._venue, self._order = spec, seats, account, venue, order
        self._board = SignalBoard()
        self._engines = [DecisionEngine(part.policy, self._board) for part in spec.parts]
        self._signals: Sequence[PublishedSignal] = sorted(spec.signals, key=lambda one: one.ts_known_ms)
        self._next = 0
        self.decisions: list[Decided] = []

    @property
    def is_fed(self) -> bool:
        return bool(self._signals)

    @property
    def indicator_names(self) -> tuple[str, ...]:
        return tuple(name for engine in self._engines for name in engine.policy.size.indicator_names)

    def standing(self, symbol: str, ts_ms: int) -> tuple[Standing, Standing]:
        """What had been published by then, and nothing that became known later. Moments come in their order."""
        if not self._signals:
            return NO_SIGNALS, NO_SIGNALS
        while self._next < len(self._signals) and self._signals[self._next].ts_known_ms <= ts_ms:
            self._board.take(self._signals[self._next])
            self._next += 1
        board = self._board
        return board.standing(Source.PREDICTION, symbol, ts_ms), board.standing(Source.SENTIMENT, symbol, ts_ms)

    def act(self, part: int, intents: Sequence[Intent], symbol: str, ts_start_ms: int, key: str) -> None:
        """What a strategy wants that has a policy, or has given signals to be weighed."""
        ts_ms = ts_start_ms + self._spec.period.length_ms
        for wish in self._engines[part].take(intents, symbol, ts_ms, key):
            if wish.act is not None:
                self._carry_out(part, wish.symbol, wish.act, ts_start_ms)
            else:
                self._decide(part, wish.symbol, ts_start_ms)

    def look_again(self, stake: Stake, ts_start_ms: int) -> None:
        """Others may have published something that changes what is done."""
        ts_ms = ts_start_ms + self._spec.period.length_ms
        if self._engines[stake.part].is_due(stake.symbol, ts_ms, Position(stake.held, stake.working)):
            self._decide(stake.part, stake.symbol, ts_start_ms)

    def _decide(self, part: int, symbol: str, ts_start_ms: int) -> None:
        seat, ts_ms = self._seats.get((part, symbol)), ts_start_ms + self._spec.period.length_ms
        if seat is None:
            self._venue.refusals.append(Refusal(ts_ms, symbol, "", f"it does not trade {symbol}"))
            return
        round_lot = self._venue.lot(seat.market)
        position = Position(seat.stake.held, seat.stake.working)
        decided = self._engines[part].decide(Asked(symbol, ts_ms, position, lambda: self._facts(seat), round_lot))
        if len(self.decisions) < DECISIONS_KEPT_MAX:
            self.decisions.append(decided)
        if decided.target is None:
            refusal = Refusal(ts_ms, symbol, decided.signal, decided.reasoning.outcome.reason)
            self._venue.refusals.append(refusal)
        else:
            self._carry_out(part, symbol, decided.target, ts_start_ms)

    def _carry_out(self, part: int, symbol: str, act: Act, ts_start_ms: int) -> None:
        seat, refused_before = self._seats.get((part, symbol)), len(self._venue.refusals)
        planned = seat.stake.held + seat.stake.working if seat is not None else 0
        self._order(part, act, ts_start_ms, symbol)
        if len(self._venue.refusals) == refused_before:
            ts_ms = ts_start_ms + self._spec.period.length_ms
            side = act.side if isinstance(act, PlaceOrder) else Side.BUY if act.quantity > planned else Side.SELL
            self._engines[part].note_order(symbol, ts_ms, side)

    def _facts(self, seat: Seated) -> Facts:
        peers = [
            Peer(other.last.close_vnd if other.last else None, other.atr_vnd)
            for (part, symbol), other in self._seats.items()
            if part == seat.stake.part and symbol != seat.stake.symbol
        ]
        price_vnd = seat.last.close_vnd if seat.last else 0
        return Facts(price_vnd, self._account.equity_vnd(), seat.atr_vnd, peers)


class Books:
    """Recorded order books, by symbol: of each the latest that was there by a moment, told once to each part."""

    def __init__(self, books: Sequence[Book]) -> None:
        self._recorded: dict[str, list[Book]] = {}
        self._told: dict[tuple[int, str], int] = {}
        for book in sorted(books, key=lambda one: one.ts_exchange_ms):
            self._recorded.setdefault(book.symbol, []).append(book)

    def take(self, stake: Stake, ts_ms: int) -> Book | None:
        recorded, about = self._recorded.get(stake.symbol, []), (stake.part, stake.symbol)
        told = reached = self._told.get(about, 0)
        while reached < len(recorded) and recorded[reached].ts_exchange_ms <= ts_ms:
            reached += 1
        self._told[about] = reached
        return recorded[reached - 1] if reached > told else None
