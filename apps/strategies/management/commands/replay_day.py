"""`manage.py replay_day STRATEGY DAY`: a recorded day once more through the live desk. Nothing is ordered."""

import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.strategies.services import replays
from qts.backtest.trace import Decided, digest, in_order, lines
from qts.domain.errors import TerminalError


class Command(BaseCommand):
    help = "Replay a recorded day of a strategy through the live desk. Its decisions are printed; nothing is ordered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("strategy", help="its name or id")
        parser.add_argument("day", type=date.fromisoformat, help="YYYY-MM-DD")
        parser.add_argument(
            "--holding",
            choices=[one.value for one in replays.Exposures],
            help="whose holdings it is shown; recorded where there are any, else those of a backtest",
        )
        parser.add_argument(
            "--against", choices=["recorded", "backtest"], help="compare; the exit status is 1 where they differ"
        )
        parser.add_argument("--format", choices=["lines", "table"], default="lines", help="JSON lines, or for people")
        parser.add_argument("--output", type=Path, help="a file for the decisions instead of the standard output")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        holding = replays.Exposures(options["holding"]) if options["holding"] else None
        try:
            strategy = replays.strategy_named(options["strategy"])
            replayed, logged = replays.replay_day(strategy, options["day"], holding, progress=self._progress)
            others = replays.decisions_of(strategy, options["day"], options["against"])
        except TerminalError as error:
            raise CommandError(str(error)) from error
        for from_at, to_at, reason in logged.gaps:
            self.stderr.write(f"gap in the log: {from_at:%H:%M:%S} to {to_at:%H:%M:%S} UTC, {reason}")
        self._write(replayed.decided, options["format"], options["output"])
        self.stderr.write(f"{len(replayed.decided)} decisions, SHA-256 {digest(replayed.decided)}")
        if others is not None:
            self._compare(replayed.decided, others, options["against"])

    def _write(self, decided: Any, form: str, output: Path | None) -> None:
        told = lines(decided) if form == "lines" else (_row(one) for one in in_order(decided))
        text = "".join(f"{line}\n" for line in told)
        if output is None:
            self.stdout.write(text, ending="")
        else:
            output.write_text(text)

    def _compare(self, replayed: Any, others: Any, against: str) -> None:
        if digest(replayed) == digest(others):
            self.stderr.write(f"equal to {against}, byte by byte")
            return
        here, there = set(lines(replayed)), set(lines(others))
        for line in sorted(here - there):
            self.stderr.write(f"replay only: {line}")
        for line in sorted(there - here):
            self.stderr.write(f"{against} only: {line}")
        sys.exit(1)

    def _progress(self, frames: int, matches: int) -> None:
        self.stderr.write(f"{frames} frames read, {matches} matches of its symbols")


def _row(one: Decided) -> str:
    wanted = one.intent.get("quantity")
    holding = "" if one.held is None else f"held {one.held:>7} working {one.working:>7}"
    return f"{one.name:<44} {one.symbol:<10} {one.intent['kind']:<6} {wanted:>8} {holding} {one.intent['signal']}"
