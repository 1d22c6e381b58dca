"""Switches that make the simulated broker misbehave, for tests and rehearsals; set by POST /sim/faults."""

from typing import Annotated, Final

import msgspec

from simulator.wire.tokens import TOKEN_LIFETIME_S

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

OTP_VALIDITY_S: Final = 180


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """All off by default. A number of times counts down to 0 as the fault happens."""

    silence: bool = False  # market sockets stay open and say nothing, not even a keep-alive
    orders_silence: bool = False  # the same for the sockets of the order stream
    refuse_trading: bool = False  # every trading call answers HTTP 500
    close_trading: bool = False  # every trading call is cut off without an answer, and nothing is accepted
    quota_exceeded: bool = False  # every REST call answers 429
    quota_as_text: bool = False  # a 429 comes as plain text instead of JSON
    answer_delay_ms: Count = 0  # every REST call is taken in at once and answered late
    new_order_delay_ms: Count = 0  # NewOrder is accepted at once and answered late
    lost_requests: Count = 0  # so many NewOrder calls are cut off before anything is accepted
    lost_answers: Count = 0  # so many NewOrder calls are accepted and never answered
    lost_change_requests: Count = 0  # the same of CancelOrder and ModifyOrder
    lost_change_answers: Count = 0
    takes_repeats: bool = False  # a requestID that was used that day is taken as a new request
    wrong_second_factor: bool = False  # every PIN and every OTP is wrong
    otp_validity_s: Count = OTP_VALIDITY_S  # of codes sent from now on
    key_expired: bool = False  # no key can log in: "The connection is invalid"
    single_session: bool = False  # a log-in to trading ends the customer's earlier tokens and order streams
    token_lifetime_s: Count = TOKEN_LIFETIME_S  # of tokens issued from now on
    streams_max: Count = 0  # connections per key and stream; one more is told the quota and closed; 0 = no limit
    adds_channels: bool = False  # SwitchChannels adds to what a client has instead of replacing it
    range_days_max: Count = 30  # of a query of FC Data; some have seen the live service allow 365
    snapshot: bool = True  # whether a subscription begins with the state as it stands
    snapshot_ticks: bool = False  # and whether that repeats the last B of each security, as the live service has done


class FaultOrder(Faults, forbid_unknown_fields=True):
    """The body of POST /sim/faults: the switches as they shall be, and acts that happen once."""

    drop_market_streams: bool = False
    drop_order_streams: bool = False
    broken_market_message: bool = False


def switches_of(order: FaultOrder) -> Faults:
    return Faults(**{name: getattr(order, name) for name in Faults.__struct_fields__})
