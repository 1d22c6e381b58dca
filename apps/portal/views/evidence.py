"""What stands on an order's page beside its steps: the gate's figures, the time of each hop, the broker's words."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from apps.orders.selectors import Evidence, GateReport, Hop, OrderView
from apps.portal.views.refusals import figure_text
from qts.domain.errors import RuleCode
from qts.domain.risk import RULES, Figure, Unit, controls_asked, headroom, is_floor, used_bps
from qts.domain.values import Side
from qts.web.said import rule_help, rule_text

TIGHT_BPS, FULL_BPS = 7_500, 10_000
PICTURE_WIDTH: Final = 1_000
SEGMENT_MIN: Final = 6.0
MS_PER_S: Final = 1_000


@dataclass(frozen=True, slots=True)
class GateRow:
    """One control that compared numbers. `percent` is how much of its limit is used, None where that is no share."""

    code: str
    text: str
    value: str
    limit: str
    headroom: str
    percent: int | None
    tone: str
    is_floor: bool


@dataclass(frozen=True, slots=True)
class GateTable:
    """`answered` are controls that say yes or no, `without_limit` those for which nobody has set a limit, both as
    sentences; empty for an order that an earlier table of controls judged."""

    rows: tuple[GateRow, ...]
    answered: tuple[str, ...]
    without_limit: tuple[str, ...]
    took: str


@dataclass(frozen=True, slots=True)
class HopSegment:
    """`x` and `width` in a picture of PICTURE_WIDTH; wider for longer, by the square root, so that the short ones can
    be seen beside the wait for a match."""

    name: str
    text: str
    took: str
    x: float
    width: float


def gate_table(order: OrderView, report: GateReport | None) -> GateTable | None:
    """The tightest first. None for an order from before figures were kept."""
    if report is None:
        return None
    broken = {breach.code for breach in order.breaches}
    rows = [_row(code, figure, is_broken=code in broken) for code, figure in report.figures.items()]
    rows.sort(key=lambda row: (row.tone != "bad", row.percent is None, -(row.percent or 0)))
    rest = controls_asked(is_sale=order.side is Side.SELL) if report.is_of_this_table else ()
    rest = tuple(code for code in rest if code not in report.figures and code not in broken)
    return GateTable(
        rows=tuple(rows),
        answered=tuple(_help(code) for code in rest if not _wants_limit(code)),
        without_limit=tuple(_help(code) for code in rest if _wants_limit(code)),
        took=duration_text(report.took_ms),
    )


def hop_segments(hops: Iterable[Hop]) -> list[HopSegment]:
    hops = list(hops)
    weights = [math.sqrt(max(hop.took_ms, 0.0)) for hop in hops]
    room = PICTURE_WIDTH - SEGMENT_MIN * len(hops)
    total, x, found = sum(weights) or 1.0, 0.0, []
    for hop, weight in zip(hops, weights, strict=True):
        width = SEGMENT_MIN + room * weight / total
        found.append(
            HopSegment(hop.name, _hop_text(hop.name), duration_text(hop.took_ms), round(x, 1), round(width, 1))
        )
        x += width
    return found


def evidence_context(order: OrderView, found: Evidence | None) -> dict[str, Any]:
    """What the templates of an order's page show of it."""
    if found is None:
        return {"gate": None, "hops": [], "requests": (), "broker_report": ""}
    return {
        "gate": gate_table(order, found.gate),
        "hops": hop_segments(found.hops),
        "total_took": duration_text(found.total_ms),
        "requests": found.requests,
        "broker_report": json.dumps(found.broker_report, indent=2, ensure_ascii=False) if found.broker_report else "",
    }


def duration_text(milliseconds: float) -> str:
    """0.42 ms, 12.3 ms, 1.25 s, 3 min 20 s."""
    if milliseconds < MS_PER_S:
        return f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:,.1f} ms"
    seconds = milliseconds / MS_PER_S
    if seconds < 60:
        return f"{seconds:.2f} s"
    return _("{minutes} min {seconds} s").format(minutes=f"{int(seconds // 60):,}", seconds=int(seconds % 60))


def _row(code: RuleCode, figure: Figure, *, is_broken: bool) -> GateRow:
    rule = RULES.get(code)
    unit = rule.unit if rule else Unit.NONE
    used, left = used_bps(code, figure), headroom(code, figure)
    is_broken = is_broken or (left is not None and left < 0)
    tone = "bad" if is_broken else "warn" if used is not None and used >= TIGHT_BPS else "ok"
    return GateRow(
        code=code,
        text=_help(code),
        value=figure_text(code, figure.actual, unit) or _("does not concern it"),
        limit=figure_text(code, figure.limit, unit),
        headroom=figure_text(code, left, unit),
        percent=None if used is None else used * 100 // FULL_BPS,
        tone=tone,
        is_floor=is_floor(code),
    )


def _help(code: RuleCode) -> str:
    """What the control looks at; its refusal's sentence where the table has no such control any more."""
    return rule_help(code) if code in RULES else rule_text(code)


def _wants_limit(code: RuleCode) -> bool:
    return RULES[code].measure is not None


def _hop_text(name: str) -> str:
    words: Mapping[str, str] = {
        "gate_asked": _("bar, indicators, strategy, decision"),
        "judged": _("risk gate"),
        "recorded": _("reserved and recorded"),
        "sent": _("signed and sent"),
        "answered": _("the broker's answer"),
        "accepted": _("accepted by the exchange"),
        "filled": _("first match"),
    }
    return words.get(name, name)
