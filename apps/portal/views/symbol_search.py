"""Securities by what somebody types: a symbol, a part of one, or a company's name without its accents."""

import unicodedata
from functools import lru_cache
from typing import Final

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView

NAMES_KEPT: Final = 4_096  # without their accents
BEGINS_SO, HAS_IT_INSIDE, NAMED_SO, NO_MATCH = range(4)


def securities_like(typed: str) -> list[SecurityView]:
    """First the symbols that begin so, then those that have it inside, then names; of nothing typed, none."""
    wanted = plain(typed)
    ranked = [(_rank(security, wanted), security) for security in marketdata.securities() if wanted]
    matching = [(rank, security.symbol, security) for rank, security in ranked if rank < NO_MATCH]
    return [security for _rank_of, _symbol, security in sorted(matching, key=lambda found: found[:2])]


def _rank(security: SecurityView, wanted: str) -> int:
    place = security.symbol.casefold().find(wanted)
    if place >= 0:
        return HAS_IT_INSIDE if place else BEGINS_SO
    return NAMED_SO if wanted in plain(f"{security.name_vi} {security.name_en}") else NO_MATCH


@lru_cache(maxsize=NAMES_KEPT)
def plain(text: str) -> str:
    """Without accents and capitals: as people type Vietnamese in a hurry."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
