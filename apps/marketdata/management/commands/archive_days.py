"""python manage.py archive_days [--until 2026-11-20]"""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.marketdata.services.archive import archive_closed_days
from qts.domain.errors import TerminalError, TransientError


class Command(BaseCommand):
    help = "Writes closed days into Parquet files; those older than the policy leave the database. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until", type=date.fromisoformat, help="the last day, YYYY-MM-DD; yesterday if left out")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            run = archive_closed_days(until=options["until"], tell=self.stdout.write)
        except (TerminalError, TransientError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{run.archived} archived, {run.dropped} now in the archive alone")
