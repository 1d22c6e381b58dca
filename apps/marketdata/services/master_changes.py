"""What differed between what was known and what the broker told, kept day by day."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from apps.marketdata.models import MasterDataChange
from qts.domain.values import Actor, ActorKind

ACTOR: Final = Actor(ActorKind.SYSTEM, "marketdata")
_LENGTH_MAX: Final = 200


class Difference(NamedTuple):
    """`subject` is a symbol or the code of an index; an empty text is nothing."""

    subject: str
    field: str
    before: str
    after: str


def keep_differences(found: Iterable[Difference], today: date, actor: Actor = ACTOR) -> None:
    MasterDataChange.objects.bulk_create(
        [
            MasterDataChange(
                trading_day=today,
                subject=one.subject,
                field=one.field,
                before=one.before[:_LENGTH_MAX],
                after=one.after[:_LENGTH_MAX],
                changed_by=str(actor),
            )
            for one in found
        ]
    )
