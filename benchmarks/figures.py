"""Figures of repeated runs: least, middle and most, and how they are printed and kept."""

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured in each of several runs. A unit of "x" is a ratio taken inside each run."""

    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def as_json(self) -> dict[str, Any]:
        spread = {"min": min(self.runs), "median": self.median, "max": max(self.runs)}
        rounded = {name: significant(value) for name, value in spread.items()}
        return {"name": self.name, "unit": self.unit, **rounded, "runs": len(self.runs)}

    def row(self) -> str:
        spread = "".join(f"{shown(value):>11}" for value in (min(self.runs), self.median, max(self.runs)))
        return f"  {self.name:<58}{spread}  {self.unit}"


@dataclass(slots=True)
class Section:
    """What one benchmark found, printed as it comes."""

    name: str
    figures: list[Figure] = field(default_factory=list)

    def begin(self, text: str) -> None:
        print(f"\n{self.name}: {text}\n  {'':<58}{'min':>11}{'median':>11}{'max':>11}", flush=True)

    def add(self, name: str, unit: str, runs: Iterable[float]) -> Figure:
        """Raises ValueError when there were no runs: a benchmark that measured nothing has failed."""
        figure = Figure(name, unit, tuple(runs))
        if not figure.runs:
            raise ValueError(f"{self.name}: {name} was not measured")
        self.figures.append(figure)
        print(figure.row(), flush=True)
        return figure

    def add_ratio(self, name: str, these: Sequence[float], floor: Sequence[float]) -> Figure:
        """Run by run: what was reached against what was possible, both in the same run."""
        return self.add(name, "x", [one / other for one, other in zip(these, floor, strict=True)])


def progress(text: str) -> None:
    print(f"  ... {text}", flush=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """By nearest rank, as a value that was really measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def significant(value: float) -> float:
    """Four digits say all that a shared machine can tell."""
    return float(f"{value:.4g}")


def shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def write(path: Path, machine: dict[str, Any], sections: Iterable[Section]) -> None:
    found = {section.name: [figure.as_json() for figure in section.figures] for section in sections}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "sections": found}, indent=2) + "\n", encoding="utf-8")
