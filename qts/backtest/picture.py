"""A result as a notebook shows it: the verdict, the equity beside buy and hold, the figures. HTML without a script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from qts.backtest.document import run_document
from qts.backtest.honesty import Honesty, examine
from qts.backtest.report import report
from qts.backtest.result import BacktestResult
from qts.backtest.statements import Statement, Tone

WIDTH, HEIGHT, MARGIN = 720, 220, 6
POINTS_MAX: Final = 250
_COLOURS: Final = {Tone.GOOD: "#1a7f37", Tone.BAD: "#b35900", Tone.PLAIN: "inherit"}
_FIGURES: Final = (
    ("total_return", "return", "{:+.2%}"),
    ("annual_return", "a year", "{:+.2%}"),
    ("sharpe", "Sharpe ratio", "{:.2f}"),
    ("max_drawdown", "largest fall, by days", "{:.2%}"),
    ("pnl_vnd", "result, VND", "{:,}"),
    ("costs_vnd", "fees and tax, VND", "{:,}"),
    ("closed_trades", "closed trades", "{:,}"),
    ("win_share", "with a gain", "{:.0%}"),
    ("profit_factor", "profit factor", "{:.2f}"),
    ("exposure_share", "invested", "{:.0%}"),
    ("largest_share_percent", "largest share of a volume, %", "{:.1f}"),
    ("expired_orders", "orders that ended unfilled", "{:,}"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """A result with what its examination found; text where it is printed, a picture in a notebook."""

    result: BacktestResult
    honesty: Honesty

    def __str__(self) -> str:
        return report(self.result, self.honesty)

    def _repr_html_(self) -> str:
        return picture(self.result, self.honesty)


def examined(result: BacktestResult, *, seed: int = 1) -> Report:
    """Also what the run itself cannot show: luck, foresight, other orders of its trades. One and a half more runs."""
    if result.asked is None:
        raise ValueError("this result does not know what was asked: run it again")
    return Report(result, examine(result.asked.spec, result.asked.table, result, seed=seed))


def picture(result: BacktestResult, honesty: Honesty | None = None) -> str:
    if result.asked is None or not result.equity:
        return f"<pre>{escape(report(result, honesty))}</pre>"
    document = run_document(result.asked.spec, result.asked.table, result, honesty)
    return "".join(
        [
            "<div style='max-width:760px;font-family:sans-serif'>",
            *_verdict(document["verdict"]),
            *_curves(result, document),
            *_table(document["figures"]),
            f"<p style='font-size:small'>fingerprint {escape(result.fingerprint[:16])}</p></div>",
        ]
    )


def _verdict(told: Sequence[Mapping[str, object]]) -> Iterator[str]:
    yield "<ul style='padding-left:1.2em'>"
    for one in told:
        sentence = Statement.of_json(one)
        text = f"{sentence[:1].upper()}{sentence[1:]}"
        yield f"<li style='color:{_COLOURS[sentence.tone]}'>{escape(text)}</li>"
    yield "</ul>"


def _curves(result: BacktestResult, document: Mapping[str, Any]) -> Iterator[str]:
    lines = [("strategy", "#0969da", [row[1] for row in document["equity"]])]
    lines += [(_NAMES[one["name"]], colour, one["equity"]) for one, colour in _benchmarks(document)]
    lines = [(name, colour, [result.first_equity_vnd, *values]) for name, colour, values in lines]
    low = min(min(values) for _, _, values in lines)
    high = max(max(values) for _, _, values in lines)
    yield f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='equity of each day' style='width:100%'>"
    for name, colour, values in lines:
        points = " ".join(_points(values, low, max(high, low + 1)))
        yield f"<polyline fill='none' stroke='{colour}' stroke-width='1.5' points='{points}'>"
        yield f"<title>{escape(name)}</title></polyline>"
    yield "</svg><p style='font-size:small'>"
    yield " ".join(f"<span style='color:{colour}'>&#9632;</span> {escape(name)}" for name, colour, _ in lines)
    if document["index"] is None:
        yield " &middot; VN-Index: no history of it was given"
    yield f" &middot; {low / 1e6:,.1f} to {high / 1e6:,.1f} million VND</p>"


_NAMES: Final = {"BUY_AND_HOLD": "buy and hold", "VNINDEX": "VN-Index"}


def _benchmarks(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    yield document["benchmark"], "#bf8700"
    if document["index"] is not None:
        yield document["index"], "#8250df"


def _points(values: Sequence[int], low: int, high: int) -> Iterator[str]:
    """Some hundreds of them: the line looks alike."""
    step = max(1, len(values) // POINTS_MAX)
    kept = [*range(0, len(values) - 1, step), len(values) - 1]
    for at in kept:
        x = MARGIN + (WIDTH - 2 * MARGIN) * at / max(1, len(values) - 1)
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (values[at] - low) / (high - low)
        yield f"{x:.1f},{y:.1f}"


def _table(figures: Mapping[str, Any]) -> Iterator[str]:
    told = [(label, form.format(figures[name])) for name, label, form in _FIGURES if figures.get(name) is not None]
    yield "<table>"
    for row in range(0, len(told), 3):
        cells = (f"<td>{escape(label)}</td><td><b>{escape(text)}</b></td>" for label, text in told[row : row + 3])
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table>"
