"""`manage.py new_strategy NAME`: a file to begin with, and its test."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.strategies import services


class Command(BaseCommand):
    help = "Write a strategy that runs, and a test of it, into the folder of strategies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="small letters, digits and _; the name of the file")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            written, test = services.write_template(options["name"])
        except services.StrategyRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"wrote {written}\nwrote {test}")
