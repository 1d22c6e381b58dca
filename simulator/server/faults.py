"""Switches that make the simulated broker misbehave, for tests and rehearsals; set by POST /sim/faults."""

import msgspec


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """All off by default. `silence` stops market frames and keep-alives while the socket stays open."""

    silence: bool = False
    refuse_trading: bool = False  # every trading call answers HTTP 500
    close_trading: bool = False  # every trading call is cut off without an answer, and nothing is accepted
    quota_exceeded: bool = False  # every REST call answers 429
    new_order_delay_ms: int = 0  # accepted, but answered late
    lost_answers: int = 0  # so many NewOrder calls are accepted and never answered
    snapshot: bool = True  # whether a subscription begins with the state as it stands
    snapshot_ticks: bool = False  # and whether that repeats the last B of each security, as the live service has done


class FaultOrder(Faults, forbid_unknown_fields=True):
    """The body of POST /sim/faults: the switches as they shall be, and acts that happen once."""

    drop_market_streams: bool = False
    drop_order_streams: bool = False
    broken_market_message: bool = False


def switches_of(order: FaultOrder) -> Faults:
    return Faults(**{name: getattr(order, name) for name in Faults.__struct_fields__})
