"""python manage.py protect_ledger ROLE: the application's database role may add to the ledger and change nothing.

Run it with the role that owns the tables, after each `migrate`; the application then connects with ROLE. The triggers
refuse UPDATE and DELETE for everybody, the owner included; the rights refuse TRUNCATE and taking the triggers off too.
`--hand-over` makes ROLE the owner of everything but the ledger: it makes and drops partitions as days come and go.
`--create` makes the role first, or gives it another password: the one in APPLICATION_PASSWORD, never on a command line.
"""

import os
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from psycopg import sql

APPEND_ONLY: Final = ("accounts_ledgerentry",)
_STATEMENTS: Final = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)
_TAKE_AWAY: Final = "REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON {table} FROM {role}, PUBLIC"
# tables, partitions and views; sequences of columns follow their tables, so the ledger's stays with the ledger
_NOT_YET: Final = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = %s) AND NOT (relname = ANY(%s))
"""
PASSWORD_VARIABLE: Final = "APPLICATION_PASSWORD"  # noqa: S105 (its name)
_MAKE: Final = "{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS PASSWORD {}"
_MAY_ANYTHING: Final = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = %s"


class Command(BaseCommand):
    help = "Gives a database role what the application needs, without the right to change or empty the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role that the application connects with")
        parser.add_argument("--hand-over", action="store_true", help="make it the owner of all that is not the ledger")

        parser.add_argument("--create", action="store_true", help=f"make it, with the password in {PASSWORD_VARIABLE}")

    def handle(self, *args: Any, **options: Any) -> None:
        role = sql.Identifier(options["role"])
        with connection.cursor() as cursor:
            if options["create"]:
                _create(cursor, options["role"])
            cursor.execute(_MAY_ANYTHING, [options["role"]])
            found = cursor.fetchone()
            if found is None or found[0]:
                why = "there is no such role" if found is None else "it could give itself any right"
                raise CommandError(f"{options['role']} cannot be kept from the ledger: {why}")
            for statement in _STATEMENTS:
                cursor.execute(sql.SQL(statement).format(role=role))
            for table in APPEND_ONLY:
                cursor.execute(sql.SQL(_TAKE_AWAY).format(table=sql.Identifier(table), role=role))
            if options["hand_over"]:
                _hand_over(cursor, options["role"])
        self.stdout.write(f"{options['role']} may add to {', '.join(APPEND_ONLY)} and not change it")


def _create(cursor: Any, name: str) -> None:
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if not password:
        raise CommandError(f"{PASSWORD_VARIABLE} is empty: a role without a password is nobody's")
    cursor.execute("SELECT rolname = current_user FROM pg_roles WHERE rolname = %s", [name])
    found = cursor.fetchone()
    if found and found[0]:
        raise CommandError(f"{name} is who asks: the owner of the ledger is kept from nothing")
    verb = sql.SQL("ALTER" if found else "CREATE")
    cursor.execute(sql.SQL(_MAKE).format(verb, sql.Identifier(name), sql.Literal(password)))


def _hand_over(cursor: Any, name: str) -> None:
    role = sql.Identifier(name)
    cursor.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(role))
    cursor.execute(_NOT_YET, [name, list(APPEND_ONLY)])
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(table), role))
