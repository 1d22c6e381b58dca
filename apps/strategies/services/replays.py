"""The three sides of one strategy's day: what was recorded, a backtest, and a replay of the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings

from apps.marketdata.selectors import instrument_kinds
from apps.marketdata.services.recorded_day import DayNotRecorded, Progress, RecordedDay, read_day
from apps.orders import selectors as orders
from apps.strategies.models import Mode, Strategy
from apps.strategies.selectors.code import CodeView, code_of
from apps.strategies.selectors.recorded import mode_of, notes_of, recorded_decisions, stopped_spans_ms, versions_of
from apps.strategies.services.day_backtest import DayBacktest, PriceRow, backtest_day
from apps.strategies.services.replay import Replay, ReplayBroken, replay
from qts.backtest.trace import Decided, Note
from qts.domain.errors import Said
from qts.domain.events import BarClosed


class Exposures(StrEnum):
    """Whose holdings a replayed strategy is shown."""

    RECORDED = "recorded"
    BACKTEST = "backtest"


@dataclass(frozen=True, slots=True)
class Sides:
    """`replayed` is None where the log of the day cannot be read; `problem` then says why."""

    strategy: Strategy
    code: CodeView
    recorded: Sequence[Decided]
    notes: Sequence[Note]
    backtest: DayBacktest
    day: RecordedDay | None
    replayed: Replay | None
    problem: str = ""

    @property
    def exposures(self) -> Exposures:
        return Exposures.RECORDED if self.notes else Exposures.BACKTEST


def sides_of(strategy: Strategy, day: date, *, progress: Progress | None = None) -> Sides:
    """Where the live desk wrote nothing down, the replay is shown what the backtest held. Raises ReplayBroken."""
    code, notes = code_of_day(strategy, day), notes_of(strategy.id, day)
    logged, problem = _logged(strategy, day, progress)
    backtest = backtest_day(
        strategy, code, day, since_ms=_begins_ms(notes), held=held_before(strategy, day), recorded=_rows(logged)
    )
    shown = notes or backtest.trace.notes
    stopped_ms = stopped_spans_ms(strategy.id, day) if notes else ()
    replayed = replay(strategy, code, logged, shown, stopped_ms) if logged is not None else None
    recorded = recorded_decisions(strategy.id, day)
    return Sides(strategy, code, recorded, notes, backtest, logged, replayed, problem)


def replay_day(
    strategy: Strategy, day: date, exposures: Exposures | None = None, *, progress: Progress | None = None
) -> tuple[Replay, RecordedDay]:
    """A replay alone. Raises ReplayBroken and DayNotRecorded."""
    code, notes = code_of_day(strategy, day), notes_of(strategy.id, day)
    logged = read_log(strategy, day, progress)
    if exposures is Exposures.RECORDED and not notes:
        raise ReplayBroken(
            Said(
                "nothing was written down of what {strategy_name} held on {day}; take the backtest's",
                strategy_name=strategy.name,
                day=day,
            )
        )
    is_recorded = bool(notes) and exposures is not Exposures.BACKTEST
    if not is_recorded:
        held, rows = held_before(strategy, day), _rows(logged)
        notes = backtest_day(strategy, code, day, held=held, recorded=rows).trace.notes
    return replay(strategy, code, logged, notes, stopped_spans_ms(strategy.id, day) if is_recorded else ()), logged


def strategy_named(name: str) -> Strategy:
    """By its name or its id. Raises ReplayBroken with the names that there are."""
    found = Strategy.objects.filter(name=name).first()
    if found is None and _is_uuid(name):
        found = Strategy.objects.filter(id=name).first()
    if found is None:
        names = ", ".join(Strategy.objects.values_list("name", flat=True)) or "none yet"
        raise ReplayBroken(Said("there is no strategy {name!r}; there are: {names}", name=name, names=names))
    return found


def code_of_day(strategy: Strategy, day: date) -> CodeView:
    """The version that ran last on that day; what it is now where it did not run. Raises ReplayBroken."""
    hashes = versions_of(strategy.id, day) or [strategy.code_hash]
    try:
        return code_of(strategy.class_key, hashes[-1])
    except KeyError as error:
        raise ReplayBroken(
            Said("the code of {strategy_name} is not there any more: {error}", strategy_name=strategy.name, error=error)
        ) from error


def held_before(strategy: Strategy, day: date) -> Mapping[str, int]:
    """By its fills until the evening before; a shadow begins each start with nothing."""
    if (mode_of(strategy.id, day) or strategy.mode) == Mode.SHADOW:
        return {}
    known = orders.strategy_days([str(strategy.id)], day - timedelta(days=1))
    return {one.symbol: one.held_quantity for one in known if one.held_quantity > 0}


def read_log(strategy: Strategy, day: date, progress: Progress | None = None) -> RecordedDay:
    """Raises DayNotRecorded."""
    return read_day(settings.WAL_DIR, day, strategy.symbols, instruments=instrument_kinds(), progress=progress)


def _logged(strategy: Strategy, day: date, progress: Progress | None) -> tuple[RecordedDay | None, str]:
    try:
        return read_log(strategy, day, progress), ""
    except DayNotRecorded as error:
        return None, str(error)


def _begins_ms(notes: Sequence[Note]) -> int:
    """A moment before its first question."""
    return notes[0].at_ms - 1 if notes else 0


def _rows(logged: RecordedDay | None) -> Mapping[str, Sequence[PriceRow]]:
    """The bars of the log as rows, each in its last form."""
    newest: dict[str, dict[int, BarClosed]] = {}
    for bar in logged.bars if logged is not None else ():
        newest.setdefault(bar.symbol, {})[bar.ts_start_ms] = bar
    return {symbol: [_row(bars[start_ms]) for start_ms in sorted(bars)] for symbol, bars in newest.items()}


def _row(bar: BarClosed) -> PriceRow:
    return bar.ts_start_ms, bar.open_vnd, bar.high_vnd, bar.low_vnd, bar.close_vnd, bar.volume


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def decisions_of(strategy: Strategy, day: date, side: str | None) -> Sequence[Decided] | None:
    """The side that a replay is compared with; None for none. Raises ReplayBroken."""
    if side == "recorded":
        return recorded_decisions(strategy.id, day)
    if side == "backtest":
        notes, held = notes_of(strategy.id, day), held_before(strategy, day)
        rows = _rows(_logged(strategy, day, None)[0])
        code = code_of_day(strategy, day)
        return backtest_day(strategy, code, day, since_ms=_begins_ms(notes), held=held, recorded=rows).trace.decided
    return None
