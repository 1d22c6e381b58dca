"""The child's side: `python -m qts.adapters.sandbox.child`, started by StrategyHost only."""

import os
import sys
from collections.abc import Callable
from io import TextIOBase
from typing import Any

import msgspec

from qts.adapters.sandbox.confinement import confine
from qts.adapters.sandbox.loading import load, problem_of
from qts.adapters.sandbox.messages import (
    Answer,
    Confine,
    Confined,
    Decided,
    Failed,
    HandedOver,
    HandOver,
    Load,
    Loaded,
    OnBar,
    OnBook,
    OnFill,
    OnSession,
    OnTick,
    OnTimer,
    Request,
    Start,
    Started,
    Told,
    as_wire,
    request_decoder,
)
from qts.domain.strategy import Strategy, describe_parameters, intents_of, parse_parameters, wants_of

PRINTED_CHARACTERS_MAX = 2_000  # between two answers
WANTED = ("ticks", "book", "fills", "sessions", "universe", "equity")


class _Printed(TextIOBase):
    """Where print() goes: the beginning of it travels with the next answer, the rest is forgotten."""

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if len(self._kept) < PRINTED_CHARACTERS_MAX:
            self._kept = (self._kept + text)[:PRINTED_CHARACTERS_MAX]
        return len(text)

    def take(self) -> str:
        if not self._kept:
            return ""
        kept, self._kept = self._kept, ""
        return kept


class _Stage:
    """What is loaded and started so far."""

    def __init__(self, printed: _Printed) -> None:
        self._printed = printed
        self._cls: type[Strategy[Any]] | None = None
        self._strategy: Strategy[Any] | None = None
        self._handlers: dict[type[Request], Callable[[Any, Any], Any]] = {}

    def answer(self, request: Request) -> Answer:
        handler = self._handlers.get(type(request))
        if handler is not None:
            wanted = intents_of(handler(request.event, request.context))  # type: ignore[union-attr]  # a question
            return Decided(request.number, as_wire(wanted), self._printed.take())
        if isinstance(request, Confine):
            return Confined(request.number, confine(request.readable))
        if isinstance(request, Load):
            return self._load(request)
        if isinstance(request, Start):
            return self._start(request)
        if isinstance(request, HandOver):
            return self._hand_over(request)
        raise RuntimeError("a strategy is confined, loaded and started before it is asked")

    def _load(self, request: Load) -> Loaded:
        cls = self._cls = load(request)
        told = tuple(Told.of(one) for one in describe_parameters(cls.parameters_class))
        return Loaded(request.number, cls.title, cls.summary, told)

    def _start(self, request: Start) -> Started:
        if self._cls is None:
            raise RuntimeError("a strategy is loaded before it is started")
        strategy = self._cls(parse_parameters(self._cls.parameters_class, request.parameters))
        wants = wants_of(strategy)
        if request.state is not None:
            strategy.take_over(request.state)
        self._strategy = strategy
        self._handlers = {
            OnBar: strategy.on_bar,
            OnTick: strategy.on_tick,
            OnBook: strategy.on_book,
            OnFill: strategy.on_fill,
            OnTimer: strategy.on_timer,
            OnSession: strategy.on_session,
        }
        named = tuple(name for name in WANTED if getattr(wants, name))
        names = tuple(dict.fromkeys(strategy.indicator_names()))
        return Started(request.number, names, named, wants.timers, self._printed.take())

    def _hand_over(self, request: HandOver) -> HandedOver:
        if self._strategy is None:
            raise RuntimeError("a strategy is started before it hands over")
        return HandedOver(request.number, self._strategy.state())


def main() -> None:
    questions, answers, printed = sys.stdin.buffer, sys.stdout.fileno(), _Printed()
    sys.stdout = sys.stderr = printed  # a strategy's print() must not look like an answer
    stage = _Stage(printed)
    for line in questions:
        request = request_decoder.decode(line)
        try:
            answer = stage.answer(request)
            said = msgspec.json.encode(answer)
        except Exception as error:  # whatever a strategy raises is its author's to read
            said = msgspec.json.encode(Failed(request.number, problem_of(error), printed.take()))
        os.write(answers, said + b"\n")


if __name__ == "__main__":
    main()
