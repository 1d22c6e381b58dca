"""What happened, in the reader's words, and where the thing is that it happened to."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TOPICS: Final[Mapping[str, str]] = {
    "account.brokerLogIn.expired": gettext_noop("Broker log-in ended"),
    "account.brokerLogIn.expiring": gettext_noop("Broker log-in ends soon"),
    "account.brokerLogIn.refused": gettext_noop("Broker log-in refused"),
    "account.brokerLogIn.requested": gettext_noop("One-time code of the broker asked for"),
    "account.brokerLogIn.started": gettext_noop("Logged in at the broker"),
    "account.cash.changed": gettext_noop("Cash changed"),
    "account.ledger.differs": gettext_noop("Books differ from their entries"),
    "account.membership.changed": gettext_noop("Member of an account changed"),
    "account.position.changed": gettext_noop("Position changed"),
    "administration.row.changed": gettext_noop("Administration"),
    "configuration.credential.changed": gettext_noop("Broker keys changed"),
    "configuration.setting.changed": gettext_noop("Setting changed"),
    "decision.order.proposed": gettext_noop("Strategy proposed an order"),
    "identity.apiKey.changed": gettext_noop("API key made or revoked"),
    "identity.factor.changed": gettext_noop("Second factor changed"),
    "identity.login.failed": gettext_noop("Log-in failed"),
    "identity.roles.changed": gettext_noop("Roles changed"),
    "identity.session.ended": gettext_noop("Session ended"),
    "identity.session.started": gettext_noop("Logged in"),
    "marketData.gap.detected": gettext_noop("Gap in market data"),
    "masterData.rules.updated": gettext_noop("Exchange rule changed"),
    "masterData.security.updated": gettext_noop("Security changed"),
    "notification.alert.fired": gettext_noop("Alert came true"),
    "order.basket.submitted": gettext_noop("Basket sent"),
    "order.block.submitted": gettext_noop("Block order sent"),
    "order.conditional.armed": gettext_noop("Conditional order watches"),
    "order.conditional.ended": gettext_noop("Conditional order ended"),
    "order.conditional.placed": gettext_noop("Conditional order placed"),
    "order.conditional.refused": gettext_noop("Conditional order refused"),
    "order.conditional.triggered": gettext_noop("Condition came true"),
    "order.discrepancy.resolved": gettext_noop("Difference to the broker resolved"),
    "order.order.acceptedByExchange": gettext_noop("Order accepted by the exchange"),
    "order.order.amendRequested": gettext_noop("Amendment asked for"),
    "order.order.amended": gettext_noop("Order amended"),
    "order.order.cancelRequested": gettext_noop("Cancellation asked for"),
    "order.order.cancelled": gettext_noop("Order cancelled"),
    "order.order.denied": gettext_noop("Order refused by the risk gate"),
    "order.order.filled": gettext_noop("Order filled"),
    "order.order.rejectedByExchange": gettext_noop("Order refused by the exchange"),
    "order.order.sent": gettext_noop("Order sent to the broker"),
    "order.order.submitted": gettext_noop("Order entered"),
    "order.order.unknown": gettext_noop("Fate of the order unknown"),
    "order.sliced.ended": gettext_noop("Sliced order ended"),
    "order.sliced.released": gettext_noop("Slice sent"),
    "order.sliced.started": gettext_noop("Sliced order started"),
    "prediction.signal.generated": gettext_noop("Prediction published"),
    "risk.approval.decided": gettext_noop("Second officer decided"),
    "risk.approval.requested": gettext_noop("Second officer asked"),
    "risk.arming.changed": gettext_noop("Account armed or disarmed"),
    "risk.exit.requested": gettext_noop("Exit from a position asked for"),
    "risk.killSwitch.changed": gettext_noop("Kill switch changed"),
    "risk.limit.approached": gettext_noop("Limit nearly used up"),
    "risk.limit.breached": gettext_noop("Limit broken"),
    "risk.limit.changed": gettext_noop("Limit changed"),
    "risk.limit.planned": gettext_noop("Limit planned for later"),
    "risk.margin.called": gettext_noop("Margin called"),
    "risk.tradingState.changed": gettext_noop("Trading state changed"),
    "sentiment.signal.generated": gettext_noop("News score published"),
    "strategy.backtest.changed": gettext_noop("Backtest changed"),
    "strategy.mode.changed": gettext_noop("Mode of a strategy changed"),
    "strategy.promotion.decided": gettext_noop("Promotion decided"),
    "strategy.promotion.requested": gettext_noop("Promotion asked for"),
    "strategy.strategy.changed": gettext_noop("Strategy started or stopped"),
    "strategy.version.changed": gettext_noop("Strategy runs another version"),
    "strategy.version.registered": gettext_noop("Strategy file registered"),
}
AREAS: Final[Mapping[str, str]] = {
    "account.": gettext_noop("Accounts"),
    "administration.": gettext_noop("Administration"),
    "configuration.": gettext_noop("Configuration"),
    "decision.": gettext_noop("Decisions"),
    "identity.": gettext_noop("Log-in and rights"),
    "marketData.": gettext_noop("Market data"),
    "masterData.": gettext_noop("Master data"),
    "notification.": gettext_noop("Alerts"),
    "order.": gettext_noop("Orders"),
    "prediction.": gettext_noop("Predictions"),
    "risk.": gettext_noop("Risk"),
    "sentiment.": gettext_noop("News scores"),
    "strategy.": gettext_noop("Strategies"),
}
# the field of an event that names a thing -> the page of the thing; the first that an event has
_PAGES: Final = (
    ("order_id", "portal:order"),
    ("strategy_id", "portal:strategy"),
    ("backtest_id", "portal:backtest"),
)
_LISTS: Final = {
    "risk.approval.": "portal:approvals",
    "order.conditional.": "portal:conditional",
    "order.sliced.": "portal:sliced",
    "account.brokerLogIn.": "portal:broker-log-in",
    "masterData.rules.": "portal:rule-book",
    "risk.limit.": "portal:risk",
    "risk.killSwitch.": "portal:kill-console",
    "risk.arming.": "portal:pre-open",
}
# what names the thing best, of whatever the event has
_NAMES: Final = ("username", "strategy_name", "row", "symbol", "name", "code", "subject", "scope", "account_id")


def topic_label(topic: str) -> str:
    return _(TOPICS[topic]) if topic in TOPICS else topic


def object_text(body: Mapping[str, Any], key: str, accounts: Mapping[str, str]) -> str:
    """`accounts` has the numbers by id."""
    words = [str(body[name]) for name in ("side", "quantity") if body.get(name)] if "order_id" in body else []
    found = next((str(body[name]) for name in _NAMES if body.get(name)), key)
    return " ".join([*words, accounts.get(found, found)])


def object_url(topic: str, body: Mapping[str, Any]) -> str:
    """Empty where a thing has no page."""
    for field, name in _PAGES:
        if given := _uuid(body.get(field)):
            return reverse(name, args=[given])
    if topic == "administration.row.changed":
        return _admin_url(str(body.get("row_id", "")))
    if topic.startswith("identity.") and body.get("user_id"):
        return reverse("admin:sso_user_change", args=[body["user_id"]])
    if page := next((page for start, page in _LISTS.items() if topic.startswith(start)), ""):
        return reverse(page)
    if account_id := _uuid(body.get("account_id")):
        return f"{reverse('portal:positions')}?account={account_id}"
    return reverse("portal:symbol", args=[body["symbol"]]) if body.get("symbol") else ""


def _admin_url(row_id: str) -> str:
    """Of a row that may have been deleted since; then its page says so."""
    model, _colon, number = row_id.partition(":")
    try:
        return reverse(f"admin:{model.replace('.', '_')}_change", args=[number])
    except NoReverseMatch:
        return ""


def _uuid(given: Any) -> UUID | None:
    try:
        return UUID(str(given))
    except ValueError:
        return None
