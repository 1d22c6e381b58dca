"""What a person asked for and does not get, with every reason at once."""

from collections.abc import Sequence


class RefusedForReasons(Exception):
    """`problems` holds one sentence for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


class StrategyRefused(RefusedForReasons):
    """A strategy cannot be made, changed or started so."""


class BacktestRefused(RefusedForReasons):
    """A backtest cannot be run so."""
