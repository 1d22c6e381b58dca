"""Points as lines: `measurement,tag=value field=1i,other="text" 1700000000000000000`.

The escapes are those of InfluxDB's reference (QuestDB takes the same): in the measurement comma and space, in tags also
the equals sign, in text fields the double quote and the backslash. What no escape can carry is refused.
"""

from collections.abc import Mapping

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ "})
_TAG = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\="})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})


class UnwritableLine(ValueError):
    """A name, tag or number that the protocol has no form for."""


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, int | str], timestamp_ns: int) -> bytes:
    """One point, without the newline that ends it. Tags are sorted, as the server likes them."""
    if not fields:
        raise UnwritableLine("a point needs a field")
    head = [_plain(measurement).translate(_MEASUREMENT)]
    head += [f"{_plain(key).translate(_TAG)}={_plain(value).translate(_TAG)}" for key, value in sorted(tags.items())]
    values = ",".join(f"{_plain(key).translate(_TAG)}={_field(value)}" for key, value in fields.items())
    return f"{','.join(head)} {values} {_whole(timestamp_ns)}".encode()


def _plain(text: str) -> str:
    """A newline would end the line, and a backslash at the end would escape what follows."""
    if not text or text.endswith("\\") or any(sign in text for sign in "\n\r\0"):
        raise UnwritableLine(f"{text!r} can be neither name nor tag")
    return text


def _field(value: int | str) -> str:
    if isinstance(value, str):
        if any(sign in value for sign in "\n\r\0"):
            raise UnwritableLine(f"{value!r} does not fit on a line")
        return f'"{value.translate(_TEXT)}"'
    return f"{_whole(value)}i"


def _whole(number: int) -> int:
    if not INT_MIN <= number <= INT_MAX:
        raise UnwritableLine(f"{number} has more than 64 bits")
    return number
