"""Strategy code in a child process: a clean environment, limits on memory and files, a time-out for each call."""

from qts.adapters.sandbox.host import StrategyHost, StrategyHostError

__all__ = ["StrategyHost", "StrategyHostError"]
