"""Numbers and dates as they may stand in a query or a header: plain ASCII digits, no sign and no underscore.

Python itself reads more: digits of every script, `1_000`, `+1`.
"""

import re
from datetime import date, datetime
from typing import Final

_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
_DAY: Final = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")


def whole_number(text: str) -> int | None:
    """None for anything else, and for more than 18 digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def decimal_number(text: str) -> float | None:
    """None for anything else; some clients write large numbers as `1e+06`."""
    return float(text) if _DECIMAL.fullmatch(text) else None


def day_of(text: str) -> date | None:
    """`dd/MM/yyyy`; None for anything else."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  a date has no time zone
    except ValueError:
        return None
