"""Taking in what other programs have found about symbols: predictions of models, scores of the news.

A signal is stored and announced in one transaction; the relay brings it to the signals worker. Its id is its
publisher's own, so that a program which has not heard the answer may say the same again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from apps.analytics.models import SourceSignal
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from qts.domain.errors import TransientError
from qts.domain.events import PredictionGenerated, SentimentGenerated, SignalGenerated
from qts.domain.strategy import Source
from qts.domain.values import Actor

AHEAD_MAX = timedelta(seconds=5)  # clocks differ; more than that is a mistake
_EVENTS: dict[str, type[SignalGenerated]] = {
    Source.PREDICTION: PredictionGenerated,
    Source.SENTIMENT: SentimentGenerated,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSignal:
    """As its publisher gives it; `made_at` is market time."""

    signal_id: str
    source: str
    symbol: str
    name: str
    direction: int
    strength_percent: int
    value: Decimal
    made_at: datetime
    valid_s: int
    reason: str = ""

    @property
    def holds_until(self) -> datetime:
        return self.made_at + timedelta(seconds=self.valid_s)


class SignalsRefused(Exception):
    """`problems` says what is wrong with which signal, by its id; then none of them is taken."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(f"{signal_id}: {problem}" for signal_id, problem in problems.items()))
        self.problems = problems


def publish_signals(given: Sequence[GivenSignal], *, actor: Actor, now: datetime) -> int:
    """All of them or none; how many are new. Raises SignalsRefused.

    One that was taken before, with the same content, is not announced again. Raises TransientError when the same is
    being taken in at this moment.
    """
    by_id = {one.signal_id: one for one in given}
    problems = _problems(given, now)
    with transaction.atomic():
        known = _known(by_id, str(actor))
        problems |= {
            row.signal_id: "this id came with another signal before"
            for row in known
            if not _is_same(row, by_id[row.signal_id])
        }
        known_ids = {row.signal_id for row in known}
        new = [one for signal_id, one in by_id.items() if signal_id not in known_ids]
        problems |= {one.signal_id: "it no longer holds" for one in new if one.holds_until <= now}
        if problems:
            raise SignalsRefused(problems)
        rows = [_row(one, str(actor), now) for one in new]
        try:
            SourceSignal.objects.bulk_create(rows)
        except IntegrityError as error:
            raise TransientError("the same signals are being taken in by another request") from error
        for row in rows:
            eventlog.record(_event(row), actor=actor, now=now)
    return len(rows)


def prune_signals(*, before: datetime) -> int:
    """Those that were known before then; backtests read no further back. Returns how many."""
    deleted, _ = SourceSignal.objects.filter(known_at__lt=before).delete()
    return deleted


def _problems(given: Sequence[GivenSignal], now: datetime) -> dict[str, str]:
    listed = {security.symbol for security in marketdata.securities()}
    problems = {}
    seen: set[str] = set()
    for one in given:
        if one.symbol not in listed:
            problems[one.signal_id] = f"there is no symbol {one.symbol}"
        elif one.made_at > now + AHEAD_MAX:
            problems[one.signal_id] = "it was made in the future"
        elif one.signal_id in seen:
            problems[one.signal_id] = "this id stands in the request twice"
        seen.add(one.signal_id)
    return problems


def _known(by_id: dict[str, GivenSignal], publisher: str) -> list[SourceSignal]:
    return list(SourceSignal.objects.filter(publisher=publisher, signal_id__in=list(by_id)))


def _is_same(row: SourceSignal, given: GivenSignal) -> bool:
    return all(getattr(row, name) == getattr(given, name) for name in GivenSignal.__slots__)


def _row(given: GivenSignal, publisher: str, now: datetime) -> SourceSignal:
    told = {name: getattr(given, name) for name in GivenSignal.__slots__}
    return SourceSignal(publisher=publisher, known_at=now, **told)


def _event(row: SourceSignal) -> SignalGenerated:
    return _EVENTS[row.source](
        signal_id=row.public_id,
        symbol=row.symbol,
        name=row.name,
        direction=row.direction,
        strength_percent=row.strength_percent,
        value=str(row.value),
        reason=row.reason,
        publisher=row.publisher,
        valid_s=row.valid_s,
        ts_made_ms=round(row.made_at.timestamp() * 1_000),
        ts_known_ms=round(row.known_at.timestamp() * 1_000),
    )
