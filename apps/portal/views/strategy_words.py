"""What the strategies that come with QTS say of themselves, named here for translation: the domain knows no language.

Pages translate a strategy's texts as they show them; what a person wrote for a strategy of his own stays as it is.
"""

from typing import Final

from django.utils.translation import gettext_noop

TEXTS: Final = (
    gettext_noop("Long from a close above the upper band on high volume until one below the middle."),
    gettext_noop("Length of the bands and of the usual volume."),
    gettext_noop("Distance of the bands from the middle."),
    gettext_noop("A breakout needs this much of the usual volume."),
    gettext_noop("Shares to hold while long."),
    gettext_noop("Equal weights of its symbols, restored once a day with orders in the closing auction."),
    gettext_noop("Money to spread over the symbols."),
    gettext_noop("How much of it is to be in shares."),
    gettext_noop("Leave a holding alone that is this near to its weight."),
    gettext_noop("Long a future from a new high until its stop or 14:25, never over night."),
    gettext_noop("Bars whose highest price has to be broken."),
    gettext_noop("Leave when it falls this far below the price that was paid."),
    gettext_noop("Contracts to hold while long."),
    gettext_noop("Long while the fast simple moving average is above the slow one."),
    gettext_noop("Length of the fast simple moving average."),
    gettext_noop("Length of the slow simple moving average."),
    gettext_noop("Of two shares, long the one that is cheap against the other, until they meet again."),
    gettext_noop("Bars that the usual ratio is made from."),
    gettext_noop("Enter this far from the usual ratio."),
    gettext_noop("Leave this near to the usual ratio."),
    gettext_noop("Money to hold the cheap share with."),
    gettext_noop("Long after the relative strength index falls below a bound until it rises above another."),
    gettext_noop("Length of the relative strength index."),
    gettext_noop("Buy when the index falls below this."),
    gettext_noop("Leave when it rises above this."),
)
UNITS: Final = (
    gettext_noop("bars"),
    gettext_noop("shares"),
    gettext_noop("contracts"),
    gettext_noop("points"),
    gettext_noop("deviations"),
    gettext_noop("tenths of a deviation"),
    gettext_noop("million VND"),
    gettext_noop("bps"),
)
