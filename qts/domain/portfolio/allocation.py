"""Sharing out what cannot be cut: lots of one decision over several accounts, dong of one value over several owners.

Whole parts first, then what is left over by the largest remainder (Hare's method; ties go to the earlier one), so that
the parts add up to the whole exactly.
"""

from collections.abc import Sequence


def pro_rata(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in parts like the weights. Raises ValueError for a negative total or weight, or where nobody has any."""
    whole = sum(weights)
    if total < 0 or any(weight < 0 for weight in weights) or (whole == 0 and total):
        raise ValueError(f"{total} cannot be shared out by {list(weights)}")
    if not total:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda number: -remainders[number])
    for number in order[: total - sum(parts)]:
        parts[number] += 1
    return parts


def share_out(total: int, weights: Sequence[int], most: Sequence[int], *, lot: int) -> list[int]:
    """Shares of each account in whole lots: like the weights, and to no account more than its `most`.

    What an account cannot take goes to the others. They add up to the whole lots in `total`, or to all that the
    accounts can take where that is less.
    """
    if lot <= 0 or len(weights) != len(most) or any(limit < 0 for limit in most):
        raise ValueError(f"lots of {lot}, {len(weights)} weights and {len(most)} limits")
    limits = [limit // lot if weight > 0 else 0 for weight, limit in zip(weights, most, strict=True)]
    parts = [0] * len(weights)
    left = min(total // lot, sum(limits))
    while left:
        open_now = [number for number, limit in enumerate(limits) if parts[number] < limit]
        offered = pro_rata(left, [weights[number] for number in open_now])
        for number, lots in zip(open_now, offered, strict=True):
            taken = min(lots, limits[number] - parts[number])
            parts[number] += taken
            left -= taken
    return [part * lot for part in parts]


def fair_values_vnd(quantities: Sequence[int], values_vnd: Sequence[int]) -> list[int]:
    """What each account would have paid or got at the average price of all of them. They add up to the same sum: a
    difference between two accounts is measured, never made."""
    return pro_rata(sum(values_vnd), quantities)
