"""python manage.py load_settlement_prices FILE --source TEXT: the clearing house's settlement prices, and the marks.

FILE is CSV with a line of names: symbol, trading_day (2026-11-23), points (1285.4). The same file again changes
nothing.
"""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import services
from apps.accounts.services import SettlementPrice
from apps.marketdata.selectors import market_now
from qts.domain.errors import TerminalError
from qts.domain.values import Actor, ActorKind

VND_PER_POINT: Final = 100_000
NAMES: Final = ["symbol", "trading_day", "points"]


class Command(BaseCommand):
    help = "Loads settlement prices of futures (CSV: symbol, trading_day, points) and marks every account at them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="who says so: the notice or the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = Actor(ActorKind.SYSTEM, "load_settlement_prices")
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as file:
                prices = list(_prices(file))
            marked = services.load_settlement_prices(prices, source=options["source"], actor=operator, now=market_now())
        except (OSError, UnicodeDecodeError, csv.Error, TerminalError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(prices)} prices, {marked} accounts marked")


def _prices(file: TextIO) -> Iterator[SettlementPrice]:
    """Raises CommandError with the number of a line that says nothing."""
    rows = csv.DictReader(file)
    if [name.strip() for name in rows.fieldnames or ()] != NAMES:
        raise CommandError(f"the first line names {', '.join(NAMES)}")
    for row in rows:
        symbol, day, points = ((row[name] or "").strip() for name in NAMES)
        try:
            price_vnd = Decimal(points) * VND_PER_POINT
            if price_vnd != int(price_vnd):
                raise ValueError(f"{points} points are no whole VND")
            yield SettlementPrice(symbol, date.fromisoformat(day), int(price_vnd))
        except (InvalidOperation, OverflowError, ValueError) as error:
            raise CommandError(f"line {rows.line_num}: {row}") from error
