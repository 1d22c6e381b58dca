"""What follows from the signals of Django and allauth."""

from typing import Any

from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.http import HttpRequest

from apps.sso import services
from apps.sso.models import User


@receiver(user_logged_in)
def on_log_in(request: HttpRequest, user: User, **_: Any) -> None:
    services.note_log_in(request, user)


@receiver(user_logged_out)
def on_log_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    services.note_log_out(request, user)


@receiver(user_login_failed)
def on_wrong_password(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    services.note_log_in_failure(request, username=str(credentials.get("username", "")), factor="password")


@receiver(mfa.authentication_failed)
def on_wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    services.note_log_in_failure(request, username=user.username, factor="code")


@receiver(mfa.authenticator_used)
def on_second_factor(request: HttpRequest, authenticator: Authenticator, **_: Any) -> None:
    services.verify_session(request, authenticator)


@receiver(mfa.authenticator_added)
def on_enrolment(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        services.verify_session(request, authenticator)  # enrolling takes a code of the new authenticator
    services.note_factor_change(user, factor=authenticator.type, is_present=True)


@receiver(mfa.authenticator_reset)
def on_new_recovery_codes(user: User, authenticator: Authenticator, **_: Any) -> None:
    services.note_factor_change(user, factor=authenticator.type, is_present=True)


@receiver(mfa.authenticator_removed)
def on_removal(user: User, authenticator: Authenticator, **_: Any) -> None:
    services.note_factor_change(user, factor=authenticator.type, is_present=False)


@receiver(post_migrate)
def on_migrate(app_config: Any, **_: Any) -> None:
    # permissions of an app exist after its own signal; the last app of the list completes the grants
    if app_config.name == _last_app_with_models():
        services.grant_role_permissions()


def _last_app_with_models() -> str:
    from django.apps import apps

    return [config.name for config in apps.get_app_configs() if config.models_module is not None][-1]
