"""Telling people outside: a signed webhook, a chat. Failures are sorted into those that pass and those that do not."""

from qts.adapters.notify.addresses import refuse_inside
from qts.adapters.notify.chat import TELEGRAM_URL, send_chat
from qts.adapters.notify.webhook import send_webhook, sign

__all__ = ["TELEGRAM_URL", "refuse_inside", "send_chat", "send_webhook", "sign"]
