"""manage.py verify_orders: each order rebuilt from its events and compared with its row and its fills."""

from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.orders import services


class Command(BaseCommand):
    help = "Rebuild orders from the event log and compare them with their rows; fails where one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, help="first trading day, YYYY-MM-DD; all without")
        parser.add_argument("--account", type=UUID, help="id of the one account; all without")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = wrong = 0
        for found in services.verify_orders(since=options["since"], account_id=options["account"]):
            checked += 1
            wrong += bool(found.troubles)
            for trouble in found.troubles:
                self.stdout.write(f"{found.order_id} {trouble}")
        self.stdout.write(f"{checked} orders rebuilt from their events, {wrong} differ")
        if wrong:
            raise CommandError(f"{wrong} orders differ from their events")
