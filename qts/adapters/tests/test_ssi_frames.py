"""One message out of a frame of many, as it came."""

import pytest

from qts.adapters.ssi.frames import is_spoken, message_of

FIRST, SECOND = b'{"H":"h","M":"Broadcast","A":["{ \\"a\\": 1 }"]}', b'{"H":"h",  "M":"Broadcast","A":["2"]}'
FRAME = b'{"C":"d-1","M":[' + FIRST + b", " + SECOND + b"]}"


@pytest.mark.parametrize(
    ("position", "message"),
    [("1:8", FIRST), ("1:8:0", FIRST), ("1:8:1", SECOND), ("1:8:2", FRAME)],
)
def test_the_position_names_one_message(position, message):
    assert message_of(FRAME, position) == message


@pytest.mark.parametrize("frame", [b"", b"no json", b"{}", b'{"E":"refused"}', b'{"M":null}', b'{"M":3}'])
def test_what_holds_no_messages_is_shown_whole(frame):
    assert message_of(frame, "1:8") == frame


@pytest.mark.parametrize(
    "frame", [FRAME, b'{"I":"0"}', b'{"I":0,"R":null}', b'{"E":"refused","I":"1"}', b'{"M":[{"M":"Br']
)
def test_an_answer_and_a_message_are_words(frame):
    assert is_spoken(frame)


@pytest.mark.parametrize(
    "frame", [b"{}", b'{"C":"s-0,1","S":1,"M":[]}', b'{"C":"d-1","M":null}', b'{"C":"d-1","G":"x"}']
)
def test_keepalives_and_what_opens_a_connection_are_none(frame):
    assert not is_spoken(frame)
