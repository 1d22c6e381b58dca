"""python manage.py rebuild_books: makes every account's totals again from its entries and says what differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import services
from apps.accounts.selectors import account_numbers
from apps.marketdata.selectors import market_now


class Command(BaseCommand):
    help = "Compares every account's running totals with its ledger entries; with --repair puts them to the entries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="store what the entries say")

    def handle(self, *args: Any, **options: Any) -> None:
        look = services.rebuild_totals if options["repair"] else services.check_books
        differing = 0
        for account_id, number in account_numbers().items():
            differences = look(account_id, market_now())
            self.stdout.write(f"{number}: {'equal' if not differences else f'{len(differences)} differences'}")
            for difference in differences:
                self.stdout.write(f"  {difference.what}: total {difference.ours:,}, entries {difference.theirs:,}")
            differing += bool(differences)
        if differing and not options["repair"]:
            raise CommandError(f"{differing} accounts have totals that are not what their entries say")
