"""A document's conditions over a day: how often each was as the rule wants it, and when it came nearest."""

import math
from collections.abc import Mapping
from typing import Any

from qts.domain.strategy.rules import Group, Moment, Reading, members_met, readings


def counted(tally: Mapping[str, Any], group: Group, moment: Moment) -> dict[str, Any]:
    """The tally with one bar more; an empty one, or one of other conditions, begins anew. Plain values, as JSON."""
    found = readings(group, moment)
    ts_ms = moment.bar.ts_start_ms
    if [one["text"] for one in tally.get("conditions", [])] != [one.text for one in found]:
        tally = {"asked": 0, "met": 0, "members": len(group.members), "most": 0, "most_at_ms": ts_ms}
        tally = {**tally, "kind": group.kind, "conditions": [{"text": one.text} for one in found]}
    together = members_met(group, moment)
    new = {
        **tally,
        "asked": tally["asked"] + 1,
        "met": tally["met"] + (group.holds(moment) is True),
        "conditions": [_condition(kept, one, ts_ms) for kept, one in zip(tally["conditions"], found, strict=True)],
    }
    return new | {"most": together, "most_at_ms": ts_ms} if together > tally["most"] else new


def _condition(kept: Mapping[str, Any], reading: Reading, ts_ms: int) -> dict[str, Any]:
    value, target, gap = _plain(reading.value), _plain(reading.target), _plain(reading.gap)
    new = {
        **kept,
        "met": kept.get("met", 0) + (reading.is_met is True),
        "unknown": kept.get("unknown", 0) + (reading.is_met is None),
        "is_met": reading.is_met,
        "value": value,
        "target": target,
        "gap": gap,
    }
    if gap is not None and (kept.get("nearest_gap") is None or gap < kept["nearest_gap"]):
        new |= {"nearest_gap": gap, "nearest_value": value, "nearest_target": target, "nearest_at_ms": ts_ms}
    return new


def _plain(number: float | None) -> float | None:
    """JSON has no infinity; ten digits are more than anybody reads."""
    return float(f"{number:.10g}") if number is not None and math.isfinite(number) else None
