"""What a person asked for and does not get, with every reason at once."""

from collections.abc import Sequence


class StrategyRefused(Exception):
    """`problems` holds one sentence for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)
