"""Doing a study, step by step: what a step found is told as JSON, and a study that is begun again takes it back.

A study that was broken off and goes on gives, to the last digit, what it would have given: single runs begin anew, and
are deterministic; sweeps skip the sets they have; a search tells its sampler what it was told before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Final

from qts.backtest.benchmark import with_index
from qts.backtest.document import Document, run_document
from qts.backtest.engine import run
from qts.backtest.honesty import LUCK_SHARE_MAX, examine
from qts.backtest.robustness import broadness, robustness
from qts.backtest.search import Search
from qts.backtest.statements import Say, Statement
from qts.backtest.study import Study, StudyKind
from qts.backtest.sweep import Answer, SweepRow, Tried, answer_of, sets_of
from qts.backtest.table import BarTable
from qts.backtest.walk_forward import FoldResult, folds_of, judged, sharpe_of, walk
from qts.quant.overfitting import BlockSums, block_counts, block_sums, probability_of_overfitting
from qts.quant.significance import deflated_sharpe

Step = dict[str, Any]
_EXAMINATION: Final = 1.5  # runs
DAYS_JUDGED_MIN: Final = 3  # of returns that a deflated Sharpe ratio takes


@dataclass(slots=True)
class Notebook:
    """Where a study tells how far it is. `kept` are the steps of an earlier attempt, in their order."""

    kept: Sequence[Step] = ()
    on_step: Callable[[Step], None] = lambda _step: None
    on_progress: Callable[[int, int], None] = lambda _done, _count: None

    def step(self, number: int, make: Callable[[], Step]) -> Step:
        """Step `number`: the one that is kept, or a new one that is told."""
        if number < len(self.kept):
            return self.kept[number]
        made = make()
        self.on_step(made)
        return made


def conduct(study: Study, table: BarTable, notebook: Notebook | None = None) -> Document:
    """Raises SpecWrong, ParameterError, and what a strategy raises."""
    study.check_code()
    book = notebook or Notebook()
    spec, traded = with_index(study.spec, table)
    document = _KINDS[study.kind](replace(study, spec=spec), traded, book)
    return {"kind": study.kind.value, "data_hash": table.digest(), **document}


def _single(study: Study, table: BarTable, book: Notebook) -> Document:
    count = len(table)
    total = round(count * (1 + _EXAMINATION)) if study.is_examined else count
    result = run(study.spec, table, progress=lambda done, _count: book.on_progress(done, total))
    honesty = None
    if study.is_examined:
        honesty = examine(
            study.spec, table, result, seed=study.seed,
            progress=lambda done, _count: book.on_progress(min(count + done, total), total),
        )  # fmt: skip
    return run_document(study.spec, table, result, honesty)


def _sweep(study: Study, table: BarTable, book: Notebook) -> Document:
    answer = answer_of(study.spec, table)
    sets = sets_of(study.spec, study.grid)
    steps: list[Step] = []
    for number, parameters in enumerate(sets):
        steps.append(book.step(number, lambda given=parameters: _tried(study, answer, given)))  # type: ignore[misc]
        book.on_progress(number + 1, len(sets))
    around = robustness([(one["parameters"], one["day_sharpe"]) for one in steps], study.grid)
    rows = [_row(step) | {"around": near} for step, near in zip(steps, around, strict=True)]
    return {"grid": {name: list(values) for name, values in study.grid.items()}} | _chosen(study, table, steps, rows)


def _search(study: Study, table: BarTable, book: Notebook) -> Document:
    search = Search(study.ranges, seed=study.seed)
    answer = answer_of(study.spec, table)
    known = dict(study.spec.parts[0].parameters)
    steps: list[Step] = []
    for number in range(study.tries):
        parameters = known | search.next_set()
        step = book.step(number, lambda given=parameters: _tried(study, answer, given))  # type: ignore[misc]
        search.tell(step["day_sharpe"])
        steps.append(step)
        book.on_progress(number + 1, study.tries)
    ranges = {name: list(bounds) for name, bounds in study.ranges.items()}
    return {"ranges": ranges} | _chosen(study, table, steps, [_row(step) for step in steps])


def _walk_forward(study: Study, table: BarTable, book: Notebook) -> Document:
    folds = folds_of(table, study.folds, is_anchored=study.is_anchored)
    count = study.set_count
    found: list[FoldResult] = []
    for number, fold in enumerate(folds):

        def at(done: int, _count: int, before: int = number * count) -> None:
            book.on_progress(before + done, len(folds) * count)

        step = book.step(number, lambda fold=fold, at=at: asdict(walk(study.spec, table, fold, study.grid, at)))  # type: ignore[misc]
        found.append(FoldResult(**step))
        book.on_progress((number + 1) * count, len(folds) * count)
    returns = [one for fold in found for one in fold.returns]
    worth, curve = 1.0, []
    for day, one in zip([day for fold in found for day in fold.days], returns, strict=True):
        worth *= 1 + one
        curve.append([day, round(study.spec.cash_vnd * worth)])
    return {
        "grid": {name: list(values) for name, values in study.grid.items()},
        "verdict": [one.as_json() for one in judged(found)],
        "folds": [asdict(one) for one in found],
        "equity": curve,
        "figures": {
            "total_return": worth - 1,
            "day_sharpe": sharpe_of(returns),
            "closed_trades": sum(fold.closed_trades for fold in found),
            "first_equity_vnd": study.spec.cash_vnd,
            "last_equity_vnd": round(study.spec.cash_vnd * worth),
        },
    }


def _tried(study: Study, answer: Answer, parameters: Mapping[str, int]) -> Step:
    tried = answer(parameters)
    return asdict(tried.row) | {"blocks": _blocks(study, tried), "days": len(tried.equities_vnd)}


def _blocks(study: Study, tried: Tried) -> dict[str, Any] | None:
    """None where there are too few days, or nothing is left of the account."""
    try:
        return asdict(block_sums(tried.returns(study.spec.cash_vnd)))
    except ValueError:
        return None


def _row(step: Step) -> dict[str, Any]:
    return {name: step[name] for name in SweepRow.__dataclass_fields__}


def _chosen(study: Study, table: BarTable, steps: Sequence[Step], rows: Sequence[dict[str, Any]]) -> Document:
    """The best of the sets, judged by how many were tried, and its own report."""
    known = [(row["day_sharpe"], -number) for number, row in enumerate(rows) if row["day_sharpe"] is not None]
    if len(known) < 2 or steps[0]["days"] < DAYS_JUDGED_MIN:
        return {"rows": list(rows), "best": None, "verdict": [Statement(Say.BEST_UNJUDGED).as_json()], "report": None}
    best = -max(known)[1]
    spec = replace(study.spec, parts=[replace(study.spec.parts[0], parameters=rows[best]["parameters"])])
    result = run(spec, table)
    honesty = examine(spec, table, result, seed=study.seed) if study.is_examined else None
    report = run_document(spec, table, result, honesty)
    curve = [spec.cash_vnd, *(day[1] for day in report["equity"])]
    returns = [after / before - 1 for before, after in pairwise(curve)]
    probability = deflated_sharpe(returns, [sharpe for sharpe, _ in known])
    guards = list(_guards(probability, steps, rows[best], len(rows)))
    overfitting = _overfitting(steps)
    return {
        "rows": list(rows),
        "best": best,
        "verdict": [one.as_json() for one in guards],
        "deflated_sharpe": probability,
        "overfitting": asdict(overfitting) if overfitting else None,
        "report": report,
        "figures": report["figures"],
    }


def _guards(probability: float, steps: Sequence[Step], best: Mapping[str, Any], tries: int) -> Iterator[Statement]:
    code = Say.BEST_IS_MORE if probability >= 1 - LUCK_SHARE_MAX else Say.BEST_IS_LUCK
    yield Statement(code, tries=tries, probability=probability)
    if found := _overfitting(steps):
        code = Say.OVERFIT if found.probability >= 0.5 else Say.NOT_OVERFIT
        yield Statement(code, probability=found.probability)
    if told := broadness(best["day_sharpe"], best.get("around")):
        yield told


def _overfitting(steps: Sequence[Step]) -> Any:
    """None where there are too few days for it, or fewer than two sets with an account left."""
    blocks = [step for step in steps if step["blocks"] is not None]
    if len(blocks) < 2:
        return None
    tried = [BlockSums(tuple(step["blocks"]["sums"]), tuple(step["blocks"]["squares"])) for step in blocks]
    return probability_of_overfitting(tried, block_counts(blocks[0]["days"], len(tried[0].sums)))


_KINDS: Final[Mapping[StudyKind, Callable[[Study, BarTable, Notebook], Document]]] = {
    StudyKind.RUN: _single,
    StudyKind.SWEEP: _sweep,
    StudyKind.SEARCH: _search,
    StudyKind.WALK_FORWARD: _walk_forward,
}
