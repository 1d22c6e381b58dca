"""python manage.py check_statement ACCOUNT FILE: the broker's statement of trades beside our bookings, line by line."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import selectors
from qts.adapters.ssi.statement_file import StatementRefused, read_statement


class Command(BaseCommand):
    help = "Compares a broker's statement of trades (CSV) with the bookings of an account; fails when a line differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="the broker's account number")
        parser.add_argument("file", type=Path, help="the statement as CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        account_id = selectors.account_id_of(options["account"])
        if account_id is None:
            raise CommandError(f"there is no account {options['account']}")
        try:
            theirs = read_statement(options["file"].read_bytes())
        except (OSError, StatementRefused) as error:
            raise CommandError(str(error)) from error
        lines = selectors.compare_statement(account_id, theirs)
        differing = [line for line in lines if line.causes]
        for line in differing:
            causes = ", ".join(line.causes)
            self.stdout.write(f"{line.either.day} {line.either.side} {line.either.symbol}: {causes}")
            self.stdout.write(f"  ours   {line.ours}\n  theirs {line.theirs}")
        self.stdout.write(f"{len(lines)} lines, {len(differing)} differ")
        if differing:
            raise CommandError(f"{len(differing)} lines differ")
