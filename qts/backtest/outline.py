"""What a study's document has to look like before anybody draws it: in its process ran people's code."""

from typing import Any, Final

import msgspec

from qts.backtest.statements import Statement
from qts.backtest.study import StudyKind

Figures = dict[str, float | int | None]


class NoDocument(ValueError):
    """Where it is not what a report is drawn from."""


class _Sentence(msgspec.Struct):
    code: str
    values: dict[str, int | float | str]


class _Benchmark(msgspec.Struct):
    name: str
    equity: list[int]
    total_return: float


class _Year(msgspec.Struct):
    year: int
    months: list[float | None]
    total: float | None


class _Report(msgspec.Struct):
    fingerprint: str
    trades_hash: str
    verdict: list[_Sentence]
    figures: Figures
    equity: list[tuple[str, int, int]]
    benchmark: _Benchmark
    index: _Benchmark | None
    months: list[_Year]
    fills: list[tuple[int, str, str, int, int, int, int, int, str, int]]
    refusals: list[tuple[str, int]]
    honesty: dict[str, Any] | None


class _Run(_Report):
    data_hash: str


class _Row(msgspec.Struct):
    parameters: dict[str, int]
    last_equity_vnd: int
    fill_count: int
    closed_trades: int
    day_sharpe: float | None


class _Sets(msgspec.Struct):
    data_hash: str
    rows: list[_Row]
    best: int | None
    verdict: list[_Sentence]
    report: _Report | None


class _Fold(msgspec.Struct):
    train_from: str
    test_from: str
    test_until: str
    parameters: dict[str, int]
    train_sharpe: float | None
    test_sharpe: float | None
    test_return: float
    closed_trades: int


class _Walk(msgspec.Struct):
    data_hash: str
    verdict: list[_Sentence]
    folds: list[_Fold]
    equity: list[tuple[str, int]]
    figures: Figures


_OUTLINES: Final[dict[str, type[_Run | _Sets | _Walk]]] = {
    StudyKind.RUN: _Run,
    StudyKind.SWEEP: _Sets,
    StudyKind.SEARCH: _Sets,
    StudyKind.WALK_FORWARD: _Walk,
}


def checked(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """The same document. Raises NoDocument."""
    try:
        found = msgspec.convert(document, _OUTLINES[kind])
        told = [*found.verdict, *_of_report(found)]
        for sentence in told:
            Statement.of_json({"code": sentence.code, "values": sentence.values})
    except (msgspec.ValidationError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise NoDocument(f"{type(error).__name__}: {error}") from error
    if document.get("kind") != kind:
        raise NoDocument(f"it answers {document.get('kind')!r}, and {kind} was asked")
    report = found.report if isinstance(found, _Sets) else found
    if isinstance(report, _Report):
        lengths = {len(report.equity), len(report.benchmark.equity), len((report.index or report.benchmark).equity)}
        if len(lengths) != 1:
            raise NoDocument("its curves have different lengths")
    if isinstance(found, _Sets) and found.best is not None and not 0 <= found.best < len(found.rows):
        raise NoDocument("its best set is none of its sets")
    return document


def _of_report(found: _Run | _Sets | _Walk) -> list[_Sentence]:
    return found.report.verdict if isinstance(found, _Sets) and found.report is not None else []
