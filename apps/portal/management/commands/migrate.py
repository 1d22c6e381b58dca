"""`migrate`, which does not ask for migrations of words."""

from django.core.management.commands import migrate

from qts.web.wordless_migrations import WordlessAutodetector


class Command(migrate.Command):
    autodetector = WordlessAutodetector
