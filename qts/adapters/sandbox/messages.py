"""What host and child say to each other: one JSON object a line, on the child's stdin and stdout.

Each question has a number and its answer repeats it: what nobody asked for is no answer.
"""

from dataclasses import asdict

import msgspec

from qts.domain.strategy import (
    Bar,
    Book,
    Context,
    Fill,
    Intent,
    Parameter,
    PlaceOrder,
    SessionChange,
    Signal,
    TargetPosition,
    Tick,
    Timer,
)

Event = Bar | Tick | Book | Fill | Timer | SessionChange


class Confine(msgspec.Struct, tag="confine"):
    """The very first line: shut yourself in. Nothing of the strategy is loaded before."""

    number: int
    readable: tuple[str, ...]  # directories that strategies of the project itself are in


class Load(msgspec.Struct, tag="load"):
    """Which strategy: a key, or a person's own file, whose text comes along so that what is hashed is what runs."""

    number: int
    key: str
    file_name: str = ""
    source: str = ""


class Start(msgspec.Struct, tag="start"):
    """Begin, with these parameters; `state` is what the version before handed over."""

    number: int
    parameters: dict[str, int]
    state: dict[str, object] | None = None


class HandOver(msgspec.Struct, tag="hand_over"):
    number: int


class OnBar(msgspec.Struct, tag="bar"):
    number: int
    event: Bar
    context: Context


class OnTick(msgspec.Struct, tag="tick"):
    number: int
    event: Tick
    context: Context


class OnBook(msgspec.Struct, tag="book"):
    number: int
    event: Book
    context: Context


class OnFill(msgspec.Struct, tag="fill"):
    number: int
    event: Fill
    context: Context


class OnTimer(msgspec.Struct, tag="timer"):
    number: int
    event: Timer
    context: Context


class OnSession(msgspec.Struct, tag="session"):
    number: int
    event: SessionChange
    context: Context


class Confined(msgspec.Struct, tag="confined"):
    """The layers in force, said before a line of the strategy has run."""

    number: int
    layers: tuple[str, ...]


class Told(msgspec.Struct, frozen=True):
    """One parameter, as a form shows it."""

    name: str
    default: int
    minimum: int
    maximum: int
    unit: str
    help: str

    @classmethod
    def of(cls, parameter: Parameter) -> "Told":
        return cls(**asdict(parameter))


class Loaded(msgspec.Struct, tag="loaded"):
    number: int
    title: str
    summary: str
    parameters: tuple[Told, ...]


class Started(msgspec.Struct, tag="started"):
    """`wants` names the kinds of events that it handles, `timers` the minutes since midnight in Vietnam."""

    number: int
    indicator_names: tuple[str, ...]
    wants: tuple[str, ...]
    timers: tuple[int, ...]
    printed: str = ""


class HandedOver(msgspec.Struct, tag="handed_over"):
    number: int
    state: dict[str, object]


class Target(msgspec.Struct, tag="target"):
    intent: TargetPosition


class Order(msgspec.Struct, tag="order"):
    intent: PlaceOrder


class Said(msgspec.Struct, tag="signal"):
    intent: Signal


class Decided(msgspec.Struct, tag="decided"):
    """What it wants, in its order; usually nothing or one. `printed` is what it wrote meanwhile."""

    number: int
    intents: tuple[Target | Order | Said, ...]
    printed: str = ""


class Failed(msgspec.Struct, tag="failed"):
    """The strategy raised; `problem` says what and in which line, for the quant who wrote it."""

    number: int
    problem: str
    printed: str = ""


Question = OnBar | OnTick | OnBook | OnFill | OnTimer | OnSession
Request = Confine | Load | Start | HandOver | Question
Answer = Confined | Loaded | Started | HandedOver | Decided | Failed
request_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
request_encoder = msgspec.json.Encoder(enc_hook=dict)  # a mapping that cannot be changed is one all the same
answer_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def question(number: int, event: Event, context: Context) -> Question:
    if isinstance(event, Bar):
        return OnBar(number, event, context)
    if isinstance(event, Tick):
        return OnTick(number, event, context)
    if isinstance(event, Book):
        return OnBook(number, event, context)
    if isinstance(event, Fill):
        return OnFill(number, event, context)
    if isinstance(event, Timer):
        return OnTimer(number, event, context)
    return OnSession(number, event, context)


def as_wire(intents: tuple[Intent, ...]) -> tuple[Target | Order | Said, ...]:
    return tuple(_as_wire(one) for one in intents)


def _as_wire(intent: Intent) -> Target | Order | Said:
    if isinstance(intent, TargetPosition):
        return Target(intent)
    return Said(intent) if isinstance(intent, Signal) else Order(intent)
