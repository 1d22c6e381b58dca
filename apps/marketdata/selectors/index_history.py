"""Days of indices, as the broker told them."""

from datetime import date

from apps.marketdata.models import IndexDay


def index_closes(index_code: str, since: date, until: date) -> list[tuple[date, int]]:
    """Trading day and close in hundredths of a point, oldest first, both days included; the code in any case.

    A day that is not stored is left out: nothing is filled in. Today's is known tomorrow.
    """
    rows = IndexDay.objects.filter(index_code__iexact=index_code, trading_day__gte=since, trading_day__lte=until)
    return list(rows.order_by("trading_day").values_list("trading_day", "close_centipoints"))


def index_codes_stored() -> list[str]:
    """Of which any day is stored, in order."""
    return sorted(set(IndexDay.objects.order_by().values_list("index_code", flat=True).distinct()))
