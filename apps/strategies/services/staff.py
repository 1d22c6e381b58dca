"""The processes of the running strategies: who starts, who leaves, who goes on with another version."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog

from apps.marketdata import selectors as marketdata
from apps.strategies.models import Strategy, StrategyStatus
from apps.strategies.selectors.code import code_of_strategy
from apps.strategies.selectors.promotions import mode_problems
from apps.strategies.services.lifecycle import fail_strategy
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.adapters.sandbox.messages import Event
from qts.backtest.trace import Note, Witness, asked_at_ms
from qts.domain.market import MINUTE_MS
from qts.domain.strategy import Context, Intent
from qts.domain.strategy.deciding import PolicyWrong, parse_policy
from qts.quant.indicators import problems_of

log = structlog.get_logger(__name__)

INTENTS_PER_MINUTE_MAX = 6_000  # each becomes a row that says why, orders or not; 1,600 symbols' bars ask for 1,600


@dataclass(slots=True)
class Employed:
    """One running strategy in its process; it has heard of every timer until `told_at`."""

    strategy: Strategy
    host: StrategyHost
    told_at: datetime
    witness: Witness = field(default_factory=Witness)
    notes: list[Note] = field(default_factory=list)  # that are not written down yet
    heard: set[str] = field(default_factory=set)  # symbols of which it has had a bar since it was started
    minute: int = 0  # of the market, in which it has answered with so many intents:
    intent_count: int = 0

    def answers_too_much(self, event: Event, intents: int) -> bool:
        """By the market's minutes, so that a replay comes to the same."""
        if (minute := asked_at_ms(event) // MINUTE_MS) != self.minute:
            self.minute, self.intent_count = minute, 0
        self.intent_count += intents
        return self.intent_count > INTENTS_PER_MINUTE_MAX

    def note(self, key: str, event: Event, context: Context) -> None:
        if found := self.witness.asked(key, event, context):
            self.notes.append(found)

    def note_old(self, key: str, event: Event) -> None:
        if found := self.witness.passed_over(key, event):
            self.notes.append(found)


class Staff:
    """One thread's. What a strategy breaks is told where people see it, and the others go on.

    `goes_on` renews the lease: it is asked before each process is started, which takes a second on a busy machine and
    is not done once the lease is lost, and before each question.
    """

    def __init__(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        self._employed: dict[UUID, Employed] = {}
        self._goes_on = goes_on

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for strategy_id in list(self._employed):
            self._dismiss(strategy_id)

    def __iter__(self) -> Iterator[Employed]:
        """One by one: what one of them does may be the end of another."""
        for strategy_id in list(self._employed):
            if (one := self._employed.get(strategy_id)) is not None:
                yield one

    def __contains__(self, strategy: Strategy) -> bool:
        return strategy.id in self._employed

    def refresh(self) -> None:
        """One query; starts the processes of strategies started since, ends those of the stopped ones."""
        running = {one.id: one for one in Strategy.objects.filter(status=StrategyStatus.RUNNING)}
        for strategy_id, known in list(self._employed.items()):
            strategy = running.get(strategy_id)
            if strategy is None or strategy.run != known.strategy.run:
                self._dismiss(strategy_id)
            elif strategy.code_hash != known.strategy.code_hash:
                self._succeed(known, strategy)
        for strategy_id, strategy in running.items():
            if strategy_id not in self._employed:
                if not self._goes_on():
                    return
                self._employ(strategy, None)

    def ask(self, one: Employed, event: Event, context: Context) -> tuple[Intent, ...]:
        """What it wants; nothing more of it when it breaks."""
        self._goes_on()  # on a busy machine an answer takes a while, and there may be many to ask
        try:
            intents = one.host.ask(event, context)
        except StrategyHostError as error:
            self._fail(one.strategy, str(error))
            return ()
        if one.host.printed:
            log.info("strategy_printed", strategy=one.strategy.name, text=one.host.printed)
        if one.answers_too_much(event, len(intents)):
            self._fail(one.strategy, f"runaway: more than {INTENTS_PER_MINUTE_MAX:,} answers in a minute of the market")
            return ()
        return intents

    def _succeed(self, known: Employed, strategy: Strategy) -> None:
        """The new version takes over between two events. Where it cannot, the strategy is off: nobody guesses on."""
        state: Mapping[str, object] | None = None
        if strategy.keeps_state:
            try:
                state = known.host.hand_over()
            except StrategyHostError as error:
                self._fail(strategy, f"the version before did not hand over: {error}")
                return
        self._dismiss(strategy.id)
        self._employ(strategy, state)

    def _employ(self, strategy: Strategy, state: Mapping[str, object] | None) -> None:
        try:
            code = code_of_strategy(strategy)
            parse_policy(strategy.decision_policy)
            problems = mode_problems(strategy)
            if problems:
                self._fail(strategy, " ".join(problems))
                return
            host = StrategyHost(strategy.class_key, strategy.parameters, source=code.source, state=state)
        except KeyError as error:
            self._fail(strategy, f"its code is not there: {error}")
            return
        except (StrategyHostError, PolicyWrong) as error:
            self._fail(strategy, str(error))
            return
        if problems := problems_of(host.indicator_names):
            host.close()
            self._fail(strategy, " ".join(problems))
            return
        log.info("strategy_confined", strategy=strategy.name, code=strategy.code_hash[:8], layers=host.layers)
        now = marketdata.market_now()
        witness = Witness(clock_ms=round(now.timestamp() * 1_000))
        self._employed[strategy.id] = Employed(strategy, host, now, witness)

    def _fail(self, strategy: Strategy, reason: str) -> None:
        log.warning("strategy_failed", strategy=strategy.name, error=reason)
        self._dismiss(strategy.id)
        fail_strategy(strategy.id, reason=reason, now=marketdata.market_now())

    def _dismiss(self, strategy_id: UUID) -> None:
        one = self._employed.pop(strategy_id, None)
        if one is not None:
            one.host.close()
