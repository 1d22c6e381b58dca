"""The colours of the Vietnamese board, each with a mark for those who do not see it."""

from enum import Enum

from rich.style import Style

from qts.tui import wire

BUY, SELL = "#2fd180", "#ff6b74"
GOOD, WARN, BAD, MUTED = "#2fd180", "#f5a524", "#ff6b74", "#8490a6"


class Tone(Enum):
    """Colour and mark of a price."""

    CEILING = ("#d982ff", "▲▲")
    FLOOR = ("#2ad4ee", "▼▼")
    REFERENCE = ("#f2c037", "■")
    UP = ("#2fd180", "▲")
    DOWN = ("#ff6b74", "▼")
    NONE = (MUTED, "")

    @property
    def style(self) -> Style:
        return _STYLES[self]

    @property
    def mark(self) -> str:
        return self.value[1]


_STYLES = {tone: Style(color=tone.value[0]) for tone in Tone}


def tone_of(price_vnd: int | None, quote: wire.Quote) -> Tone:
    if not price_vnd or not quote.ref:
        return Tone.NONE
    if quote.ceil and price_vnd >= quote.ceil:
        return Tone.CEILING
    if quote.floor and price_vnd <= quote.floor:
        return Tone.FLOOR
    if price_vnd == quote.ref:
        return Tone.REFERENCE
    return Tone.UP if price_vnd > quote.ref else Tone.DOWN


def sign_style(value: int | None) -> Style:
    """Of a gain or a loss; its sign is the mark."""
    if not value:
        return Tone.NONE.style
    return Tone.UP.style if value > 0 else Tone.DOWN.style


def side_style(side: str) -> Style:
    return Style(color=BUY if side == "BUY" else SELL)
