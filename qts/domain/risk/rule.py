"""What a control is, apart from what it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

from qts.domain.errors import Breach, RuleCode
from qts.domain.risk.case import Case
from qts.domain.risk.facts import ScopeKind

Check = Callable[[Case], Breach | None]
Measure = Callable[[Case], int | None]


class Unit(StrEnum):
    """What `limit` and `actual` of a breach count. A hundredth of a percent is a basis point."""

    NONE = ""
    VND = "VND"
    SHARES = "shares"
    CONTRACTS = "contracts"
    ORDERS = "orders"
    MILLISECONDS = "ms"
    BPS = "0.01 %"
    DAYS = "days"
    MESSAGES_A_SECOND = "messages/s"
    ORDERS_A_TRADE = "orders/trade"
    GAPS = "gaps"
    SWITCH = "0 or 1"


class Binds(Enum):
    """Which of the limits that cover an order counts, and on which side of it the order passes."""

    LOWEST = "the lowest limit counts; what is measured must not be above it"
    FLOOR = "the highest limit counts; what is measured must not be below it"
    WIDEST = "the highest limit counts; what is measured must not be above it"


class Typed(Enum):
    """What a trader types once more to send an order in spite of a soft breach."""

    NOTHING = ""
    PRICE = "price"
    QUANTITY = "quantity"


EVERYWHERE = tuple(ScopeKind)
BY_SENDER = (ScopeKind.FIRM, ScopeKind.ACCOUNT, ScopeKind.STRATEGY, ScopeKind.USER)
BY_ACCOUNT = (ScopeKind.FIRM, ScopeKind.ACCOUNT)


@dataclass(frozen=True, slots=True)
class Rule:
    """One control: `check` answers by itself; `measure` gives what an officer's limit is compared with.

    `scopes` are those that a limit can be set for; a control without a limit binds every order. `fact` says where that
    which it looks at comes from. A soft control has something to be typed again. Where a limit
    `grants`, nothing passes without one.
    """

    code: RuleCode
    unit: Unit
    help_vi: str
    help_en: str
    check: Check | None = None
    measure: Measure | None = None
    binds: Binds = Binds.LOWEST
    scopes: tuple[ScopeKind, ...] = ()
    applies_to_sales: bool = True
    typed: Typed = Typed.NOTHING
    grants: bool = False
    fact: str = ""

    def __post_init__(self) -> None:
        if self.check is None and self.measure is None:
            raise ValueError(f"{self.code} asks nothing")

    @property
    def is_limit(self) -> bool:
        """Whether an officer sets its number."""
        return bool(self.scopes)

    @property
    def is_soft(self) -> bool:
        return self.typed is not Typed.NOTHING

    def tightest(self, one: int, other: int) -> int:
        """Which of two limits that cover the same order counts."""
        return min(one, other) if self.binds is Binds.LOWEST else max(one, other)

    def is_looser(self, before: int | None, after: int | None) -> bool:
        """Whether a change of one of its limits lets something pass that was refused; None is no limit in force."""
        if self.binds is Binds.WIDEST:  # 0 closes, nothing says nothing, 1 opens
            return self._opening(after) > self._opening(before)
        if self.grants:  # taken away, a wider scope's larger grant may count instead; 0 closes
            return before is not None if after is None else after > (before or 0)
        if before is None or after is None:
            return before is not None
        return after < before if self.binds is Binds.FLOOR else after > before

    @staticmethod
    def _opening(limit: int | None) -> int:
        return 1 if limit is None else 2 * limit
