"""What a symbol is by its form alone, for symbols that no master data names yet."""

import re
from typing import Final

from qts.domain.values import InstrumentKind

# KRX-era codes (41I1F7000), older ones (VN30F2407) and rolling names (VN30F1M) are futures. Tickers of shares have 3
# letters and those of funds and warrants begin otherwise, so longer ones with these beginnings are indices.
_FUTURE: Final = re.compile(r"41[A-Z]\w+|VN(30|100)F\w+")
_INDEX: Final = re.compile(r"(VN|HNX|HOSE|UPCOM)\w{2,}", re.IGNORECASE)


def kind_by_form(symbol: str) -> InstrumentKind | None:
    """None for an index, which is not traded itself."""
    if _FUTURE.fullmatch(symbol):
        return InstrumentKind.FUTURE
    return None if _INDEX.fullmatch(symbol) else InstrumentKind.STOCK
