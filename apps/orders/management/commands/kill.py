"""python manage.py kill firm --reason "wrong prices": stops a scope with nothing but PostgreSQL.

The web tier, the workers and Valkey may all be dead. What was not sent is withdrawn, what the broker has is queued for
its cancel; --send also sends the cancels from here. Letting go again takes two risk officers in the portal.
"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from apps.accounts import selectors as accounts
from apps.configuration import selectors as configuration
from apps.marketdata.selectors import market_now
from apps.orders import services
from apps.risk import selectors as risk
from apps.risk.services import engage_kill_switch
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Actor, ActorKind

COMMAND_LINE = Actor(ActorKind.SYSTEM, "command-line")


class Command(BaseCommand):
    help = "Stops the firm, an account, a strategy, a symbol, an exchange or a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "scope",
            help="firm, account:<number or id>, strategy:<id>, symbol:<code>, exchange:<name>, user:<name or id>",
        )
        parser.add_argument("--reason", required=True)
        parser.add_argument("--reducing", action="store_true", help="sales of held shares pass")
        parser.add_argument("--flatten", action="store_true", help="also ask for sales of everything that can be sold")
        parser.add_argument("--send", action="store_true", help="send the cancels from here: no gateway runs")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        scope, reason, now = _scope(options["scope"]), options["reason"], market_now()
        if not risk.names_something(scope):
            raise CommandError(f"{scope!r} is no scope of a kill switch: nothing has that name")
        try:
            is_new = engage_kill_switch(
                scope=scope,
                reason=reason,
                actor=COMMAND_LINE,
                now=now,
                allows_reducing=options["reducing"],
                flatten=options["flatten"],
            )
        except TerminalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{scope}: {'stopped' if is_new else 'was stopped already'}")
        if options["flatten"] and not _lets_sales_pass(scope):
            self.stderr.write("it was stopped fully before: no sale leaves until two officers let it go")
        problem = self._cancel(scope, reason, now)
        if options["send"]:
            self._send(now)
        if problem:
            raise CommandError(f"{problem}; the scope is stopped all the same: run it again")

    def _cancel(self, scope: str, reason: str, now: datetime) -> str:
        """What went wrong, empty for nothing: the cancels that are queued have to be sent all the same."""
        try:
            answers = services.cancel_for_kill_switch(scope=scope, reason=reason, now=now)
        except ExceptionGroup as failures:
            for failure in failures.exceptions:
                self.stderr.write(f"{failure!r} {' '.join(getattr(failure, '__notes__', []))}")
            return failures.message
        waiting = sum(answer.waits for answer in answers)
        self.stdout.write(f"{len(answers)} working orders asked back, {waiting} of them wait for their moment")
        return ""

    def _send(self, now: datetime) -> None:
        failed = False
        for connection in configuration.connections():
            try:
                sent = services.send_cancels_by_hand(connection.id, now)
                self.stdout.write(f"{connection.name}: {sent} cancels sent")
            except (TransientError, TerminalError) as error:
                failed = True
                self.stderr.write(f"{connection.name}: {error}")
        if failed:
            raise CommandError("not every cancel was sent; the scope is stopped all the same: run it again")


def _scope(typed: str) -> str:
    """Numbers of accounts and names of users are what a person knows by heart."""
    kind, _, name = typed.partition(":")
    if kind == "account" and (account_id := accounts.account_id_of(name)) is not None:
        return risk.account_scope(account_id)
    if kind == "user" and (person := get_user_model().objects.filter(username=name).first()) is not None:
        return f"user:{person.pk}"
    return typed


def _lets_sales_pass(scope: str) -> bool:
    return any(switch.scope == scope and switch.allows_reducing for switch in risk.kill_switches())
