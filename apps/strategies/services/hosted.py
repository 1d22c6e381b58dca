"""A strategy in its confined process, where the backtest's engine wants a strategy of its own process.

So a backtest asks the very process that the live desk asks, whoever wrote the file, and what it is asked and answers
can be written down.
"""

from collections.abc import Callable
from datetime import time
from typing import Any

from qts.adapters.sandbox.host import StrategyHost
from qts.backtest.trace import Decided, Event, Note, Witness, asked_at_ms, event_key, intents_acted_on
from qts.domain.strategy import Context, Intent, Parameters, Strategy


class Trace:
    """What one strategy was asked, saw and wanted from `since_ms` on; before, nobody asks it."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.decided: list[Decided] = []
        self.notes: list[Note] = []
        self.asked_keys: list[str] = []
        self._witness = Witness()
        self._fills = 0

    def ask(self, host: StrategyHost, event: Event, context: Context) -> tuple[Intent, ...]:
        if asked_at_ms(event) <= self.since_ms:
            return ()
        seen = context._replace(universe=self._since(context))
        self._fills += 1
        key = event_key(event, fill_id=f"model-{self._fills}")
        note = self._witness.asked(key, event, seen)
        if note is not None:
            self.notes.append(note)
        self.asked_keys.append(key)
        intents = host.ask(event, seen)
        acted_on = intents_acted_on(intents, getattr(event, "symbol", ""))
        self.decided += [Decided.of(event, seen, one, key=key, number=place) for place, one in acted_on]
        return intents

    def _since(self, context: Context) -> dict[str, Any]:
        """Only symbols that have had a bar since then, as for a strategy that was started then."""
        return {name: state for name, state in context.universe.items() if asked_at_ms(state.bar) > self.since_ms}


def hosted(host: StrategyHost, trace: Trace) -> Strategy[Any]:
    """Has the handlers that the strategy in the process has, and no others."""

    def ask(_self: Strategy[Any], event: Event, context: Context) -> tuple[Intent, ...]:
        return trace.ask(host, event, context)

    def indicator_names(_self: Strategy[Any]) -> tuple[str, ...]:
        return tuple(host.indicator_names)

    def timers(_self: Strategy[Any]) -> tuple[time, ...]:
        return tuple(time(minute // 60, minute % 60) for minute in host.timers)

    handlers: dict[str, Callable[..., Any]] = dict.fromkeys(("on_bar", "on_tick", "on_book", "on_timer"), ask)
    handlers |= {name: ask for name, is_wanted in _optional(host).items() if is_wanted}
    wants = {f"wants_{name}": getattr(host, f"wants_{name}") for name in ("ticks", "book", "universe", "equity")}
    told = {"indicator_names": indicator_names, "timers": timers}
    kind = type("Hosted", (Strategy,), {**handlers, **told, **wants})
    made: Strategy[Any] = kind(Parameters())
    return made


def _optional(host: StrategyHost) -> dict[str, bool]:
    return {"on_fill": host.wants_fills, "on_session": host.wants_sessions}
