"""`makemigrations` for what the database has to know."""

from django.core.management.commands import makemigrations

from qts.web.wordless_migrations import WordlessAutodetector


class Command(makemigrations.Command):
    autodetector = WordlessAutodetector
