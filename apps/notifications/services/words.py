"""An alert as a sentence, in the language that is active: on the page the reader's, elsewhere that of the rule."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.notifications.models import AlertKind

FUTURES = ("41I", "VN30F", "VN100F")  # how codes and aliases of index futures begin


def sentence(kind: str, symbol: str, facts: Mapping[str, Any]) -> str:
    """What happened, with its numbers; prices as on the board, in thousand VND."""
    says = _SENTENCES.get(AlertKind(kind))
    return says(symbol, facts) if says else str(AlertKind(kind).label)


def price(symbol: str, price_vnd: int) -> str:
    """25_300 -> '25.30' in thousand VND; a future's 128_050_000 -> '1,280.50' points."""
    unit = 1_000 if symbol.startswith(FUTURES) else 10
    hundredths = (price_vnd + unit // 2) // unit
    return f"{hundredths // 100:,}.{hundredths % 100:02}"


def percent(bps: int) -> str:
    """-250 -> '-2.50%'."""
    return f"{'-' if bps < 0 else ''}{abs(bps) // 100}.{abs(bps) % 100:02}%"


def thousandths(value: int) -> str:
    """61_530 -> '61.53'."""
    text = f"{abs(value) // 1000}.{abs(value) % 1000:03}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text


def _price_above(symbol: str, facts: Mapping[str, Any]) -> str:
    told = {"symbol": symbol, "price": price(symbol, facts["value"]), "limit": price(symbol, facts["threshold"])}
    return _("{symbol} rose to {price} (alert at {limit})").format(**told)


def _price_below(symbol: str, facts: Mapping[str, Any]) -> str:
    told = {"symbol": symbol, "price": price(symbol, facts["value"]), "limit": price(symbol, facts["threshold"])}
    return _("{symbol} fell to {price} (alert at {limit})").format(**told)


def _change(symbol: str, facts: Mapping[str, Any]) -> str:
    told = {"symbol": symbol, "change": percent(facts["value"]), "price": price(symbol, facts["last_vnd"])}
    return _("{symbol} changed by {change} today, to {price}").format(**told)


def _indicator(symbol: str, facts: Mapping[str, Any]) -> str:
    told = {"symbol": symbol, "name": facts["indicator"], "value": thousandths(facts["value"])}
    return _("{symbol}: {name} is {value} (alert at {limit})").format(**told, limit=thousandths(facts["threshold"]))


def _signal(symbol: str, facts: Mapping[str, Any]) -> str:
    words = {1: _("speaks for higher prices"), -1: _("speaks for lower prices"), 0: _("speaks for neither")}
    told = {"name": facts["name"], "says": words[facts["direction"]], "percent": facts["percent"]}
    text = f"{symbol}: " + _("{name} {says}, {percent}% sure").format(**told)
    return f"{text}. {facts['reason']}" if facts["reason"] else text


def _fill(symbol: str, facts: Mapping[str, Any]) -> str:
    told = {"quantity": f"{facts['quantity']:,}", "symbol": symbol, "price": price(symbol, facts["price_vnd"])}
    bought = _("Bought {quantity} {symbol} at {price}")
    sold = _("Sold {quantity} {symbol} at {price}")
    said = bought if facts["side"] == "BUY" else sold
    return f"{said.format(**told)} ({facts['filled']:,}/{facts['of']:,})"


def _risk(_symbol: str, facts: Mapping[str, Any]) -> str:
    match facts["what"]:
        case "margin":
            owed = f"{facts['shortfall_vnd']:,}"
            return _("The account owes more cash than has arrived: {money} VND").format(money=owed)
        case "limit":
            told = {"code": facts["code"], "percent": facts["percent"]}
            figures = f"{facts['actual']:,} / {facts['limit']:,}"
            return _("Limit {code} at {percent}%: {figures}").format(**told, figures=figures)
    return _stop(facts)


def _stream(_symbol: str, facts: Mapping[str, Any]) -> str:
    if facts["what"] == "gap":
        return _("Gap in the market data of {symbols}: {reason}").format(**_of(facts, "symbols", "reason"))
    return _stop(facts)


def _stop(facts: Mapping[str, Any]) -> str:
    told = _of(facts, "scope", "reason")
    if facts["what"] == "stop":
        return _("Stopped: {scope}. {reason}").format(**told)
    return _("Released: {scope}. {reason}").format(**told)


def _of(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts[name] for name in names}


_SENTENCES = {
    AlertKind.PRICE_ABOVE: _price_above,
    AlertKind.PRICE_BELOW: _price_below,
    AlertKind.CHANGE_ABOVE: _change,
    AlertKind.CHANGE_BELOW: _change,
    AlertKind.INDICATOR_ABOVE: _indicator,
    AlertKind.INDICATOR_BELOW: _indicator,
    AlertKind.NEWS: _signal,
    AlertKind.SIGNAL: _signal,
    AlertKind.FILL: _fill,
    AlertKind.RISK: _risk,
    AlertKind.STREAM: _stream,
}
