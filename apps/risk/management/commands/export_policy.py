"""python manage.py export_policy > policy.yaml"""

from typing import Any

from django.core.management.base import BaseCommand

from apps.risk import services


class Command(BaseCommand):
    help = "Writes every limit in force as YAML."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(services.export_policy(), ending="")
