"""python manage.py reconcile: compares every active account with its own ledger and with the broker's books."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import selectors, services
from apps.marketdata.selectors import market_now


class Command(BaseCommand):
    help = "Compares every active account with its ledger and with the broker's books; fails when something differs."

    def handle(self, *args: Any, **options: Any) -> None:
        differing = 0
        for account in selectors.active_accounts():
            differences = selectors.ledger_differences(account.id)
            differences += services.reconcile_with_broker(account.id, now=market_now())
            self.stdout.write(f"{account.number}: {'equal' if not differences else f'{len(differences)} differences'}")
            for difference in differences:
                self.stdout.write(f"  {difference.what}: ours {difference.ours:,}, theirs {difference.theirs:,}")
            differing += bool(differences)
        if differing:
            raise CommandError(f"{differing} accounts have differences")
