"""TA-Lib, when it is needed."""

from typing import Any


def library() -> Any:
    """TA-Lib brings pandas along, half a second and 40 MB: only a process that computes pays for it."""
    import talib

    return talib


def load_library() -> None:
    """Pay for it now, and not when the first bar waits for its indicators."""
    library()
