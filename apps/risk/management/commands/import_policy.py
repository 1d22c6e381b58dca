"""python manage.py import_policy policy.yaml --officer risk --reason "quarterly review" """

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from apps.marketdata.selectors import market_now
from apps.risk import services
from apps.sso.selectors import actor_of
from qts.domain.errors import TerminalError


class Command(BaseCommand):
    help = "Puts a policy in force: tighter limits at once; looser ones wait for a second risk officer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--officer", required=True, help="the user name of the risk officer who wants it")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        officer = get_user_model().objects.filter(username=options["officer"]).first()
        if officer is None:
            raise CommandError(f"there is no user {options['officer']!r}")
        try:
            text = options["path"].read_text(encoding="utf-8")
            if options["dry_run"]:
                found, proposal_id = services.diff_policy(text), None
            else:
                found, proposal_id = services.import_policy(
                    text, reason=options["reason"], actor=actor_of(officer), now=market_now()
                )
        except (OSError, TerminalError) as error:
            raise CommandError(str(error)) from error
        for line in found.lines:
            self.stdout.write(line)
        self.stdout.write(f"{len(found.tighter)} tighter, {len(found.looser)} looser")
        if proposal_id is not None:
            self.stdout.write(f"proposal {proposal_id} waits for a second risk officer")
