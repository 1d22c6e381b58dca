"""English in the code, Vietnamese in `locale/vi`; the language can change while the terminal runs."""

import gettext
import locale
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("vi", "en")
_CATALOGUES: Final = Path(__file__).parent / "locale"


class _Chosen:
    name: str = "en"
    words: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """`vi` or `en`."""
    is_original = language == "en"
    _Chosen.words = (
        gettext.NullTranslations() if is_original else gettext.translation("tui", _CATALOGUES, languages=[language])
    )
    _Chosen.name = language


def current() -> str:
    return _Chosen.name


def other() -> str:
    return LANGUAGES[1 - LANGUAGES.index(_Chosen.name)]


def of_machine() -> str:
    """English where the machine speaks English; the market's language elsewhere."""
    spoken = locale.getlocale()[0] or ""
    return "en" if spoken.lower().startswith("en") else "vi"


def _(message: str) -> str:
    return _Chosen.words.gettext(message)


def noop(message: str) -> str:
    """Marks a text of a table, which is translated when it is shown."""
    return message
