"""Why a strategy did nothing, in sentences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.portal.views.refusals import reason_text
from apps.portal.views.wording import stream_label
from apps.strategies.selectors import Finding, without_numbers
from apps.strategies.selectors.verdicts import SYMBOLS_TOLD_MAX
from qts.domain.errors import RuleCode
from qts.domain.market import to_vietnam

INDICATORS_TOLD_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    code: str
    tone: str
    text: str


def sentences(found: Iterable[Finding]) -> list[Sentence]:
    return [Sentence(one.code, one.tone, _WORDS[one.code](one.facts)) for one in found]


def number_text(value: float | None) -> str:
    """As much of it as tells something: 31.2, 25,050, 0.00042."""
    return "–" if value is None else f"{value:,.6g}" if abs(value) < 1_000 else f"{value:,.10g}"


def silence_text(code: str) -> str:
    """Why a symbol had no bar."""
    words = {
        "NOT_OPEN": _("its market has not opened yet"),
        "HALTED": _("the exchange has halted it"),
        "GAP": _("market data of it is missing (gap)"),
        "NOT_THERE": _("its bars closed while the strategy was not running"),
        "NO_TRADE": _("nothing of it was traded"),
    }
    return words.get(code, code)


def nothing_text(reason: str) -> str:
    """Why a decision came to no order, in the reader's language where its kind is known."""
    pattern = without_numbers(reason)
    known = {
        "already holding or working towards the target": _("it holds, or has on order, what it wants already"),
        "# is less than a round lot of #": _("less than a round lot"),
        "only # of # can be sold today (shares bought settle on T+#)": _("not enough shares can be sold yet (T+2)"),
        "no price in the market yet": _("no price in the market yet"),
        "the exchange has halted it": _("the exchange has halted it"),
        "it names no symbol": _("it names no symbol"),
    }
    if pattern in known:
        return known[pattern]
    return "; ".join(reason_text(part) for part in reason.split(", ")) if reason else ""


def _time(at: datetime | None) -> str:
    return "–" if at is None else f"{to_vietnam(at):%H:%M}"


def _listed(symbols: Sequence[str]) -> str:
    shown = ", ".join(symbols[:SYMBOLS_TOLD_MAX])
    left = len(symbols) - SYMBOLS_TOLD_MAX
    return shown if left <= 0 else _("{shown} and {count} more").format(shown=shown, count=left)


def _ended(reason: str) -> str:
    return f": {reason}." if reason else "."


def _orders(facts: Mapping[str, Any]) -> str:
    count = facts["count"]
    if facts["is_shadow"]:
        said = ngettext(
            "It did something: {count} order was written down (shadow).",
            "It did something: {count} orders were written down (shadow).",
            count,
        )
    else:
        said = ngettext(
            "It did something: {count} order went out.", "It did something: {count} orders went out.", count
        )
    return said.format(count=count)


def _runs(facts: Mapping[str, Any]) -> str:
    return _("It has been at the desk since {since}, last seen at {until}.").format(
        since=_time(facts["since"]), until=_time(facts["until"])
    )


def _ran(facts: Mapping[str, Any]) -> str:
    said = _("It ran from {since} to {until}").format(since=_time(facts["since"]), until=_time(facts["until"]))
    return said + _ended(facts["reason"])


def _failed(facts: Mapping[str, Any]) -> str:
    first_line = str(facts["reason"]).partition("\n")[0]
    return _("It broke at {at} and is off").format(at=_time(facts["at"])) + _ended(first_line.rstrip("."))


def _stop(facts: Mapping[str, Any]) -> str:
    said = (
        _("Only sales pass for {scope}") if facts["allows_reducing"] else _("Nothing passes for {scope}: it is stopped")
    )
    return said.format(scope=facts["scope"]) + (f" ({facts['reason']})." if facts["reason"] else ".")


def _heard(facts: Mapping[str, Any]) -> str:
    bars = ngettext("It heard {count} bar", "It heard {count} bars", facts["bars"]).format(count=f"{facts['bars']:,}")
    said = _("{bars} of {symbols}").format(bars=bars, symbols=_listed(facts["symbols"]))
    if facts["ticks"]:
        said += " " + _("and {count} ticks").format(count=f"{facts['ticks']:,}")
    return said + _(", the last one at {at}.").format(at=_time(facts["until"]))


