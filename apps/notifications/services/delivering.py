"""Alerts on their way out: claimed, sent, and tried again with growing pauses until they are given up."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import close_old_connections, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apps.configuration.services import open_text
from apps.notifications.locks import claim_due
from apps.notifications.models import Alert, AlertKind, Channel, Delivery
from apps.notifications.services.channels import quiet_until
from apps.notifications.services.words import sentence
from qts.adapters.lease import Lease, slice_of
from qts.adapters.notify import refuse_inside, send_chat, send_webhook
from qts.domain.errors import TerminalError, TransientError
from qts.domain.market import to_vietnam

LEASE: Final = "alert-deliveries"
LEASE_TTL_S: Final = 60.0  # one send takes up to sixteen seconds
LOOK_EVERY_S: Final = 0.5
BATCH_MAX: Final = 1  # one at a time: what is claimed is sent at once, within the lease
CLAIMED_S: Final = 60.0
ATTEMPTS_MAX: Final = 6
PAUSE_S: Final = 5.0  # doubled after each try: 5, 10, 20, 40, 80 seconds
State = Delivery.State

log = structlog.get_logger(__name__)


def run_deliveries_slice(*, seconds_max: float = 600) -> None:
    """Returns at once when another worker holds the lease."""
    with slice_of(Lease(settings.REDIS_URL, LEASE, LEASE_TTL_S), seconds_max) as turn:
        while turn.goes_on():
            close_old_connections()
            if not deliver_due(datetime.now(UTC)):
                time.sleep(LOOK_EVERY_S)


def deliver_due(now: datetime, *, limit: int = BATCH_MAX) -> int:
    """Send what is due, the oldest first; how many were claimed. `now` is of the wall clock."""
    with transaction.atomic():
        claimed = claim_due(now, limit=limit, for_s=CLAIMED_S)
    for delivery in claimed:
        _deliver(delivery, now)
    return len(claimed)


def _deliver(delivery: Delivery, now: datetime) -> None:
    is_test = delivery.alert.kind == AlertKind.TEST
    ends = None if is_test else quiet_until(delivery.channel, now)
    if ends is not None:
        delivery.attempts -= 1
        _put_off(delivery, ends, "")
        return
    try:
        with translation.override(delivery.language):
            _send(delivery.channel, delivery.alert, str(delivery.id))
    except TransientError as error:
        _try_later(delivery, str(error), now)
    except TerminalError as error:
        _give_up(delivery, str(error))
    except Exception as error:  # whatever a mail server or an address makes of it: the others go on
        log.warning("alert_delivery_failed", delivery_id=str(delivery.id), error=type(error).__name__)
        _try_later(delivery, type(error).__name__, now)
    else:
        delivery.state, delivery.sent_at, delivery.trouble = State.SENT, now, ""
        delivery.save(update_fields=["state", "sent_at", "trouble"])


@sensitive_variables("target", "secret")
def _send(channel: Channel, alert: Alert, delivery_id: str) -> None:
    target, secret = open_text(channel.sealed_target), open_text(channel.sealed_secret) if channel.sealed_secret else ""
    text = text_of(alert)
    if channel.kind == Channel.Kind.EMAIL:
        subject = _("QTS alert: {text}").format(text=text.splitlines()[0])
        EmailMessage(subject=subject[:150], body=text, to=[target]).send()
    elif channel.kind == Channel.Kind.CHAT:
        send_chat(secret, target, text, base_url=settings.TELEGRAM_URL)
    else:
        refuse_inside(target, may_be_inside=settings.WEBHOOKS_MAY_STAY_INSIDE)
        send_webhook(target, secret, _content(alert, text), delivery_id=delivery_id, sent_s=int(time.time()))


def text_of(alert: Alert) -> str:
    """In the active language: what happened, the person's own note, and when."""
    said = _("This is a test of QTS: alerts arrive here.") if alert.kind == AlertKind.TEST else ""
    said = said or sentence(alert.kind, alert.symbol, alert.facts)
    lines = [said, alert.note, f"{to_vietnam(alert.fired_at):%d/%m/%Y %H:%M:%S}"]
    return "\n".join(line for line in lines if line)


def _content(alert: Alert, text: str) -> dict[str, object]:
    return {
        "id": str(alert.id),
        "kind": alert.kind,
        "symbol": alert.symbol,
        "facts": alert.facts,
        "note": alert.note,
        "text": text,
        "fired_at": alert.fired_at.isoformat(),
    }


def _try_later(delivery: Delivery, trouble: str, now: datetime) -> None:
    if delivery.attempts >= ATTEMPTS_MAX:
        _give_up(delivery, trouble)
    else:
        _put_off(delivery, now + timedelta(seconds=PAUSE_S * 2 ** (delivery.attempts - 1)), trouble)


def _put_off(delivery: Delivery, until: datetime, trouble: str) -> None:
    delivery.next_at, delivery.trouble = until, trouble[:200]
    delivery.save(update_fields=["attempts", "next_at", "trouble"])


def _give_up(delivery: Delivery, trouble: str) -> None:
    log.warning("alert_delivery_given_up", delivery_id=str(delivery.id), attempts=delivery.attempts, trouble=trouble)
    delivery.state, delivery.trouble = State.FAILED, trouble[:200]
    delivery.save(update_fields=["state", "trouble"])
