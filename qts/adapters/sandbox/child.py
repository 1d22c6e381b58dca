"""The child's side: `python -m qts.adapters.sandbox.child`, started by StrategyHost only."""

import os
import resource
import sys
import traceback
from typing import Any

import msgspec

from qts.adapters.sandbox.messages import (
    Answer,
    Decided,
    Failed,
    OnBar,
    Order,
    Request,
    Start,
    Started,
    Target,
    request_decoder,
)
from qts.domain.strategy import Intents, Strategy, TargetPosition, intents_of, parse_parameters, strategy_class

MEMORY_BYTES_MAX = 1 << 30
OPEN_FILES_MAX = 16
FILE_BYTES_MAX = 10 << 20  # what it prints may go to a log file


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))


def _as_answer(answer: Intents) -> Answer:
    given = intents_of(answer)
    return Decided(tuple(Target(one) if isinstance(one, TargetPosition) else Order(one) for one in given))


def _handle(strategy: Strategy[Any] | None, request: Request) -> tuple[Strategy[Any] | None, Answer]:
    if isinstance(request, Start):
        cls = strategy_class(request.key)
        started = cls(parse_parameters(cls.parameters_class, request.parameters))
        return started, Started(started.indicator_names(), cls.wants_ticks)
    if strategy is None:
        raise RuntimeError("The first message must be 'start'.")
    if isinstance(request, OnBar):
        return strategy, _as_answer(strategy.on_bar(request.bar, request.context))
    return strategy, _as_answer(strategy.on_tick(request.tick, request.context))


def main() -> None:
    _limit_resources()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    sys.stdout = sys.stderr  # a strategy's print() must not look like an answer
    strategy: Strategy[Any] | None = None
    for line in sys.stdin.buffer:
        request = request_decoder.decode(line)
        try:
            strategy, answer = _handle(strategy, request)
        except Exception:  # whatever a strategy raises is its author's to read
            answer = Failed(traceback.format_exc(limit=8))
        answers.write(msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    main()
