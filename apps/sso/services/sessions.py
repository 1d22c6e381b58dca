"""What a session has proved, when it was seen and how it ends, and the audit trail of log-ins."""

import time
from typing import Final

import django_otp
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.eventlog import services as eventlog
from apps.sso.models import User
from apps.sso.selectors import actor_of
from apps.sso.services.factors import device_of
from qts.domain.events import Event, FactorChanged, LogInFailed, SessionEnded, SessionStarted
from qts.domain.values import Actor, ActorKind

ACTIVITY_NOTED_EVERY_S: Final = 60
SESSIONS_REMEMBERED_MAX: Final = 10_000
_NOBODY = Actor(ActorKind.SYSTEM, "log-in")
_noted_at: dict[str, float] = {}  # of this process, by session key


def verify_session(request: HttpRequest, authenticator: Authenticator) -> None:
    """Note in the session that its user has just shown this authenticator.

    The session gets a new key, as at log-in: an id that leaked before must not carry the new right.
    """
    if request.user.pk != authenticator.user_id:
        return  # a log-in under way: the session is nobody's yet, `note_log_in` comes when it is complete
    key_before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=key_before).update(session_key=request.session.session_key)
    django_otp.login(request, device_of(authenticator))


def note_log_in(request: HttpRequest, user: User) -> None:
    """Record a complete log-in and, where a second factor was part of it, verify the session."""
    authenticator = _authenticator_shown(request, user)
    if authenticator is not None:
        django_otp.login(request, device_of(authenticator))
    note_activity(str(request.session.session_key))
    event = SessionStarted(
        user_id=str(user.pk),
        username=user.username,
        is_verified=authenticator is not None,
        ip_address=client_address(request),
    )
    _record(event, actor_of(user))


def note_log_out(request: HttpRequest, user: User | None) -> None:
    if user is None:
        return  # nobody was logged in
    _record(_ended(request, user), actor_of(user))


def note_activity(session_key: str) -> None:
    """When a session was last seen, for the page of sessions; each process writes it once a minute at most."""
    now = time.monotonic()
    if now - _noted_at.get(session_key, -ACTIVITY_NOTED_EVERY_S) < ACTIVITY_NOTED_EVERY_S:
        return
    if len(_noted_at) >= SESSIONS_REMEMBERED_MAX:
        _noted_at.clear()
    _noted_at[session_key] = now
    UserSession.objects.filter(session_key=session_key).update(last_seen_at=timezone.now())


def end_session(request: HttpRequest, user: User, session_id: int) -> bool:
    """End another of the user's sessions; its pages and sockets are over within seconds. False when there is none."""
    return _end(request, user, _others(request, user).filter(id=session_id)) > 0


def end_other_sessions(request: HttpRequest, user: User) -> int:
    """End all of the user's sessions but the one that asks, which ends by logging out; how many."""
    return _end(request, user, _others(request, user))


def _others(request: HttpRequest, user: User) -> "QuerySet[UserSession]":
    others: QuerySet[UserSession] = UserSession.objects.filter(user=user)
    return others.exclude(session_key=request.session.session_key)


def _end(request: HttpRequest, user: User, sessions: "QuerySet[UserSession]") -> int:
    with transaction.atomic():
        found = list(sessions)
        for session in found:
            session.end()
            eventlog.record(_ended(request, user), actor=actor_of(user), now=timezone.now())
    return len(found)


def _ended(request: HttpRequest, user: User) -> SessionEnded:
    return SessionEnded(user_id=str(user.pk), username=user.username, ip_address=client_address(request))


def note_log_in_failure(request: HttpRequest | None, *, username: str, factor: str) -> None:
    """Record a wrong password or code; a name that no user has is not kept, it may be a password."""
    user = User.objects.filter(username=username).first()
    event = LogInFailed(
        user_id=str(user.pk) if user else "",
        username=user.username if user else "",
        factor=factor,
        ip_address=client_address(request),
    )
    _record(event, actor_of(user) if user else _NOBODY)


def note_factor_change(user: User, *, factor: str, is_present: bool) -> None:
    event = FactorChanged(user_id=str(user.pk), username=user.username, factor=factor, is_present=is_present)
    _record(event, actor_of(user))


def _authenticator_shown(request: HttpRequest, user: User) -> Authenticator | None:
    shown = [record["id"] for record in get_authentication_records(request, user) if record["method"] == "mfa"]
    return Authenticator.objects.filter(id=shown[-1], user=user).first() if shown else None


def client_address(request: HttpRequest | None) -> str:
    """Where a request came from, behind the proxies that are trusted; failed log-ins are counted by it too."""
    if request is None or not request.META.get("REMOTE_ADDR"):
        return ""  # not from the network: a command, or a server on a Unix socket
    return str(get_adapter(request).get_client_ip(request))


def _record(event: Event, actor: Actor) -> None:
    # people log in by the wall clock, whatever time the market has
    with transaction.atomic():
        eventlog.record(event, actor=actor, now=timezone.now())
