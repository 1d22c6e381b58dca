"""Names of patterns in the reader's language, in the order in which they are offered."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qts.domain.market import Timeframe

CHART = {
    "double_bottom": gettext_noop("Double bottom"),
    "double_top": gettext_noop("Double top"),
    "inverse_head_and_shoulders": gettext_noop("Inverse head and shoulders"),
    "head_and_shoulders": gettext_noop("Head and shoulders"),
    "ascending_triangle": gettext_noop("Ascending triangle"),
    "descending_triangle": gettext_noop("Descending triangle"),
    "symmetrical_triangle": gettext_noop("Symmetrical triangle"),
    "support": gettext_noop("Support"),
    "resistance": gettext_noop("Resistance"),
    "breakout": gettext_noop("Breakout"),
}
CANDLES = {
    "cdl_2crows": gettext_noop("Two crows"),
    "cdl_3blackcrows": gettext_noop("Three black crows"),
    "cdl_3inside": gettext_noop("Three inside"),
    "cdl_3linestrike": gettext_noop("Three-line strike"),
    "cdl_3outside": gettext_noop("Three outside"),
    "cdl_3starsinsouth": gettext_noop("Three stars in the south"),
    "cdl_3whitesoldiers": gettext_noop("Three white soldiers"),
    "cdl_abandonedbaby": gettext_noop("Abandoned baby"),
    "cdl_advanceblock": gettext_noop("Advance block"),
    "cdl_breakaway": gettext_noop("Breakaway"),
    "cdl_concealbabyswall": gettext_noop("Concealing baby swallow"),
    "cdl_counterattack": gettext_noop("Counterattack"),
    "cdl_darkcloudcover": gettext_noop("Dark cloud cover"),
    "cdl_dojistar": gettext_noop("Doji star"),
    "cdl_engulfing": gettext_noop("Engulfing"),
    "cdl_eveningdojistar": gettext_noop("Evening doji star"),
    "cdl_eveningstar": gettext_noop("Evening star"),
    "cdl_gapsidesidewhite": gettext_noop("Side-by-side white lines"),
    "cdl_hammer": gettext_noop("Hammer"),
    "cdl_hangingman": gettext_noop("Hanging man"),
    "cdl_harami": gettext_noop("Harami"),
    "cdl_haramicross": gettext_noop("Harami cross"),
    "cdl_hikkake": gettext_noop("Hikkake"),
    "cdl_hikkakemod": gettext_noop("Modified hikkake"),
    "cdl_homingpigeon": gettext_noop("Homing pigeon"),
    "cdl_identical3crows": gettext_noop("Identical three crows"),
    "cdl_inneck": gettext_noop("In-neck"),
    "cdl_invertedhammer": gettext_noop("Inverted hammer"),
    "cdl_kicking": gettext_noop("Kicking"),
    "cdl_kickingbylength": gettext_noop("Kicking by length"),
    "cdl_ladderbottom": gettext_noop("Ladder bottom"),
    "cdl_marubozu": gettext_noop("Marubozu"),
    "cdl_matchinglow": gettext_noop("Matching low"),
    "cdl_mathold": gettext_noop("Mat hold"),
    "cdl_morningdojistar": gettext_noop("Morning doji star"),
    "cdl_morningstar": gettext_noop("Morning star"),
    "cdl_onneck": gettext_noop("On-neck"),
    "cdl_piercing": gettext_noop("Piercing"),
    "cdl_risefall3methods": gettext_noop("Rising or falling three methods"),
    "cdl_separatinglines": gettext_noop("Separating lines"),
    "cdl_shootingstar": gettext_noop("Shooting star"),
    "cdl_stalledpattern": gettext_noop("Stalled pattern"),
    "cdl_sticksandwich": gettext_noop("Stick sandwich"),
    "cdl_tasukigap": gettext_noop("Tasuki gap"),
    "cdl_thrusting": gettext_noop("Thrusting"),
    "cdl_tristar": gettext_noop("Tristar"),
    "cdl_unique3river": gettext_noop("Unique three river"),
    "cdl_upsidegap2crows": gettext_noop("Upside gap two crows"),
    "cdl_xsidegap3methods": gettext_noop("Gap three methods"),
}
TIMEFRAMES = {
    Timeframe.MINUTE: gettext_noop("1 minute"),
    Timeframe.FIVE_MINUTES: gettext_noop("5 minutes"),
    Timeframe.QUARTER: gettext_noop("15 minutes"),
    Timeframe.HOUR: gettext_noop("60 minutes"),
    Timeframe.DAY: gettext_noop("1 day"),
}
_NAMES = CHART | CANDLES


def pattern_label(name: str) -> str:
    return _(_NAMES[name]) if name in _NAMES else name


def timeframe_label(timeframe: str) -> str:
    return _(TIMEFRAMES[Timeframe(timeframe)])
