"""The code that a demo user's authenticator app would show now."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.sso import services


class Command(BaseCommand):
    help = "Print the current log-in code of a user. Only under demo and test settings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("Codes are printed under demo settings only.")
        try:
            self.stdout.write(services.current_code(options["username"]))
        except Authenticator.DoesNotExist:
            raise CommandError(f"{options['username']} has no authenticator.") from None
