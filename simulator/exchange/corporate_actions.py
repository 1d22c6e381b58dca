"""Rights that come off shares, read from a CSV file: one right a row.

Columns: `symbol,ex_date,kind,amount`, for a rights issue `price`, and `pays_on`. `kind` is `cash` (amount in VND a
share), `bonus` (bonus shares or a stock dividend: amount in new shares for each old one, such as 0.15 or 3/20) or
`rights` (the same, for which holders pay `price` VND a share). `pays_on` is the day on which the cash is paid or the
shares may be sold, of rights the last one to subscribe; without it, a week after the ex-date. Rights of one symbol on
one day add up.
"""

import csv
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

_COLUMNS: Final = {"symbol", "ex_date", "kind", "amount"}
NOTHING: Final = Fraction(0)
_PAID_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """All that comes off one share on one day; ratios are new shares for each old one, `pays_on` None a week later."""

    cash_dividend_vnd: int = 0
    bonus_ratio: Fraction = NOTHING
    rights_ratio: Fraction = NOTHING
    subscription_price_vnd: int = 0
    pays_on: date | None = None

    def paid_on(self, ex_date: date) -> date:
        return self.pays_on or ex_date + _PAID_AFTER


def read_corporate_actions(file: Path) -> dict[tuple[date, str], CorporateAction]:
    """By ex-date and symbol. Raises ValueError, with the line, for what cannot be understood."""
    actions: dict[tuple[date, str], CorporateAction] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise ValueError(f"{file.name} has not the columns {', '.join(sorted(_COLUMNS))}")
        for row in reader:
            try:
                key = (date.fromisoformat(row["ex_date"]), row["symbol"].strip().upper())
                actions[key] = _with(actions.get(key, CorporateAction()), row)
            except (ValueError, ZeroDivisionError) as error:
                raise ValueError(f"{file.name}, line {reader.line_num}: {error}") from error
    return actions


def _with(action: CorporateAction, row: dict[str, str]) -> CorporateAction:
    amount = Fraction(row["amount"])
    if amount <= 0:
        raise ValueError(f"amount {row['amount']} is not positive")
    if row.get("pays_on"):
        pays_on = date.fromisoformat(row["pays_on"])
        if pays_on < date.fromisoformat(row["ex_date"]) or action.pays_on not in (None, pays_on):
            raise ValueError("nothing is paid before the ex-date, and what comes off on one day is paid on one day")
        action = replace(action, pays_on=pays_on)
    match row["kind"]:
        case "cash":
            return replace(action, cash_dividend_vnd=action.cash_dividend_vnd + int(amount))
        case "bonus":
            return replace(action, bonus_ratio=action.bonus_ratio + amount)
        case "rights":
            price_vnd = int(row.get("price") or 0)
            if price_vnd <= 0 or action.rights_ratio:
                raise ValueError("a rights issue needs a price, and there is one a day")
            return replace(action, rights_ratio=amount, subscription_price_vnd=price_vnd)
        case kind:
            raise ValueError(f"kind {kind!r} is none of cash, bonus and rights")
