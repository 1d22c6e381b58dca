"""Lines against a reader of their own, written from InfluxDB's reference and not from the writer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.adapters.tests.line_server import parse
from qts.adapters.tsdb import UnwritableLine, line

names = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: not re.search(r"\\(?=[,= ]|$)", text)  # a backslash before what is escaped has no form of its own
)
texts = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))
numbers = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (("tick", {"symbol": "SSI"}, {"q": 100}, 5), b"tick,symbol=SSI q=100i 5"),
        (("a b,c=d", {}, {"q": -1}, -5), rb"a\ b\,c=d q=-1i -5"),
        (("m", {"k =": "v,w x=y"}, {"f g": 1}, 0), rb"m,k\ \==v\,w\ x\=y f\ g=1i 0"),
        (("m", {}, {"t": 'say "hi" \\ bye, a=b'}, 0), rb'm t="say \"hi\" \\ bye, a=b" 0'),
        (("m", {"b": "2", "a": "1"}, {"z": 1, "y": ""}, 0), b'm,a=1,b=2 z=1i,y="" 0'),
        (("khớp", {"mã": "Đ"}, {"q": 1}, 0), "khớp,mã=Đ q=1i 0".encode()),
    ],
)
def test_the_escapes_are_those_of_the_reference(point, expected):
    assert line(*point) == expected


@given(names, st.dictionaries(names, names, max_size=3), st.dictionaries(names, numbers | texts, min_size=1), numbers)
def test_what_is_written_is_what_is_read(measurement, tags, fields, timestamp_ns):
    assert parse(line(measurement, tags, fields, timestamp_ns)) == (measurement, tags, fields, timestamp_ns)


@pytest.mark.parametrize(
    "point",
    [
        ("m", {}, {}, 0),
        ("", {}, {"q": 1}, 0),
        ("m", {"k": ""}, {"q": 1}, 0),
        ("m", {"k": "a\nb"}, {"q": 1}, 0),
        ("m", {"k": "a\\"}, {"q": 1}, 0),
        ("m", {}, {"q": 2**63}, 0),
        ("m", {}, {"q": "a\nb"}, 0),
        ("m", {}, {"q": 1}, 2**63),
    ],
)
def test_what_no_line_can_carry_is_refused(point):
    with pytest.raises(UnwritableLine):
        line(*point)
