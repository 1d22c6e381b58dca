"""Numbers, icons and small pieces of pages; nothing here asks a database."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from apps.marketdata.selectors import SecurityView, market_today, takes_orders
from apps.portal.views import backtest_words, data_words, formats, parity_words, rule_book_words, wording
from apps.portal.views.pre_open_words import title_of
from apps.portal.views.refusals import reason_text
from apps.portal.views.silence_words import nothing_text, number_text, silence_text
from apps.risk.selectors import ProposalView
from qts.domain.market import row_of_json
from qts.web import words
from qts.web.said import told

register = template.Library()
ICONS = "vendor/lucide/1.62.0/icons.svg"
THEMES = ("dark", "light")

register.filter("reason_text", reason_text)
register.filter("silence_text", silence_text)
register.filter("nothing_text", nothing_text)
register.filter("plain_number", number_text)
register.filter("ruling_label", wording.ruling_label)
register.filter("input_state_label", wording.input_state_label)
register.filter("source_label", wording.source_label)
register.filter("decision_label", wording.decision_label)
register.filter("strategy_status_label", wording.strategy_status_label)
register.filter("trading_state_label", wording.trading_state_label)
register.filter("strategy_mode_label", wording.strategy_mode_label)
register.filter("proposal_kind_label", wording.proposal_kind_label)
register.filter("proposal_status_label", wording.proposal_status_label)
register.filter("what_if_basis", wording.what_if_basis)
register.filter("gap_cause", data_words.cause_label)
register.filter("gap_fill", data_words.fill_label)
register.filter("load_step", data_words.step_label)
register.filter("history_kind", data_words.history_label)
register.filter("book_fault", data_words.fault_label)
register.filter("told", told)
register.filter("permille", formats.permille)
register.filter("backtest_kind", backtest_words.kind_label)
register.filter("backtest_status", backtest_words.status_label)
register.filter("share", backtest_words.share)
register.filter("parity_cause", parity_words.cause_label)
register.filter("parity_kind", parity_words.kind_label)
register.filter("parity_why", parity_words.why_label)
register.filter("parity_intent", parity_words.intent_text)
register.filter("price", formats.price_text)
register.filter("quantity", formats.quantity_text)
register.filter("money", formats.money_text)
register.filter("index_points", formats.index_text)
register.filter("billions", formats.billions_text)
register.filter("sign_class", formats.sign_class)


@register.filter("takes_orders")
def security_takes_orders(security: SecurityView) -> bool:
    """Whether the broker has told it today."""
    return takes_orders(security.told_on, market_today())


@register.filter
def signed_money(amount_vnd: int | None) -> str:
    return formats.NOTHING if amount_vnd is None else formats.signed(amount_vnd, plus=True)


@register.filter
def bps(share_bps: int) -> str:
    """2_550 -> '25.5%', rounded down."""
    return f"{share_bps // 100}.{share_bps % 100 // 10}%"


@register.filter
def item(mapping: Mapping[str, str], key: str) -> str:
    return mapping.get(key, "")


@register.filter
def percent_of(part: int, whole: int) -> str:
    return formats.percent_text(part, whole)


@register.filter
def side_label(side: str) -> str:
    return wording.side_label(side)


@register.filter
def status_label(status: str) -> str:
    return wording.status_label(status)


@register.filter
def status_tone(status: str) -> str:
    return wording.STATUS_TONES.get(status, "")


@register.filter
def decision_tone(outcome: str) -> str:
    return wording.DECISION_TONES.get(outcome, "")


@register.filter
def backtest_tone(status: str) -> str:
    return backtest_words.TONES.get(status, "")


@register.filter
def asked_for(proposal: ProposalView) -> list[str]:
    """What a second officer is asked for, a line each, without the values of rules."""
    if rows := proposal.content.get("rows"):
        return [rule_book_words.row_line(row_of_json(row)) for row in rows]
    if failing := proposal.content.get("failing"):
        return [f"{proposal.subject}: {', '.join(map(title_of, failing))}"]
    return list(proposal.lines)


@register.filter
def difference_kind(kind: str) -> str:
    return words.word(words.DIFFERENCES, kind)


@register.filter
def outcome_label(state: str) -> str:
    return wording.request_outcome_label(state)


@register.filter
def intent_label(kind: str) -> str:
    return wording.intent_label(kind)


@register.filter
def stream_label(state: str) -> str:
    return wording.stream_label(state)


@register.filter
def link_label(state: str) -> str:
    return wording.link_label(state)


@register.filter
def second_factor_label(factor: str) -> str:
    return wording.second_factor_label(factor)


@register.filter
def gateway_trouble_label(trouble: str) -> str:
    return wording.gateway_trouble_label(trouble)


@register.filter
def unit_label(unit: str) -> str:
    return wording.unit_label(unit)


@register.filter
def actor_name(actor: str, names: Mapping[str, str]) -> str:
    """`names` as `selectors.actor_names` gives them; somebody unknown keeps the technical name."""
    return names.get(actor, actor)


@register.filter
def role_labels(user: Any) -> list[str]:
    return [wording.role_label(name) for name in sorted(group.name for group in user.groups.all())]


@register.simple_tag
def session_label(session: str) -> str:
    return wording.session_label(session)


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """One icon of the vendored sprite; decoration only, the words beside it say the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>', css_class, static(ICONS), name
    )


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The page is drawn in the chosen theme at once: the person's, else the browser's cookie; no inline script."""
    request = context.get("request")
    chosen = request.COOKIES.get("qts_theme", "") if request else ""
    chosen = getattr(context.get("user"), "theme", "") or chosen
    return chosen if chosen in THEMES else THEMES[0]


@register.simple_tag(takes_context=True)
def density(context: Context) -> str:
    return getattr(context.get("user"), "density", "") or "roomy"


@register.simple_tag
def client_messages() -> SafeString:
    """The sentences that scripts say, in the language of the page (a data block: it is never run)."""
    return json_script(wording.client_messages(), "client-messages")


@register.simple_tag
def price_change(price_vnd: int, reference_vnd: int, kind: str = "STOCK") -> str:
    return formats.change_text(price_vnd, reference_vnd, kind)


@register.simple_tag
def price_percent(price_vnd: int, reference_vnd: int) -> str:
    return formats.percent_text(price_vnd - reference_vnd, reference_vnd) if price_vnd else formats.NOTHING


@register.simple_tag
def price_class(price_vnd: int | None, quote: Any) -> str:
    """Board colour of a price of the security that `quote` describes."""
    return formats.price_class(price_vnd, quote.reference_vnd, quote.ceiling_vnd, quote.floor_vnd)


@register.filter
def split(text: str) -> list[str]:
    return text.split(",")


@register.filter
def get_field(form: Any, name: str) -> Any:
    return form[name]


@register.filter
def json_list(rows: Any) -> str:
    return json.dumps(rows)


@register.filter
def bar_value(percent: int | None) -> int:
    """What a bar of 100 can show."""
    return max(0, min(100, percent or 0))


@register.simple_tag
def index_class(index: Any) -> str:
    change = _index_change(index)
    if change is None:
        return "c-none"
    return formats.sign_class(change) if change else "c-reference"


@register.simple_tag
def index_change(index: Any) -> str:
    change = _index_change(index)
    if change is None:
        return formats.NOTHING
    text = formats.index_text(abs(change)) if change else "0.00"
    return f"{'+' if change > 0 else formats.MINUS if change < 0 else ''}{text}"


@register.simple_tag
def index_percent(index: Any) -> str:
    change = _index_change(index)
    return formats.NOTHING if change is None else formats.percent_text(change, index.prior_centipoints)


def _index_change(index: Any) -> int | None:
    """None before its first value of the day: then it has not stood still."""
    known = index.value_centipoints and index.prior_centipoints
    return int(index.value_centipoints - index.prior_centipoints) if known else None
