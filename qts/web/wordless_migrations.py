"""Migrations follow the database alone: what columns and tables are called does not make one (docs/adr/0040)."""

from typing import Any

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.models import Field

WORDS_OF_A_FIELD = ("verbose_name", "help_text", "choices")
WORDS_OF_A_MODEL = ("verbose_name", "verbose_name_plural")


class WordlessAutodetector(MigrationAutodetector):
    """Sees no difference between a field and the same field under another name, help or choices."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for state in (self.from_state, self.to_state):
            for model in state.models.values():
                for word in WORDS_OF_A_MODEL:
                    model.options.pop(word, None)

    def deep_deconstruct(self, obj: Any) -> Any:
        seen = super().deep_deconstruct(obj)
        if not isinstance(obj, Field):
            return seen
        path, positional, named = seen
        return path, positional, {key: value for key, value in named.items() if key not in WORDS_OF_A_FIELD}
