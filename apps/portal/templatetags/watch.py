"""Small pieces of the pages about auctions, futures and alerts; nothing here asks a database."""

from django import template
from django.utils.translation import gettext as _

from apps.marketdata.selectors import Level, PriceSource
from apps.portal.views import alert_words, formats
from qts.domain.market import InvestorKind

register = template.Library()
register.filter("alert_text", alert_words.alert_text)
register.filter("alert_kind", alert_words.alert_kind)
register.filter("alert_rule_text", alert_words.rule_text)
register.filter("channel_kind", alert_words.channel_kind)
register.filter("delivery_state", alert_words.delivery_state)


@register.filter
def clock_left(seconds: int) -> str:
    """4_000 -> '1:06:40', 65 -> '1:05'."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@register.filter
def price_source(source: str) -> str:
    words = {
        PriceSource.EXCHANGE: _("told by the exchange"),
        PriceSource.BOOK: _("from the book"),
        PriceSource.NONE: _("nothing matches yet"),
    }
    return words[PriceSource(source)]


@register.filter
def points(centipoints: int | None) -> str:
    """-1_250 -> '−12.50', with its sign; a dash where it is not known."""
    if centipoints is None:
        return formats.NOTHING
    sign = formats.MINUS if centipoints < 0 else "+" if centipoints else ""
    return f"{sign}{abs(centipoints) // 100:,}.{abs(centipoints) % 100:02}"


@register.filter
def signed_bps(share_bps: int | None) -> str:
    """-250 -> '−2.50%'."""
    return formats.NOTHING if share_bps is None else f"{points(share_bps)}%"


@register.filter
def best_price(levels: tuple[Level, ...]) -> str:
    """The first level of a future's book that has a price."""
    return formats.price_text(next((price_vnd for price_vnd, _quantity in levels if price_vnd), 0), "FUTURE")


@register.filter
def investor_label(kind: InvestorKind) -> str:
    words = {
        InvestorKind.INDIVIDUAL: _("Individuals"),
        InvestorKind.ORGANISATION: _("Organisations"),
        InvestorKind.PROFESSIONAL: _("Professional investors"),
    }
    return words[kind]


@register.filter
def delivery_tone(state: str) -> str:
    return alert_words.STATE_TONES.get(state, "")
