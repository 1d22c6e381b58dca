"""One strategy's decision engine: hears what the strategy says, looks at what others have published, names a target.

Deterministic and without a clock: what is asked at the same moment after the same events is answered alike, so a
backtest and the live desk, which both ask here, come to the same decisions.

What is held stays until the sources speak against it. Three things stop an entry and never an exit: a needed source
that is missing, a cooldown, and a veto.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from qts.domain.strategy.deciding.policy import DecisionPolicy, SourceTerms
from qts.domain.strategy.deciding.reasoning import (
    Input,
    InputState,
    Outcome,
    Reasoning,
    Ruling,
    input_of,
    missing,
)
from qts.domain.strategy.deciding.resolving import Opinion, Resolved, mean_percent, resolve
from qts.domain.strategy.interface import SIGNAL_LENGTH_MAX, Act, Intent, Signal, TargetPosition
from qts.domain.strategy.position_size import Facts, Size, Sized, lots_of
from qts.domain.strategy.published import VALID_FOREVER_S, PublishedSignal, SignalBoard, Source
from qts.domain.values import Side

RULES_PER_SYMBOL_MAX: Final = 50
SYMBOLS_HEARD_MAX: Final = 2_000  # more than are listed: what is heard of others is forgotten
_SECOND_MS: Final = 1_000


class Position(NamedTuple):
    """What the strategy itself holds of a symbol, and the signed open remainder of its orders."""

    held: int
    working: int


class Asked(NamedTuple):
    """`facts` is asked only where something is to be sized."""

    symbol: str
    ts_ms: int
    position: Position
    facts: Callable[[], Facts]
    round_lot: int


class Wish(NamedTuple):
    """`act` is None where the strategy gave signals, which are to be weighed. `number` is the place in its answer."""

    number: int
    symbol: str
    act: Act | None


class Decided(NamedTuple):
    """`target` is None where it came to nothing; the reasoning says why. `signal` says it in one line."""

    target: TargetPosition | None
    signal: str
    reasoning: Reasoning


class Recalled(NamedTuple):
    """Of one symbol: what the strategy said that may still stand; when it was last decided for, ordered and left."""

    said: Sequence[PublishedSignal] = ()
    looked_ms: int | None = None
    ordered_ms: int | None = None
    left_ms: int | None = None


class _Gathered(NamedTuple):
    inputs: list[Input]
    opinions: list[Opinion]
    silent: list[SourceTerms]


SizeMade = tuple[Size, Facts, int, Sized]


class DecisionEngine:
    """Of one strategy; the board is everybody's."""

    def __init__(self, policy: DecisionPolicy, board: SignalBoard) -> None:
        self.policy, self._board = policy, board
        self._said: dict[str, dict[str, PublishedSignal]] = {}
        self._looked_ms: dict[str, int] = {}
        self._ordered_ms: dict[str, int] = {}
        self._left_ms: dict[str, int] = {}

    def take(self, intents: Sequence[Intent], symbol: str, ts_ms: int, key: str) -> list[Wish]:
        """An answer in its order. All signals about one symbol are weighed once, at the place of the first of them."""
        wishes: dict[tuple[str, int], Wish] = {}
        for number, intent in enumerate(intents):
            about = intent.symbol or symbol
            if isinstance(intent, Signal):
                self._hear(intent, about, ts_ms, f"{key}:{number}")
                wishes.setdefault((about, -1), Wish(number, about, None))
            else:
                wishes[about, number] = Wish(number, about, intent)
        return list(wishes.values())

    def is_due(self, symbol: str, ts_ms: int, position: Position) -> bool:
        """Whether others have published something since this was last looked at that may change what is done.

        A strategy that was never heard about the symbol is not decided for, unless its policy does without it.
        """
        if not self.policy.listens:
            return False
        news = [
            one.ts_known_ms
            for terms in self.policy.sources
            if terms.source is not Source.TECHNICAL
            for one in self._board.standing(terms.source, symbol, ts_ms).values()
            if not terms.names or one.name in terms.names
        ]
        looked_ms = self._looked_ms.setdefault(symbol, ts_ms)  # what was there before it began is no news
        if not news or max(news) <= looked_ms:
            return False
        self._looked_ms[symbol] = ts_ms
        if self._hears_strategy and not self._said.get(symbol):
            return False
        return position != (0, 0) or not any(terms.is_needed for terms in self._gather(symbol, ts_ms).silent)

    def decide(self, question: Asked) -> Decided:
        symbol, ts_ms = question.symbol, question.ts_ms
        self._looked_ms[symbol] = ts_ms
        gathered = self._gather(symbol, ts_ms)
        resolved = resolve(self.policy, gathered.opinions)
        code, reason = self._rule(question, gathered, resolved)
        size = self._size(question) if code is Ruling.ENTER else None
        quantity = 0
        if size is not None:
            quantity, why_less = size[3].quantity, size[3].reason
            code = code if quantity else Ruling.SIZE_IS_NOTHING
            reason += "" if quantity else f"; {why_less}"
        without = " and ".join(terms.source.value for terms in gathered.silent)
        outcome = Outcome(
            code, resolved.direction, resolved.score_percent, f"{reason}; without {without}" if without else reason
        )
        signal = self._told(symbol, outcome.reason)
        target = TargetPosition(quantity, signal, symbol) if code in {Ruling.ENTER, Ruling.LEAVE} else None
        inputs = [*gathered.inputs, *self._repeats(symbol, ts_ms)]
        return Decided(target, signal, Reasoning(ts_ms, inputs, self.policy, outcome, size))

    def note_order(self, symbol: str, ts_ms: int, side: Side) -> None:
        """An order went out: its cooldowns begin."""
        self._ordered_ms[symbol] = ts_ms
        if side is Side.SELL:
            self._left_ms[symbol] = ts_ms

    def recall(self, symbol: str, known: Recalled) -> None:
        """What it knew before its process began anew."""
        self._said[symbol] = {one.name: one for one in known.said}
        for kept, ts_ms in (
            (self._looked_ms, known.looked_ms),
            (self._ordered_ms, known.ordered_ms),
            (self._left_ms, known.left_ms),
        ):
            if ts_ms is not None:
                kept[symbol] = ts_ms

    def standing(self, symbol: str, ts_ms: int) -> list[PublishedSignal]:
        """All that others have published about it, whether the policy hears it or not."""
        return [
            one
            for source in (Source.PREDICTION, Source.SENTIMENT)
            for one in self._board.standing(source, symbol, ts_ms).values()
        ]

    @property
    def _hears_strategy(self) -> bool:
        return any(terms.source is Source.TECHNICAL for terms in self.policy.sources)

    def _hear(self, said: Signal, symbol: str, ts_ms: int, signal_id: str) -> None:
        rules = self._said.setdefault(symbol, {})
        if len(self._said) > SYMBOLS_HEARD_MAX:
            del self._said[next(iter(self._said))]
        rules.pop(said.rule, None)
        rules[said.rule] = PublishedSignal(
            signal_id, Source.TECHNICAL, symbol, said.rule, said.direction, said.strength_percent, 0.0, ts_ms, ts_ms,
            VALID_FOREVER_S, said.signal,
        )  # fmt: skip
        if len(rules) > RULES_PER_SYMBOL_MAX:
            del rules[next(iter(rules))]

    def _gather(self, symbol: str, ts_ms: int) -> _Gathered:
        found = _Gathered([], [], [])
        for terms in self.policy.sources:
            if terms.source is Source.TECHNICAL:
                standing: Iterable[PublishedSignal] = self._said.get(symbol, {}).values()
            else:
                standing = self._board.standing(terms.source, symbol, ts_ms).values()
            inputs = _heard(terms, list(standing), ts_ms)
            counted = [(1, one.direction * one.strength_percent) for one in inputs if one.state is InputState.COUNTED]
            if counted:
                found.opinions.append(Opinion(terms, mean_percent(counted)))
            else:
                found.silent.append(terms)
            found.inputs.extend(inputs)
        asked = {terms.source for terms in self.policy.sources}
        for one in self.standing(symbol, ts_ms):
            if one.source not in asked:
                found.inputs.append(input_of(one, InputState.NOT_ASKED, ts_ms, None))
        return found

    def _rule(self, question: Asked, gathered: _Gathered, resolved: Resolved) -> tuple[Ruling, str]:
        """Before anything is sized."""
        held, working = question.position
        if resolved.direction < 0:
            if held <= 0 and working <= 0:
                return Ruling.NOTHING_TO_LEAVE, f"{resolved.reason}; nothing is held"
            return Ruling.LEAVE, resolved.reason
        if lacking := [terms.source.value for terms in gathered.silent if terms.is_needed]:
            return Ruling.NEEDED_SOURCE_MISSING, f"{' and '.join(lacking)} is needed and says nothing that counts"
        if resolved.direction == 0:
            return Ruling.VETOED if resolved.against else Ruling.UNDECIDED, resolved.reason
        if held + working > 0:
            return Ruling.ALREADY_IN, f"{resolved.reason}; it is held or being bought already"
        return self._cooldown(question.symbol, question.ts_ms) or (Ruling.ENTER, resolved.reason)

    def _size(self, question: Asked) -> SizeMade:
        asked = question.facts()
        sized = lots_of(self.policy.size, asked, question.round_lot)
        return self.policy.size, asked, question.round_lot, sized

    def _repeats(self, symbol: str, ts_ms: int) -> list[Input]:
        return [
            input_of(one, InputState.DUPLICATE, ts_ms, self._terms_of(one)) for one in self._board.take_repeats(symbol)
        ]

    def _cooldown(self, symbol: str, ts_ms: int) -> tuple[Ruling, str] | None:
        for code, since, cooldown_s in (
            (Ruling.COOLDOWN_AFTER_EXIT, self._left_ms, self.policy.cooldown_after_exit_s),
            (Ruling.COOLDOWN_AFTER_ORDER, self._ordered_ms, self.policy.cooldown_after_order_s),
        ):
            if symbol in since and ts_ms - since[symbol] < cooldown_s * _SECOND_MS:
                gone_s = (ts_ms - since[symbol]) // _SECOND_MS
                what = "it left" if code is Ruling.COOLDOWN_AFTER_EXIT else "its last order"
                return code, f"{gone_s} s since {what}, of {cooldown_s} s to wait"
        return None

    def _told(self, symbol: str, reason: str) -> str:
        said = "; ".join(one.reason for one in self._said.get(symbol, {}).values() if one.reason)
        return (f"{said} ({reason})" if said else reason)[:SIGNAL_LENGTH_MAX]

    def _terms_of(self, signal: PublishedSignal) -> SourceTerms | None:
        return next((terms for terms in self.policy.sources if terms.source == signal.source), None)


def _heard(terms: SourceTerms, standing: Sequence[PublishedSignal], ts_ms: int) -> list[Input]:
    """What one source says, and what of it counts; what it does not say."""
    inputs = [input_of(one, _state(terms, one, ts_ms), ts_ms, terms) for one in standing]
    told = {one.name for one in standing}
    inputs += [missing(terms, name) for name in terms.names if name not in told]
    return inputs or [missing(terms)]


def _state(terms: SourceTerms, signal: PublishedSignal, ts_ms: int) -> InputState:
    if terms.names and signal.name not in terms.names:
        return InputState.NOT_ASKED
    if ts_ms - signal.ts_made_ms > terms.age_s_max * _SECOND_MS:
        return InputState.TOO_OLD
    if signal.strength_percent < terms.strength_percent_min:
        return InputState.BELOW_CONFIDENCE
    return InputState.COUNTED
