"""One message out of a frame of many, as it came."""

import pytest

from qts.adapters.ssi.frames import message_of

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
