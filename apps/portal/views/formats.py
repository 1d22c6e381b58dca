"""Numbers as the Vietnamese board shows them: a point for decimals and commas between thousands, in both languages.

The same rules stand in `static/js/format.js` for what changes on the page.
"""

VND_PER_BOARD_CENT = 10  # prices are shown in thousand VND with two decimals
VND_PER_POINT_CENT = 1_000  # a futures price is VND per contract, 100,000 a point, shown in points with two decimals
NOTHING = "–"
MINUS = "\u2212"  # the minus sign is as wide as the plus sign in tabular figures


def _hundredths(value: int) -> str:
    return f"{value // 100:,}.{value % 100:02d}"


def price_text(price_vnd: int | None, kind: str = "STOCK") -> str:
    """25_300 -> '25.30' (thousand VND); a future's 128_050_000 -> '1,280.50' (points). No price yet: a dash."""
    if not price_vnd:
        return NOTHING
    unit = VND_PER_POINT_CENT if kind == "FUTURE" else VND_PER_BOARD_CENT
    text = _hundredths((abs(price_vnd) + unit // 2) // unit)
    return f"{MINUS}{text}" if price_vnd < 0 else text


def quantity_text(quantity: int | None) -> str:
    """Shares or contracts: 1_234_500 -> '1,234,500'."""
    return NOTHING if quantity is None else signed(quantity)


def money_text(amount_vnd: int | None) -> str:
    """Whole VND."""
    return NOTHING if amount_vnd is None else signed(amount_vnd)


def signed(value: int, *, plus: bool = False) -> str:
    sign = MINUS if value < 0 else "+" if plus and value > 0 else ""
    return f"{sign}{abs(value):,}"


def change_text(price_vnd: int, reference_vnd: int, kind: str = "STOCK") -> str:
    """Difference to the reference with its sign; a dash before the first match."""
    if not price_vnd or not reference_vnd:
        return NOTHING
    difference = price_vnd - reference_vnd
    if difference == 0:
        return "0.00"
    return ("+" if difference > 0 else "") + price_text(difference, kind)


def percent_text(part: int, whole: int) -> str:
    """`part` of `whole`: two decimals with a sign, rounded half away from zero. 300 of 25,000 is '+1.20%'."""
    if not whole:
        return NOTHING
    hundredths = (abs(part) * 20_000 // abs(whole) + 1) // 2
    sign = "" if hundredths == 0 else MINUS if (part < 0) != (whole < 0) else "+"
    return f"{sign}{_hundredths(hundredths)}%"


def index_text(value_centipoints: int | None) -> str:
    return NOTHING if not value_centipoints else _hundredths(value_centipoints)


def billions_text(amount_vnd: int | None) -> str:
    """Turnover in billion VND with one decimal."""
    if not amount_vnd:
        return NOTHING
    tenths = (amount_vnd + 50_000_000) // 100_000_000
    return f"{tenths // 10:,}.{tenths % 10}"


def price_class(price_vnd: int | None, reference_vnd: int, ceiling_vnd: int, floor_vnd: int) -> str:
    """Board colour of a price: ceiling, floor, reference, up or down."""
    if not price_vnd or not reference_vnd:
        return "c-none"
    if ceiling_vnd and price_vnd >= ceiling_vnd:
        return "c-ceiling"
    if floor_vnd and price_vnd <= floor_vnd:
        return "c-floor"
    if price_vnd == reference_vnd:
        return "c-reference"
    return "c-up" if price_vnd > reference_vnd else "c-down"


def sign_class(value: int | None) -> str:
    if not value:
        return "c-none"
    return "c-up" if value > 0 else "c-down"


def permille(thousandths: int) -> str:
    """As a percentage with one decimal: 999 is 99.9%."""
    return f"{thousandths // 10}.{thousandths % 10}%"
