"""Seal every stored secret under the newest key of the secret key file."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.configuration import services as configuration
from apps.sso import services


class Command(BaseCommand):
    help = (
        "Seal every stored secret again with the first line of the secret key file. Put a new line first, restart,"
        " run this; then the old line may go."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = configuration.reseal_all() + services.reseal_factors()
        self.stdout.write(f"{count} secrets are sealed with the newest key.")
