"""A chat in the shape of Telegram's bots: the token stands in the address, so the address is never told."""

import re
from typing import Final

import msgspec

from qts.adapters.notify.posting import post
from qts.domain.errors import TerminalError

TELEGRAM_URL: Final = "https://api.telegram.org/"
TEXT_MAX: Final = 4_096
_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")


def send_chat(token: str, chat: str, text: str, *, base_url: str = TELEGRAM_URL) -> None:
    """Raises TransientError and TerminalError. Plain text: nothing that an alert quotes becomes a link or a style."""
    if not _TOKEN.fullmatch(token):
        raise TerminalError("the bot's token is not written like one")
    body = msgspec.json.encode({"chat_id": chat, "text": text[:TEXT_MAX], "disable_web_page_preview": True})
    post(f"{base_url}bot{token}/sendMessage", body, {"Content-Type": "application/json"})
