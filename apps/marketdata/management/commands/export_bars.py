"""python manage.py export_bars days.parquet --period day [--symbols SSI,VNM] [--since 2026-01-01]"""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.marketdata import selectors
from apps.marketdata.services.bar_files import BarFileRefused, export_bars
from qts.backtest import BarPeriod


class Command(BaseCommand):
    help = "Writes stored bars, archived ones too, into a CSV or Parquet file that import_bars and backtests read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="ends in .csv or .parquet")
        parser.add_argument("--period", type=str.upper, choices=[one.value for one in BarPeriod], required=True)
        parser.add_argument("--symbols", default="", help="comma separated; all securities if left out")
        parser.add_argument("--since", type=date.fromisoformat, help="the first day, YYYY-MM-DD")
        parser.add_argument("--until", type=date.fromisoformat, help="the last day, YYYY-MM-DD")
        parser.add_argument("--unit-vnd", type=int, default=1_000, help="what a price of 1 means")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        asked = [one.strip().upper() for one in options["symbols"].split(",") if one.strip()]
        try:
            written = export_bars(
                options["path"],
                BarPeriod(options["period"]),
                symbols=asked or [one.symbol for one in selectors.securities(active_only=False)],
                since=options["since"],
                until=options["until"],
                unit_vnd=options["unit_vnd"],
                tell=self.stdout.write,
            )
        except (BarFileRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{written} bars in {options['path']}")
