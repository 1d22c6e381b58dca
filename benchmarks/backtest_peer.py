"""The published comparison's program for one peer, in that peer's environment: `python -m benchmarks.backtest_peer
PROGRAM ...`. Only the standard library and the peer are there.

NautilusTrader up to 1.221, the last for Python 3.11, cannot sort what it was given unsorted: it compares the bars
themselves. So each set of bars is sorted when it is added.
"""

import importlib
import runpy
import sys
from typing import Any


def _mend_sorting(engine: Any) -> None:
    class Engine(engine.BacktestEngine):  # type: ignore[misc]
        def add_data(self, data: Any, *arguments: Any, **options: Any) -> None:
            super().add_data(data, *arguments, **(options | {"sort": True}))

        def sort_data(self) -> None:
            """They are."""

    engine.BacktestEngine = Engine


def main() -> None:
    del sys.argv[0]
    if "nautilus" in sys.argv:
        _mend_sorting(importlib.import_module("nautilus_trader.backtest.engine"))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
