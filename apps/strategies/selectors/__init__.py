"""Reading strategies, their code, what they may do, their decisions, and why an order exists."""

from apps.strategies.selectors.code import (
    FILE_KEY,
    CodeView,
    FileView,
    VersionView,
    choices,
    code_of,
    files,
    is_file,
    parameters_shown,
    version,
    versions,
)
from apps.strategies.selectors.promotions import (
    PromotionView,
    next_mode,
    promotion,
    promotions,
    venue_problem,
)
from apps.strategies.selectors.strategies import (
    DecisionView,
    Explanation,
    StrategyView,
    decisions,
    explanation,
    strategies,
    strategy,
)

__all__ = [
    "FILE_KEY",
    "CodeView",
    "DecisionView",
    "Explanation",
    "FileView",
    "PromotionView",
    "StrategyView",
    "VersionView",
    "choices",
    "code_of",
    "decisions",
    "explanation",
    "files",
    "is_file",
    "next_mode",
    "parameters_shown",
    "promotion",
    "promotions",
    "strategies",
    "strategy",
    "venue_problem",
    "version",
    "versions",
]
