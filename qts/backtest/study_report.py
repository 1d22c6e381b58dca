"""A study's result in words first, as text for a terminal."""

from collections.abc import Iterator
from typing import Any, Final

from qts.backtest.document import Document
from qts.backtest.statements import Statement
from qts.backtest.study import StudyKind

ROWS_TOLD: Final = 10
_SCALE: Final = 250**0.5


def study_report(document: Document) -> str:
    kind = StudyKind(document["kind"])
    lines = [f"Verdict: {_sentences(document['verdict'])}", ""]
    if kind is StudyKind.WALK_FORWARD:
        lines += _folds(document)
    elif kind is not StudyKind.RUN:
        lines += _sets(document)
        if document["report"]:
            lines += ["", f"The best of them: {_sentences(document['report']['verdict'])}"]
    if kind is StudyKind.RUN:
        lines += [f"  {name:<28}{value}" for name, value in document["figures"].items()]
    return "\n".join(lines)


def _sentences(told: list[Any]) -> str:
    return " ".join(Statement.of_json(one) for one in told)


def _sets(document: Document) -> Iterator[str]:
    known = [row for row in document["rows"] if row["day_sharpe"] is not None]
    for row in sorted(known, key=lambda row: -row["day_sharpe"])[:ROWS_TOLD]:
        yield f"  {_set(row['parameters']):<44}{row['day_sharpe'] * _SCALE:>7.2f} {row['last_equity_vnd']:>18,} VND"


def _folds(document: Document) -> Iterator[str]:
    for fold in document["folds"]:
        period = f"{fold['test_from']} to {fold['test_until']}"
        yield f"  {period}  {_set(fold['parameters']):<44}{fold['test_return']:>+8.2%}"


def _set(parameters: dict[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in parameters.items())
