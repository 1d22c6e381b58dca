"""A great many broken messages: none crashes the codec, and each one that is bad is a failure with a reason."""

import json
import os
import random

import pytest

from qts.adapters.ssi.codec import decode_frame
from qts.adapters.tests.fastconnect_frames import market_frame
from qts.adapters.tests.test_ssi_codec_fuzz import RECORDS
from qts.domain.events import ForeignRoomUpdated, IndexUpdated

MESSAGES = int(os.environ.get("QTS_FUZZED_MESSAGES", "20000"))
SEED = 20_261_123
ODD_VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    2**70,
    0.5,
    -0.5,
    1e308,
    "",
    "abc",
    "NaN",
    "1e9999",
    "99/99/9999",
    [],
    {},
    "\ud800",
    "²",
)


def broken(chance, data_type, record):
    """One message with one or two fields of something else, or missing."""
    fields = dict(record)
    for name in chance.sample(sorted(fields), chance.randint(1, 2)):
        if chance.random() < 0.2:
            del fields[name]
        else:
            fields[name] = chance.choice(ODD_VALUES)
    return market_frame(data_type, fields)


def mangled(chance, frame):
    """The frame with bytes overwritten, cut out or doubled."""
    text = bytearray(frame.encode() if isinstance(frame, str) else frame)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text))
        match chance.randrange(3):
            case 0:
                text[place] = chance.randrange(256)
            case 1:
                del text[place : place + chance.randint(1, 40)]
            case _:
                text[place:place] = text[place : place + chance.randint(1, 40)]
        if not text:
            return b""
    return bytes(text)


def is_whole(event):
    wide = isinstance(event, ForeignRoomUpdated | IndexUpdated)
    values = [getattr(event, name) for name in event.__slots__]
    return all(wide or not isinstance(value, int) or value >= 0 for value in values)


@pytest.mark.timeout(180 + MESSAGES // 500)
def test_every_fuzzed_message_becomes_events_or_a_dead_letter():
    chance, kinds = random.Random(SEED), sorted(RECORDS)
    outcomes = {"events": 0, "failures": 0, "ignored": 0}
    for number in range(MESSAGES):
        data_type = chance.choice(kinds)
        frame = broken(chance, data_type, RECORDS[data_type])
        raw = mangled(chance, frame) if number % 2 else frame
        decoded = decode_frame(raw, ts_received_ns=1, wal_position=f"1:{number}", instruments={})
        found = [*decoded.events, *decoded.snapshots]
        assert all(is_whole(event) for event in found), raw
        assert all(failure.reason and failure.raw is not None for failure in decoded.failures), raw
        assert all(failure.wal_position.startswith(f"1:{number}") for failure in decoded.failures), raw
        if not number % 2:  # a sound frame with one message: it is one of the three, and never nothing
            assert bool(found) + len(decoded.failures) + decoded.ignored == 1, raw
        outcomes["events"] += len(found)
        outcomes["failures"] += len(decoded.failures)
        outcomes["ignored"] += decoded.ignored
    print("fuzzed messages:", MESSAGES, json.dumps(outcomes))
    assert outcomes["failures"] > MESSAGES // 20
    assert outcomes["events"] > MESSAGES // 20
