"""Why an order exists and what became of it: one list of steps, from the market message to the fills."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.orders.selectors import HistoryEntry, OrderView
from apps.portal.views import formats
from apps.portal.views.refusals import reason_text
from apps.portal.views.wording import strategy_mode_label
from apps.strategies.selectors import DecisionView, Explanation
from qts.domain.events import (
    OrderAccepted,
    OrderAmended,
    OrderAmendRequested,
    OrderCancelled,
    OrderCancelRequested,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderSubmitted,
    OrderUnknown,
)
from qts.domain.orders import Status

SECONDS_FROM_MS = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` chooses the colour; `at` is market time; `facts` are (label, text) pairs; `raw` is shown as it came;
    `took` is the wall-clock time since the step before."""

    kind: str
    title: str
    at: datetime | None
    facts: list[tuple[str, str]]
    raw: str = ""
    took: str = ""


def timeline(
    order: OrderView, history: Iterable[HistoryEntry], explanation: Explanation | None, names: Mapping[str, str]
) -> list[Step]:
    """`names` of actors as `selectors.actor_names` gives them."""
    steps = _reasons(explanation) if explanation else [_asked_by_person(order, names)]
    steps.append(_gate(order))
    before: HistoryEntry | None = None
    for entry in history:
        if before is not None:  # the first one is the gate's
            steps.append(_entry(entry, names, _took(before, entry)))
        before = entry
    return steps


def _took(before: HistoryEntry, entry: HistoryEntry) -> str:
    """Between the two records, whatever the market's clock did."""
    milliseconds = round((entry.recorded_at_wall - before.recorded_at_wall).total_seconds() * 1000)
    return f"+{milliseconds:,} ms" if milliseconds < SECONDS_FROM_MS else f"+{milliseconds / 1000:,.1f} s"


def _reasons(explanation: Explanation) -> list[Step]:
    decision = explanation.decision
    before = decision.indicators_previous
    indicators = [(name, _indicator(value, before.get(name))) for name, value in decision.indicators.items()]
    return [
        Step(
            "message",
            _("Market message"),
            None,
            [(_("Position in the log"), decision.wal_position)],
            raw=explanation.raw_message or explanation.raw_trouble,
        ),
        Step("indicator", _("Indicators of {symbol}").format(symbol=decision.symbol), decision.decided_at, indicators),
        Step(
            "signal",
            _("Signal of {strategy}").format(strategy=decision.strategy_name),
            decision.decided_at,
            [(_("Signal"), decision.signal), (_("Code"), _code(decision))],
        ),
        Step(
            "decision",
            _("Decision"),
            decision.decided_at,
            [(pgettext("to trade", "Order"), _wish(decision))],
        ),
    ]


def _code(decision: DecisionView) -> str:
    """Which version of its code decided, and what became of its decisions then."""
    return f"{decision.code_hash[:16] or '–'} · {strategy_mode_label(decision.mode)}"


def _wish(decision: DecisionView) -> str:
    price = f" @ {formats.price_text(decision.price_vnd)}" if decision.price_vnd else ""
    return f"{decision.side} {formats.quantity_text(decision.quantity)} {decision.symbol} {decision.order_type}{price}"


def _indicator(value: float, earlier: float | None) -> str:
    """Value after the bar, and before it where it is known: a cross is seen only between two."""
    text = f"{value:,.2f}"
    return text if earlier is None else _("{now} (before: {before})").format(now=text, before=f"{earlier:,.2f}")


def _asked_by_person(order: OrderView, names: Mapping[str, str]) -> Step:
    who = names.get(order.actor, order.actor)
    return Step("person", _("Entered by a person"), order.submitted_at, [(_("By"), who)])


def _gate(order: OrderView) -> Step:
    if order.breaches:
        return Step("refused", _("Risk gate: refused, nothing was sent"), order.submitted_at, [])
    facts = [(_("Result"), _("all checks passed, buying power or shares reserved; each stands below"))]
    return Step("gate", _("Risk gate: passed"), order.submitted_at, facts)


def _entry(entry: HistoryEntry, names: Mapping[str, str], took: str) -> Step:
    kind, title = _titles().get(entry.topic, ("info", entry.topic))
    if entry.topic == OrderSent.topic and entry.status == Status.QUEUED:
        kind, title = "accepted", _("Taken by the broker")
    facts = [(_("By"), names[entry.actor])] if entry.actor in names else []
    if entry.wanted_quantity is not None:
        facts.append((_("Asked for"), _terms(entry.wanted_quantity, entry.wanted_price_vnd)))
    if entry.topic == OrderAmended.topic:
        facts.append((_("Now"), _terms(entry.quantity, entry.price_vnd)))
    if entry.fill_quantity is not None:
        filled = f"{formats.quantity_text(entry.fill_quantity)} × {formats.price_text(entry.fill_price_vnd)}"
        facts.append((_("Filled"), filled))
        facts.append((_("Filled in all"), formats.quantity_text(entry.filled_quantity)))
    if entry.reason:
        facts.append((_("Reason"), reason_text(entry.reason)))
    return Step(kind, title, entry.occurred_at, facts, took=took)


def _terms(quantity: int, price_vnd: int | None) -> str:
    return f"{formats.quantity_text(quantity)} @ {formats.price_text(price_vnd)}"


def _titles() -> dict[str, tuple[str, str]]:
    return {
        OrderSubmitted.topic: ("sent", _("To be sent")),
        OrderSent.topic: ("sent", _("Sent to the broker")),
        OrderAccepted.topic: ("accepted", _("Accepted by the exchange")),
        OrderFilled.topic: ("filled", _("Matched")),
        OrderCancelRequested.topic: ("info", _("Cancel asked for")),
        OrderCancelled.topic: ("cancelled", _("Cancelled or expired")),
        OrderAmendRequested.topic: ("info", _("Amendment asked for")),
        OrderAmended.topic: ("info", _("Amended")),
        OrderRejected.topic: ("refused", _("Rejected by the exchange")),
        OrderUnknown.topic: ("warn", _("Unclear whether it arrived: the broker is being asked")),
    }
