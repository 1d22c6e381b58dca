"""Documents of rules that people write in the portal: what is wrong, what they would have done, a new version.

A document is no code, so it is read here; what it does is asked of the confined child, as live.
"""

import re
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import transaction

from apps.marketdata import selectors as marketdata
from apps.strategies.locks import lock_version_name
from apps.strategies.models import StrategyVersion
from apps.strategies.services.backtest_data import instruments_of
from apps.strategies.services.refusals import StrategyRefused
from apps.strategies.services.versions import examine, keep_version
from qts.adapters.rule_files import Problem, RulesUnreadable, read_rules
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.adapters.sandbox.source import RULES, StrategySource, is_name
from qts.backtest import BacktestResult, BacktestSpec, BarTable, SpecWrong, StrategyPart, run
from qts.domain.errors import Said, said_by
from qts.domain.market import VIETNAM, to_vietnam
from qts.domain.strategy import Bar, Context, Intents, Parameters, Strategy
from qts.domain.strategy.rules import RuleSet
from qts.domain.values import Actor
from qts.quant.indicators import problems_of

PREVIEW_S_MAX: Final = 8.0
BARS_MAX: Final = 5_000
DAYS_MAX: Final = 20
WARM_UP_BARS: Final = 500
_PREVIEWED: Final = f"{__name__}:Previewed"


class PreviewTooLong(Exception):
    """It thought longer than a person waits."""


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """`bars` are (start in Unix ms, open, high, low, close in VND, volume), without those before the first day that
    only warmed the indicators."""

    symbol: str
    bars: Sequence[tuple[int, ...]]
    result: BacktestResult


def read_document(text: str) -> RuleSet:
    """Raises RulesUnreadable with the line of each problem, names of indicators that nobody computes among them."""
    rules = read_rules(text)
    found = []
    for name in rules.indicator_names:
        for problem in problems_of([name]):
            line, column = _line_of(name, text)
            found.append(Problem(line, name, problem, column))
    if found:
        raise RulesUnreadable(sorted(found, key=lambda one: one.line))
    return rules


def save_rules(name: str, text: str, *, seen_hash: str, actor: Actor, now: datetime) -> str:
    """A new version of the document; the hash that names it. `seen_hash` is of the version that was edited, empty for a
    new document. Raises StrategyRefused; the caller keeps what was typed."""
    source = StrategySource(f"{name}{RULES}", text.replace("\r\n", "\n"))
    _refuse_name(name, seen_hash)
    try:
        read_document(source.text)
    except RulesUnreadable as error:
        raise StrategyRefused([one.said for one in error.problems]) from error
    told = examine(source)
    with transaction.atomic():
        lock_version_name(name)
        _refuse_name(name, seen_hash)  # somebody may have saved it while this text was examined
        known = StrategyVersion.objects.filter(content_hash=source.content_hash).first()
        if known is not None and (known.name, known.content_hash) != (name, seen_hash):
            raise StrategyRefused(
                [
                    Said(
                        "This text is a version already: {name} {content_hash}.",
                        name=known.name,
                        content_hash=known.content_hash[:8],
                    )
                ]
            )
        keep_version(name, source, told, actor=actor, now=now)
    return source.content_hash


def preview_rules(text: str, *, symbol: str, days: int, now: datetime) -> RulesPreview:
    """What it would have done on the stored minutes of the last trading days, by the market's rules, with fees.

    Raises RulesUnreadable and StrategyRefused."""
    read_document(text)
    before, bars = _stored(symbol, min(max(1, days), DAYS_MAX), now)
    source = StrategySource(f"preview{RULES}", text)
    try:
        with StrategyHost("", {}, source=source) as host:
            return RulesPreview(symbol, bars, _run(host, symbol, [*before, *bars], bars[0][0]))
    except StrategyHostError as error:
        raise StrategyRefused([said_by(error)]) from error
    except SpecWrong as error:
        raise StrategyRefused([Said("{error}.", error=error)]) from error
    except PreviewTooLong:
        raise StrategyRefused(
            [Said("It took longer than {preview_s_max:.0f} s: choose fewer days.", preview_s_max=PREVIEW_S_MAX)]
        ) from None


class Previewed(Strategy[Parameters]):
    """Hands each bar over to the confined child; only within `preview_rules`."""

    key: ClassVar[str] = "previewed"
    title: ClassVar[str] = "Previewed"
    summary: ClassVar[str] = "A document of rules in its child."
    wants_equity: ClassVar[bool] = True

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._host, self._until = _current.get()

    def indicator_names(self) -> tuple[str, ...]:
        return self._host.indicator_names

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        if time.monotonic() > self._until:
            raise PreviewTooLong
        return self._host.ask(bar, context)


_current: ContextVar[tuple[StrategyHost, float]] = ContextVar("previewed")


def _run(host: StrategyHost, symbol: str, bars: Sequence[tuple[int, ...]], from_ms: int) -> BacktestResult:
    spec = BacktestSpec(parts=[StrategyPart(_PREVIEWED)], instruments=instruments_of([symbol]), trades_from_ms=from_ms)
    columns: list[Any] = [list(column) for column in zip(*bars, strict=True)]
    token = _current.set((host, time.monotonic() + PREVIEW_S_MAX))
    try:
        return run(spec, BarTable.of_columns(symbol, *columns))
    finally:
        _current.reset(token)


def _stored(symbol: str, days: int, now: datetime) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Some of before, and those of the latest `days` days that have bars."""
    rows = marketdata.minute_rows(symbol, since=None, until=now, limit=BARS_MAX)
    if not rows:
        raise StrategyRefused([Said("The bar store has no minutes of {symbol} for these days.", symbol=symbol)])
    of_days = sorted({_day(row[0]) for row in rows})[-days:]
    first = next(number for number, row in enumerate(rows) if _day(row[0]) == of_days[0])
    return rows[max(0, first - WARM_UP_BARS) : first], rows[first:]


def _day(ts_ms: int) -> str:
    return to_vietnam(datetime.fromtimestamp(ts_ms / 1_000, VIETNAM)).date().isoformat()


def _refuse_name(name: str, seen_hash: str) -> None:
    if problems := _name_problems(name, seen_hash):
        raise StrategyRefused(problems)


def _name_problems(name: str, seen_hash: str) -> list[str]:
    if not is_name(name) or name.startswith("test_"):
        return [Said("{name!r} is no name for a strategy: small letters, digits and _, a letter first.", name=name)]
    newest = StrategyVersion.objects.filter(name=name).first()
    if newest is not None and newest.suffix != RULES:
        return [Said("{name} is a strategy in Python already.", name=name)]
    if newest is not None and not seen_hash:
        return [Said("There is a document {name} already: open it to change it.", name=name)]
    if newest is not None and newest.content_hash != seen_hash:
        return [
            Said(
                "{version} was saved meanwhile. Open the document anew in another tab, and bring your changes over.",
                version=newest.content_hash[:8],
            )
        ]
    return []


def _line_of(name: str, text: str) -> tuple[int, int]:
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.search(rf"(?<![\w.@]){re.escape(name)}(?![\w.@])", line):
            return number, match.start() + 1
    return 0, 0
