"""Bodies of the controls under /sim/. A field that is not known here is refused."""

from typing import Annotated, Literal

import msgspec

from simulator.listings import SecurityState
from simulator.server.quotas import Limit

Stream = Literal["market", "orders"]


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`speed` in market seconds a second; `jump_to` as `14:30:00` of the market's today or `2026-11-24T09:00:00`.

    A jump lets the sessions pass without the generated order flow, unless `trade_through`: then it all happens.
    """

    act: Literal["pause", "resume", ""] = ""
    speed: float | None = None
    jump_to: str | None = None
    trade_through: bool = False


class Target(msgspec.Struct, forbid_unknown_fields=True):
    """A symbol, or a market: HOSE, HNX, UPCOM, VNFE."""

    target: str


class SecurityOrder(msgspec.Struct, forbid_unknown_fields=True):
    """NORMAL, WARNED, CONTROLLED, RESTRICTED or SUSPENDED; a halt is a control of its own.

    `lists_anew` makes the next trading day its first one.
    """

    symbol: str
    state: SecurityState | None = None
    lists_anew: bool = False


class SocketOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`customer` is of the order stream alone; "" is all of them."""

    stream: Stream
    act: Literal["close", "reset", "half_open"]
    customer: str = ""


class MalformedOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`symbol` of the market's forms; "" is the first one listed."""

    stream: Stream
    form: str
    symbol: str = ""


class TokenOrder(msgspec.Struct, forbid_unknown_fields=True):
    """ "" is both services, and every customer."""

    service: Literal["data", "trading", ""] = ""
    customer: str = ""


class CustomerOrder(msgspec.Struct, forbid_unknown_fields=True):
    customer: str = ""


class AccountOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A locked account takes no order (ORD026)."""

    account: str
    is_locked: bool


class CashOrder(msgspec.Struct, forbid_unknown_fields=True):
    """From (above zero) or to (below) the customer's bank."""

    account: str
    amount_vnd: int


class QuotaOrder(msgspec.Struct, forbid_unknown_fields=True):
    """No limit is no quota."""

    service: Literal["data", "trading"]
    limits: list[Limit]


class RestartOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`crash` is as by kill -9: nothing is written or closed first. `down_s` is how long the port stays shut."""

    crash: bool = False
    down_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0
