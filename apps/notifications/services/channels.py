"""Ways out of the page. What opens one is sealed as it comes in, opened for a send, and in no log, event or answer."""

import re
import secrets
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from apps.configuration.services import seal_text
from apps.notifications.models import Alert, AlertKind, Channel, Delivery
from qts.adapters.notify import refuse_inside
from qts.domain.errors import Said, TerminalError, TransientError, noop
from qts.domain.market import VIETNAM

Kind = Channel.Kind
CHANNELS_MAX: Final = 20  # of one person
SECRET_BYTES: Final = 32
TARGET_MAX: Final = 500
TESTS_EVERY: Final = timedelta(seconds=10)
_CHAT: Final = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{3,60}")
_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")


class ChannelProblem(StrEnum):
    """Why a channel was not made or tried. The names are a public contract."""

    KIND_UNKNOWN = "KIND_UNKNOWN"
    NAME_MISSING = "NAME_MISSING"
    NAME_TAKEN = "NAME_TAKEN"
    ADDRESS_MALFORMED = "ADDRESS_MALFORMED"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    TOKEN_MALFORMED = "TOKEN_MALFORMED"  # noqa: S105
    NO_MAIL_SERVER = "NO_MAIL_SERVER"
    QUIET_HALF_SET = "QUIET_HALF_SET"
    TOO_MANY_CHANNELS = "TOO_MANY_CHANNELS"
    CHANNEL_NOT_FOUND = "CHANNEL_NOT_FOUND"
    TESTED_JUST_NOW = "TESTED_JUST_NOW"


CHANNEL_SENTENCES: Final = {
    ChannelProblem.KIND_UNKNOWN: noop("Choose e-mail, webhook or chat."),
    ChannelProblem.NAME_MISSING: noop("Give the channel a name."),
    ChannelProblem.NAME_TAKEN: noop("You have a channel of that name."),
    ChannelProblem.ADDRESS_MALFORMED: noop("The address cannot be read."),
    ChannelProblem.ADDRESS_REFUSED: noop("This address is refused: it must be https and outside of this network."),
    ChannelProblem.TOKEN_MALFORMED: noop("Paste the bot's token as Telegram's BotFather gave it."),
    ChannelProblem.NO_MAIL_SERVER: noop("No mail server is set up (MAIL_URL). Ask an operator."),
    ChannelProblem.QUIET_HALF_SET: noop("Quiet hours need a beginning and an end."),
    ChannelProblem.TOO_MANY_CHANNELS: noop("You have 20 channels. Delete one first."),
    ChannelProblem.CHANNEL_NOT_FOUND: noop("This channel is gone."),
    ChannelProblem.TESTED_JUST_NOW: noop("A test was sent a moment ago. Wait ten seconds."),
}


class ChannelRefused(TerminalError):
    def __init__(self, problem: ChannelProblem) -> None:
        super().__init__(Said(CHANNEL_SENTENCES[problem]))
        self.problem = problem


@sensitive_variables("target", "token", "secret")
def make_channel(
    user_id: int,
    *,
    kind: str,
    name: str,
    target: str,
    token: str = "",
    quiet_from: time | None = None,
    quiet_to: time | None = None,
    now: datetime,
) -> tuple[UUID, str]:
    """The channel's id, and a webhook's key for its receiver: it is shown this once and never again.

    `target` is an address, a URL, or a chat's id, `token` a bot's. Raises ChannelRefused.
    """
    name, target, token = name.strip()[:60], target.strip(), token.strip()
    if (problem := _problem(kind, name, target, token)) is not None:
        raise ChannelRefused(problem)
    if (quiet_from is None) != (quiet_to is None):
        raise ChannelRefused(ChannelProblem.QUIET_HALF_SET)
    secret = secrets.token_urlsafe(SECRET_BYTES) if kind == Kind.WEBHOOK else token
    with transaction.atomic():
        mine = Channel.objects.filter(user_id=user_id)
        if mine.count() >= CHANNELS_MAX:
            raise ChannelRefused(ChannelProblem.TOO_MANY_CHANNELS)
        if mine.filter(name=name).exists():
            raise ChannelRefused(ChannelProblem.NAME_TAKEN)
        row = Channel.objects.create(
            user_id=user_id,
            kind=kind,
            name=name,
            shown=_shown(kind, target),
            sealed_target=seal_text(target),
            sealed_secret=seal_text(secret) if secret else "",
            quiet_from=quiet_from,
            quiet_to=quiet_to,
            created_at=now,
        )
    return row.id, secret if kind == Kind.WEBHOOK else ""


