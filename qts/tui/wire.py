"""The shapes of what the server says, over REST and WebSocket. Fields that the terminal does not show are left out.

Money and prices are whole VND, index values hundredths of a point. Decoding with these types is the one place where a
message is judged: what does not fit raises `msgspec.ValidationError`.
"""

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, field

Level = tuple[int, int]  # price and quantity


class Message(Struct):
    channel: str
    seq: int
    data: Raw


class Mistake(Struct):
    """What the server says on the channel `error`."""

    code: str
    message: str


class QuotePart(Struct):
    """Those groups of a quote that changed; a snapshot has all of them."""

    ref: int | UnsetType = UNSET
    ceil: int | UnsetType = UNSET
    floor: int | UnsetType = UNSET
    last: int | UnsetType = UNSET
    last_qty: int | UnsetType = UNSET
    total_qty: int | UnsetType = UNSET
    high: int | UnsetType = UNSET
    low: int | UnsetType = UNSET
    est: int | UnsetType = UNSET
    bids: list[Level] | UnsetType = UNSET
    asks: list[Level] | UnsetType = UNSET
    session: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    room: int | UnsetType = UNSET
    ts: int | UnsetType = UNSET


class Quote(Struct):
    """The whole of it, kept up to date by parts; 0 = not there yet."""

    ref: int = 0
    ceil: int = 0
    floor: int = 0
    last: int = 0
    last_qty: int = 0
    total_qty: int = 0
    high: int = 0
    low: int = 0
    est: int = 0
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)
    session: str = ""
    status: str = ""
    room: int = 0
    ts: int = 0

    def take(self, part: QuotePart) -> None:
        for name in _PARTS:
            value = getattr(part, name)
            if value is not UNSET:
                setattr(self, name, value)


_PARTS = QuotePart.__struct_fields__


class Index(Struct):
    value: int
    prior: int


class Stream(Struct):
    """Whether the server hears the market; `age_ms` of what it heard last, None when it never did."""

    state: str
    age_ms: int | None


class Clock(Struct):
    """The market's time in Unix milliseconds, and how much faster than ours it runs."""

    now: int
    speed: float
    session: str


class Replay(Struct):
    """A day that is played again: where it is and how it goes."""

    day: str
    state: str
    speed: int
    is_behind: bool
    is_silent: bool


class Status(Struct):
    stream: Stream
    clock: Clock
    replay: Replay | None = None


class Breach(Struct):
    code: str
    limit: int | None = None
    actual: int | None = None
    detail: str = ""


class Order(Struct):
    id: str
    account_id: str
    symbol: str
    side: str
    order_type: str
    quantity: int
    price_vnd: int | None
    status: str
    filled_quantity: int
    average_fill_vnd: int | None
    reason: str
    breaches: list[Breach]
    cancel_wanted: bool
    actor: str
    submitted_at: str
    updated_at: str


class Orders(Struct):
    orders: list[Order]


class Position(Struct):
    symbol: str
    quantity: int
    sellable: int
    cost_total: int
    mark: int | None
    market_value: int | None
    unrealised: int | None
    realised: int


class Portfolio(Struct):
    """A value that is not known (a held symbol without a price) is None, never 0."""

    account: str
    cash_settled: int
    cash_pending: int
    reserved: int
    buying_power: int
    market_value: int | None
    equity: int | None
    unrealised: int | None
    realised_today: int
    day_pnl: int | None
    positions: list[Position]


class KillSwitch(Struct):
    scope: str
    is_engaged: bool
    reason: str
    changed_at: str


class LimitUse(Struct):
    account: str
    code: str
    scope: str
    limit: int
    actual: int | None
    unit: str
    percent: int | None


class Risk(Struct):
    kill_switches: list[KillSwitch]
    limit_use: list[LimitUse]


class Strategy(Struct):
    id: str
    name: str
    status: str
    status_reason: str
    account_id: str


class Decision(Struct):
    id: str
    strategy_name: str
    account_id: str
    symbol: str
    side: str
    quantity: int
    price_vnd: int | None
    signal: str
    decided_at: str
    outcome: str
    outcome_reason: str


class Signals(Struct):
    strategies: list[Strategy]
    decisions: list[Decision]


class Account(Struct):
    id: str
    number: str
    name: str


class Security(Struct):
    symbol: str
    exchange: str
    kind: str
    name_vi: str
    name_en: str
    lot_size: int


class Limit(Struct):
    """What a limit says about itself."""

    code: str
    help_vi: str
    help_en: str


class Hold(Struct):
    """What a dead-man timer holds back."""

    scope: str
    state: str
    reason: str


class Check(Struct):
    would_pass: bool
    breaches: list[Breach]


class Proposal(Struct):
    id: str
    subject: str


class Person(Struct):
    id: int
    username: str


class Proved(Struct):
    """The session's user; None before the log-in is complete."""

    user: Person | None = None
    flows: list[dict[str, Any]] = field(default_factory=list)


class LogInAnswer(Struct):
    data: Proved = field(default_factory=Proved)
    errors: list[dict[str, Any]] = field(default_factory=list)


class Failure(Struct):
    """Every error of the REST API has this shape."""

    code: str
    message: str
    context: dict[str, Any] = field(default_factory=dict)
