"""What the live strategies saw of themselves, written down: with it a recorded day can be replayed as it was."""

from collections.abc import Iterable

from apps.strategies.models import QuestionNote, Strategy
from apps.strategies.services.staff import Employed
from qts.backtest.trace import Note
from qts.domain.market import moment_of, to_vietnam


def keep_notes(staff: Iterable[Employed]) -> None:
    """One statement, where there is anything: a strategy whose holdings do not change costs nothing."""
    rows = [_row(one.strategy, note) for one in staff for note in one.notes]
    if rows:
        QuestionNote.objects.bulk_create(rows)
    for one in staff:
        one.notes.clear()


def _row(strategy: Strategy, note: Note) -> QuestionNote:
    at = moment_of(note.at_ms)
    return QuestionNote(
        strategy_id=strategy.id,
        run=strategy.run,
        code_hash=strategy.code_hash,
        mode=strategy.mode,
        trading_day=to_vietnam(at).date(),
        key=note.key,
        after_key=note.after,
        at_ms=note.at_ms,
        holdings={symbol: list(pair) for symbol, pair in note.holdings.items()},
        equity_vnd=note.equity_vnd,
        fill=note.fill,
        has_begun=note.has_begun,
        clock_ms=note.clock_ms,
        is_old=note.is_old,
    )