def _late(facts: Mapping[str, Any]) -> str:
    return ngettext(
        "{count} message was too old to act on when it came: the machine or the stream was behind.",
        "{count} messages were too old to act on when they came: the machine or the stream was behind.",
        facts["count"],
    ).format(count=facts["count"])


def _no_bar(facts: Mapping[str, Any]) -> str:
    return _("No bar of {symbols}: {reason}.").format(
        symbols=_listed(facts["symbols"]), reason=silence_text(facts["reason"])
    )


def _cold(facts: Mapping[str, Any]) -> str:
    told = [
        name if more is None else _("{name} (needs {count} more)").format(name=name, count=more)
        for name, more in facts["indicators"][:INDICATORS_TOLD_MAX]
    ]
    return _("Not enough bars yet for {indicators} of {symbols}.").format(
        indicators=", ".join(told), symbols=_listed(facts["symbols"])
    )


def _skipped(facts: Mapping[str, Any]) -> str:
    return ngettext(
        "{count} decision came to no order: {reason} (last at {at}).",
        "{count} decisions came to no order: {reason} (last at {at}).",
        facts["count"],
    ).format(count=facts["count"], reason=nothing_text(facts["reason"]), at=_time(facts["until"]))


def _denied(facts: Mapping[str, Any]) -> str:
    said = nothing_text(facts["reason"]).rstrip(".")
    return ngettext(
        "The risk gate refused {count} order: {reason} (last at {at}).",
        "The risk gate refused {count} orders: {reason} (last at {at}).",
        facts["count"],
    ).format(count=facts["count"], reason=said, at=_time(facts["until"]))


def _rule_missed(facts: Mapping[str, Any]) -> str:
    rule = _("exit rule") if facts["rule"] == "leave" else _("entry rule")
    said = ngettext(
        "{symbol}: its {rule} was true in none of {count} bar",
        "{symbol}: its {rule} was true in none of {count} bars",
        facts["asked"],
    ).format(symbol=facts["symbol"], rule=rule, count=facts["asked"])
    if facts["met"]:
        return said + _("; {condition} was true {count} times, never together with the rest.").format(
            condition=facts["condition"], count=facts["met"]
        )
    return said + _("; {condition} came nearest at {at} with {value}.").format(
        condition=facts["condition"], at=_time(facts["at"]), value=number_text(facts["value"])
    )


def _rule_met(facts: Mapping[str, Any]) -> str:
    return ngettext(
        "Its entry rule was true in {count} bar ({symbols}).",
        "Its entry rule was true in {count} bars ({symbols}).",
        facts["count"],
    ).format(count=facts["count"], symbols=_listed(facts["symbols"]))


def _wanted_nothing(facts: Mapping[str, Any]) -> str:
    return ngettext(
        "It was asked {count} time and wanted nothing: its signal did not come.",
        "It was asked {count} times and wanted nothing: its signal did not come.",
        facts["count"],
    ).format(count=f"{facts['count']:,}")


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "NO_TRADING_DAY": lambda _facts: _("This is no trading day."),
    "ORDERS": _orders,
    "RUNS_UNSEEN": lambda facts: _(
        "It was started at {at}, but no worker has taken it up yet: see whether the signals worker runs."
    ).format(at=_time(facts["since"])),
    "RUNS": _runs,
    "RAN": _ran,
    "FAILED": _failed,
    "NEVER_RAN": lambda _facts: _("It was not running: nobody had started it."),
    "STOP": _stop,
    "STREAM": lambda facts: _("The market data stream: {state}.").format(state=stream_label(facts["state"])),
    "LIMIT": lambda facts: _("A limit of the account is used up: {rule}").format(
        rule=reason_text(RuleCode(facts["rule"]))
    ),
    "HEARD": _heard,
    "HEARD_NOTHING": lambda _facts: _("It heard no bar of any of its symbols."),
    "LATE": _late,
    "NO_BAR": _no_bar,
    "COLD": _cold,
    "SKIPPED": _skipped,
    "DENIED": _denied,
    "RULE_MISSED": _rule_missed,
    "RULE_MET": _rule_met,
    "WANTED_NOTHING": _wanted_nothing,
}
