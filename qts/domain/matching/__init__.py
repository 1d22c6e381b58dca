"""Price-time matching as the exchanges do it: the same code behind the simulator and behind backtests."""

from qts.domain.matching.auction import Clearing, clearing_at, clearing_price
from qts.domain.matching.book import OrderBook
from qts.domain.matching.orders import BookOrder, Execution, Fill, Level

__all__ = ["BookOrder", "Clearing", "Execution", "Fill", "Level", "OrderBook", "clearing_at", "clearing_price"]
