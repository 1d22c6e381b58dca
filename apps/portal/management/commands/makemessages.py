"""`makemessages` for the one catalogue of QTS: nothing to choose, no guesses at words, no line numbers that change.

Words of libraries that have no Vietnamese stand in `locale/of_libraries`, the terminal's beside the terminal.
"""

from typing import Any

from django.core.management.commands import makemessages

# of what is said in another language later: qts.domain.errors
MARKS = ["--keyword=Said", "--keyword=noop"]
# places for values have braces in the code: "50 % of" is no format
NO_PERCENTS = [f"--flag={mark}:1:no-python-format" for mark in ("_", "Said", "noop")]
WITHOUT_WORDS = [
    ".venv",
    "*/tests/*",
    "tests/*",
    "*/migrations/*",
    "qts/tui/*",
    "simulator/*",
    "benchmarks/*",
    "docs/*",
]


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, *MARKS, *NO_PERCENTS]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        fixed = {
            "locale": ["vi"],
            "no_wrap": True,
            "no_location": True,
            "no_obsolete": True,
            "ignore_patterns": WITHOUT_WORDS,
        }
        super().handle(*args, **{**options, **fixed})
