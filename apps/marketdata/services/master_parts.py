"""Which questions of a day's load the broker has answered. Each answer is stored together with what it said, so a load
that was killed goes on with what was not asked yet, and the broker's quota is spent once."""

from datetime import date

from apps.marketdata.models import MasterDataLoad, MasterDataPart

Kind = MasterDataPart.Kind
PARTS_KEPT_DAYS = 7
_REFUSAL_LENGTH_MAX = 300


class Parts:
    """Of one day. A load of a day that was loaded to its end before starts anew."""

    def __init__(self, day: date) -> None:
        self._day = day
        rows = MasterDataPart.objects.filter(trading_day=day)
        if MasterDataLoad.objects.filter(trading_day=day).exists():
            rows.delete()
        self._answered = set(rows.values_list("kind", "subject"))

    def lacks(self, kind: MasterDataPart.Kind, subject: str = "") -> bool:
        return (kind.value, subject) not in self._answered

    def keep(self, kind: MasterDataPart.Kind, subject: str = "", *, found: int = 0, refusal: str = "") -> None:
        """The caller stores in the same transaction what was told."""
        said = refusal[:_REFUSAL_LENGTH_MAX]
        MasterDataPart.objects.create(trading_day=self._day, kind=kind, subject=subject, found=found, refusal=said)
        self._answered.add((kind.value, subject))
