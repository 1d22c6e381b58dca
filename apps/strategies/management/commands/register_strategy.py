"""`manage.py register_strategy NAME`: take a file in as it is now, or say what is wrong with it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.marketdata.selectors import market_now
from apps.strategies import services
from qts.domain.values import Actor, ActorKind


class Command(BaseCommand):
    help = "Check a file of the folder of strategies in a confined process and take it in as it is now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the file, without .py")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            actor = Actor(ActorKind.SYSTEM, "manage.py")
            content_hash = services.register_file(options["name"], actor=actor, now=market_now())
        except services.StrategyRefused as refusal:
            raise CommandError("\n".join(refusal.problems)) from refusal
        self.stdout.write(f"{options['name']} is version {content_hash[:8]}")
