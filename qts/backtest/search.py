"""Looking for good parameters without trying all of them: optuna's tree-structured Parzen estimator, seeded.

Tries are asked for and told one after the other, so that a search that was broken off goes on where it was: the tries
there were are told again, in their order, and the sampler is where it had been.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from qts.backtest.spec import SpecWrong
from qts.domain.errors import Said

if TYPE_CHECKING:
    from optuna.trial import Trial

WORST: Final = -1e9  # of a set without a Sharpe ratio
TRIES_MAX: Final = 2_000
Ranges = Mapping[str, tuple[int, int]]


class Search:
    """`next_set` and `tell` take turns."""

    def __init__(self, ranges: Ranges, *, seed: int) -> None:
        for name, (low, high) in ranges.items():
            if low > high:
                raise SpecWrong(Said("{name}: {low} is above {high}", name=name, low=low, high=high))
        if not ranges:
            raise SpecWrong(Said("a search needs a parameter to vary"))
        import optuna  # a second that only searches are worth

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._ranges = dict(ranges)
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._asked: Trial | None = None

    def next_set(self) -> dict[str, int]:
        self._asked = self._study.ask()
        return {name: self._asked.suggest_int(name, low, high) for name, (low, high) in self._ranges.items()}

    def tell(self, day_sharpe: float | None) -> None:
        """Raises RuntimeError where nothing was asked."""
        if self._asked is None:
            raise RuntimeError("tell() answers next_set()")
        self._study.tell(self._asked, WORST if day_sharpe is None else day_sharpe)
        self._asked = None