def delete_channel(user_id: int, channel_id: UUID) -> None:
    """With what still waits for it. Raises ChannelRefused."""
    _, counts = Channel.objects.filter(user_id=user_id, id=channel_id).delete()
    if not counts.get(Channel._meta.label):
        raise ChannelRefused(ChannelProblem.CHANNEL_NOT_FOUND)


def try_channel(user_id: int, channel_id: UUID, *, language: str, now: datetime) -> UUID:
    """Send a test by the way that alerts take, quiet hours or not; the delivery's id. Raises ChannelRefused."""
    row = Channel.objects.filter(user_id=user_id, id=channel_id).first()
    if row is None:
        raise ChannelRefused(ChannelProblem.CHANNEL_NOT_FOUND)
    before = Delivery.objects.filter(channel=row, alert__kind=AlertKind.TEST, alert__fired_at__gt=now - TESTS_EVERY)
    if before.exists():
        raise ChannelRefused(ChannelProblem.TESTED_JUST_NOW)
    with transaction.atomic():
        alert = Alert.objects.create(
            user_id=user_id, event_key=f"test:{uuid4()}", kind=AlertKind.TEST, facts={}, fired_at=now, read_at=now
        )
        return Delivery.objects.create(alert=alert, channel=row, language=language[:5], next_at=now).id


def quiet_until(channel: Channel, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` is in; None outside of them. They may reach over midnight."""
    begins, ends = channel.quiet_from, channel.quiet_to
    if begins is None or ends is None or begins == ends:
        return None
    local = now.astimezone(VIETNAM)
    at = local.time()
    is_quiet = begins <= at < ends if begins < ends else at >= begins or at < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1) if at >= ends else local.date()
    return datetime.combine(day, ends, VIETNAM)


def _problem(kind: str, name: str, target: str, token: str) -> ChannelProblem | None:
    if kind not in set(Kind):
        return ChannelProblem.KIND_UNKNOWN
    if not name:
        return ChannelProblem.NAME_MISSING
    if not target or len(target) > TARGET_MAX:
        return ChannelProblem.ADDRESS_MALFORMED
    return {Kind.EMAIL: _mail_problem, Kind.WEBHOOK: _webhook_problem, Kind.CHAT: _chat_problem}[Kind(kind)](
        target, token
    )


def _mail_problem(target: str, _token: str) -> ChannelProblem | None:
    if not settings.EMAIL_HOST:
        return ChannelProblem.NO_MAIL_SERVER
    try:
        validate_email(target)
    except ValidationError:
        return ChannelProblem.ADDRESS_MALFORMED
    return None


def _webhook_problem(target: str, _token: str) -> ChannelProblem | None:
    try:
        refuse_inside(target, may_be_inside=settings.WEBHOOKS_MAY_STAY_INSIDE)
    except (TerminalError, TransientError, ValueError):
        return ChannelProblem.ADDRESS_REFUSED
    return None


def _chat_problem(target: str, token: str) -> ChannelProblem | None:
    if not _CHAT.fullmatch(target):
        return ChannelProblem.ADDRESS_MALFORMED
    return None if _TOKEN.fullmatch(token) else ChannelProblem.TOKEN_MALFORMED


def _shown(kind: str, target: str) -> str:
    """Enough to know it again: of a URL only the host, for the rest of it may hold a token."""
    if kind == Kind.WEBHOOK:
        return (urlsplit(target).hostname or "")[:120]
    return target[:120]
