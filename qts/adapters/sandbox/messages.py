"""What host and child say to each other: one JSON object a line, on the child's stdin and stdout."""

import msgspec

from qts.domain.strategy import Bar, Context, PlaceOrder, TargetPosition, Tick


class Start(msgspec.Struct, tag="start"):
    """The first line: which strategy, with which parameters."""

    key: str
    parameters: dict[str, int]


class OnBar(msgspec.Struct, tag="bar"):
    bar: Bar
    context: Context


class OnTick(msgspec.Struct, tag="tick"):
    tick: Tick
    context: Context


class Started(msgspec.Struct, tag="started"):
    indicator_names: tuple[str, ...]
    wants_ticks: bool


class Target(msgspec.Struct, tag="target"):
    intent: TargetPosition


class Order(msgspec.Struct, tag="order"):
    intent: PlaceOrder


class Decided(msgspec.Struct, tag="decided"):
    """What it wants, in its order; usually nothing or one."""

    intents: tuple[Target | Order, ...]


class Failed(msgspec.Struct, tag="failed"):
    """The strategy raised; `trace` is its traceback, for the quant who wrote it."""

    trace: str


Request = Start | OnBar | OnTick
Answer = Started | Decided | Failed
request_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
answer_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
