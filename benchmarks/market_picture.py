"""Draws what `market_likeness` measures: recorded and simulated days beside each other."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.market_likeness import MINUTES, Floats, Likeness, Simulated, curve_distance, ks_distance

_RECORDED: Final[dict[str, Any]] = {"color": "#1f4e79", "label": "recorded, 2024"}
_SIMULATED: Final[dict[str, Any]] = {"color": "#d9822b", "label": "simulated"}
_FIVE: Final = 5


def draw(file: Path, recorded: Likeness, simulated: Simulated) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
    figure.suptitle("Members of VN30: recorded one-minute bars of 2024 and simulated days")
    generated = simulated.likeness
    _volume_curve(axes[0, 0], recorded, generated)
    _returns(axes[0, 1], recorded, generated)
    _tails(axes[0, 2], recorded, generated)
    _restlessness(axes[1, 0], recorded, generated)
    _echo(axes[1, 1], recorded, generated)
    _spreads(axes[1, 2], simulated)
    figure.savefig(file, dpi=90)
    plt.close(figure)


def _clock_ticks(axis: Axes) -> None:
    shown = [index for index, minute in enumerate(MINUTES) if minute % 30 == 0]
    axis.set_xticks(shown, [f"{MINUTES[index] // 60}:{MINUTES[index] % 60:02}" for index in shown], rotation=60)


def _volume_curve(axis: Axes, recorded: Likeness, generated: Likeness) -> None:
    for likeness, style in ((recorded, _RECORDED), (generated, _SIMULATED)):
        curve = likeness.volume_curve
        axis.plot(_smooth(curve[:-1]) * 100, **style)
        axis.plot([len(MINUTES) + 6], [curve[-1] * 100], "o", color=style["color"])
    axis.set_yscale("log")
    distance = curve_distance(recorded.volume_curve, generated.volume_curve)
    axis.set_title(
        f"Volume, % of the day a minute (L1 distance {distance:.3f})\nthe closing auction is the point", fontsize=10
    )
    _clock_ticks(axis)
    axis.legend()


def _returns(axis: Axes, recorded: Likeness, generated: Likeness) -> None:
    points = np.linspace(-60, 60, 600)
    for likeness, style in ((recorded, _RECORDED), (generated, _SIMULATED)):
        values = np.sort(likeness.returns_bp)
        axis.plot(points, np.searchsorted(values, points, side="right") / len(values), **style)
    distance = ks_distance(recorded.returns_bp, generated.returns_bp)
    axis.set_title(f"One-minute returns, bp: distribution (KS distance {distance:.3f})", fontsize=10)
    axis.legend()


def _tails(axis: Axes, recorded: Likeness, generated: Likeness) -> None:
    for likeness, style in ((recorded, _RECORDED), (generated, _SIMULATED)):
        values = np.sort(np.abs(likeness.returns_bp))[::-1]
        values = values[values > 0]
        axis.loglog(values, np.arange(1, len(values) + 1) / len(likeness.returns_bp), **style)
    axis.set_xlim(3, 500)
    axis.set_title("One-minute returns, bp: share that is larger (tails)", fontsize=10)
    axis.legend()


def _restlessness(axis: Axes, recorded: Likeness, generated: Likeness) -> None:
    for likeness, style in ((recorded, _RECORDED), (generated, _SIMULATED)):
        axis.plot(_smooth(likeness.restlessness_bp), **style)
    axis.set_ylim(bottom=0)
    axis.set_title("Root mean square of one-minute returns through the day, bp", fontsize=10)
    _clock_ticks(axis)
    axis.legend()


def _echo(axis: Axes, recorded: Likeness, generated: Likeness) -> None:
    names = ["bounce", "|r| 1 min", "|r| 5 min", "|r| 15 min", "|r| 30 min"]
    places = np.arange(len(names))
    for offset, likeness, style in ((-0.2, recorded, _RECORDED), (0.2, generated, _SIMULATED)):
        axis.bar(places + offset, [likeness.bounce, *likeness.echo], 0.4, **style)
    axis.set_xticks(places, names)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_title("Autocorrelation of returns after a minute, and of their size", fontsize=10)
    axis.legend()


def _spreads(axis: Axes, simulated: Simulated) -> None:
    steps = np.arange(1, 6)
    axis.bar(steps, [np.mean(simulated.spreads_ticks == step) for step in steps], color=_SIMULATED["color"])
    median = np.median(simulated.depths) * 100
    axis.set_title(
        f"Simulated spread in steps, share of minutes\na best price holds {median:.2f} % of a day's volume\n"
        "(SSI's documented book: 0.3 to 2.0 % a price)",
        fontsize=10,
    )


def _smooth(values: Floats) -> Floats:
    """The mean of five minutes."""
    kernel = np.ones(_FIVE) / _FIVE
    padded = np.concatenate([np.full(_FIVE // 2, values[0]), values, np.full(_FIVE // 2, values[-1])])
    smoothed: Floats = np.convolve(padded, kernel, mode="valid")
    return smoothed
