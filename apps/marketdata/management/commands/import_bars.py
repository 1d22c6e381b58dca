"""python manage.py import_bars minutes.csv --period minute [--symbols SSI,VNM] [--unit-vnd 1000] [--replace]"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.marketdata.services.bar_files import BarFileRefused, import_bars
from qts.backtest import BarPeriod


class Command(BaseCommand):
    help = "Takes bars of a CSV (plain or .gz) or Parquet file into the store, all or none. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="columns: symbol, time, open, high, low, close, volume")
        parser.add_argument("--period", type=str.upper, choices=[one.value for one in BarPeriod], required=True)
        parser.add_argument("--symbols", default="", help="comma separated; all of the file if left out")
        parser.add_argument("--unit-vnd", type=int, default=1_000, help="what a price of 1 means")
        parser.add_argument("--replace", action="store_true", help="overwrite stored bars that differ")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            done = import_bars(
                options["path"],
                BarPeriod(options["period"]),
                symbols=[one.strip().upper() for one in options["symbols"].split(",") if one.strip()],
                unit_vnd=options["unit_vnd"],
                is_replacing=options["replace"],
                tell=self.stdout.write,
            )
        except BarFileRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.added} added, {done.replaced} replaced, {done.kept} stored before and kept")
