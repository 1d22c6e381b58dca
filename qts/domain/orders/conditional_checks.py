"""What is wrong with a conditional order before anything watches it. What its order may do is the gate's business, at
the moment in which it triggers."""

from datetime import date, timedelta
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.market import Instrument, RuleBook, is_on_tick, quantity_refusal, tick_size_vnd
from qts.domain.orders.conditional import (
    OPTIONAL,
    REQUIRED,
    ConditionalKind,
    ConditionalTerms,
    Leg,
    legs_of,
)
from qts.domain.values import OrderType, Side

VALID_DAYS_MAX: Final = 90
_PRICES: Final = ("stop_vnd", "limit_vnd", "target_vnd", "entry_vnd", "then_vnd")


def terms_refusals(
    terms: ConditionalTerms, *, instrument: Instrument, rules: RuleBook, last_vnd: int, today: date
) -> tuple[Breach, ...]:
    """Every reason; empty when it can be watched. `last_vnd` is the last price, 0 when there is none."""
    if shape := _shape_refusals(terms):
        return shape
    found = [*_quantity_refusals(terms, instrument, rules), *_price_refusals(terms, instrument, rules)]
    if not today <= terms.valid_until <= today + timedelta(days=VALID_DAYS_MAX):
        days = (terms.valid_until - today).days
        found.append(Breach(RuleCode.VALIDITY_OUT_OF_RANGE, VALID_DAYS_MAX, days))
    if not last_vnd:
        return (*found, Breach(RuleCode.MARKET_DATA_MISSING))
    return (*found, *_level_refusals(terms, last_vnd))


def _shape_refusals(terms: ConditionalTerms) -> tuple[Breach, ...]:
    """Against the set of terms that the given ones come nearest to."""
    sets = REQUIRED[terms.kind]
    needed = max(sets, key=lambda names: len(names & terms.given))
    missing = needed - terms.given
    optional = OPTIONAL.get(terms.kind, frozenset())
    if "trail_vnd" in needed:
        optional -= {"limit_vnd"}  # a trailing stop goes out at the market
    surplus = terms.given - needed - optional
    answers = []
    if missing:
        answers.append(Breach(RuleCode.TERMS_MISSING, detail=", ".join(sorted(missing))))
    if surplus:
        answers.append(Breach(RuleCode.TERMS_NOT_ALLOWED, detail=", ".join(sorted(surplus))))
    return tuple(answers)


def _quantity_refusals(terms: ConditionalTerms, instrument: Instrument, rules: RuleBook) -> list[Breach]:
    """Odd lots trade by limit orders only; which legs have a limit price is known by now."""
    wanted = [(leg.quantity, leg.limit_vnd) for leg in legs_of(terms)]
    if terms.has_entry:
        wanted.append((terms.quantity, terms.entry_vnd))
    found: dict[RuleCode, Breach] = {}
    for quantity, limit_vnd in wanted:
        order_type = OrderType.MTL if limit_vnd is None else OrderType.LO
        code = quantity_refusal(rules, instrument.exchange, instrument.kind, quantity, order_type)
        if code is not None:
            found[code] = Breach(code, actual=quantity)
    return list(found.values())


def _price_refusals(terms: ConditionalTerms, instrument: Instrument, rules: RuleBook) -> list[Breach]:
    exchange, kind = instrument.exchange, instrument.kind
    prices = {name: value for name in _PRICES if (value := getattr(terms, name)) is not None}
    found = [
        Breach(RuleCode.PRICE_OFF_TICK, tick_size_vnd(rules, exchange, kind, value), value, detail=name)
        for name, value in prices.items()
        if not is_on_tick(rules, exchange, kind, value)
    ]
    for name in ("trail_vnd", "step_vnd"):
        value = getattr(terms, name)
        if value is not None and value <= 0:
            found.append(Breach(RuleCode.PRICE_OFF_TICK, 1, value, detail=name))
    return found


def _level_refusals(terms: ConditionalTerms, last_vnd: int) -> list[Breach]:
    """A level that is met already is an order now, not a condition; exits lie on both sides of where they start."""
    if terms.has_entry:
        start_vnd = terms.entry_vnd or last_vnd
        return [] if _surrounds(terms, start_vnd) else [Breach(RuleCode.LEVELS_OUT_OF_ORDER, actual=start_vnd)]
    if terms.kind is ConditionalKind.OCO and terms.stop_vnd is not None and _is_crossed(terms):
        return [Breach(RuleCode.LEVELS_OUT_OF_ORDER, terms.target_vnd, terms.stop_vnd)]
    met = [leg for leg in legs_of(terms) if _is_met(leg, last_vnd)]
    return [Breach(RuleCode.TRIGGER_ALREADY_MET, leg.trigger.level_vnd, last_vnd) for leg in met if leg.trigger]


def _surrounds(terms: ConditionalTerms, start_vnd: int) -> bool:
    return not any(_is_met(leg, start_vnd) for leg in legs_of(terms))


def _is_met(leg: Leg, price_vnd: int) -> bool:
    return leg.trigger is not None and leg.trigger.armed(price_vnd).is_met(price_vnd)


def _is_crossed(terms: ConditionalTerms) -> bool:
    if terms.stop_vnd is None or terms.target_vnd is None:
        return False
    is_sale = terms.exit_side is Side.SELL
    return terms.stop_vnd >= terms.target_vnd if is_sale else terms.stop_vnd <= terms.target_vnd
