"""The table of the gate's controls. Adding one is a function in `checks`, a row here and a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk import checks
from qts.domain.risk.facts import RiskSnapshot

Check = Callable[[RiskSnapshot, OrderIntent], Breach | None]


class Unit(StrEnum):
    """What `limit` and `actual` of a breach count."""

    NONE = ""
    VND = "VND"
    SHARES = "shares"
    ORDERS = "orders"
    MILLISECONDS = "ms"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code means. `is_limit` marks the rules whose number an officer sets."""

    code: RuleCode
    check: Check
    unit: Unit
    help_vi: str
    help_en: str
    is_limit: bool = False
    applies_to_sales: bool = True


def _table(*rules: Rule) -> Mapping[RuleCode, Rule]:
    table = {rule.code: rule for rule in rules}
    if len(table) != len(rules):
        raise ValueError("a rule stands twice in the table")
    return MappingProxyType(table)


RULES: Final = _table(
    Rule(
        RuleCode.UNKNOWN_SYMBOL,
        checks.symbol_known,
        Unit.NONE,
        "Mã chứng khoán không có trong danh mục.",
        "The symbol is not in the list of securities.",
    ),
    Rule(
        RuleCode.ACCOUNT_NOT_TRADABLE,
        checks.account_tradable,
        Unit.NONE,
        "Tài khoản đang bị khóa giao dịch.",
        "The account is closed for trading.",
    ),
    Rule(
        RuleCode.QUANTITY_NOT_POSITIVE,
        checks.quantity_positive,
        Unit.SHARES,
        "Khối lượng phải lớn hơn 0.",
        "The quantity must be above zero.",
    ),
    Rule(
        RuleCode.PRICE_REQUIRED,
        checks.price_present,
        Unit.VND,
        "Lệnh LO phải có giá.",
        "A limit order (LO) needs a price.",
    ),
    Rule(
        RuleCode.PRICE_NOT_ALLOWED,
        checks.price_absent,
        Unit.VND,
        "Loại lệnh này không được kèm giá.",
        "This order type takes no price.",
    ),
    Rule(
        RuleCode.SECURITY_NOT_TRADABLE,
        checks.security_tradable,
        Unit.NONE,
        "Chứng khoán đang ngừng giao dịch hoặc không giao dịch được trên tài khoản này.",
        "The security is halted or suspended, or this account cannot trade it.",
    ),
    Rule(
        RuleCode.SESSION_FORBIDS_ORDER_TYPE,
        checks.session_admits,
        Unit.NONE,
        "Phiên hiện tại không nhận loại lệnh này.",
        "The current session does not take this order type.",
    ),
    Rule(
        RuleCode.PRICE_OFF_TICK,
        checks.price_on_tick,
        Unit.VND,
        "Giá không đúng bước giá.",
        "The price is not a multiple of the price step.",
    ),
    Rule(
        RuleCode.PRICE_ABOVE_CEILING,
        checks.price_under_ceiling,
        Unit.VND,
        "Giá cao hơn giá trần.",
        "The price is above the day's ceiling.",
    ),
    Rule(
        RuleCode.PRICE_BELOW_FLOOR,
        checks.price_over_floor,
        Unit.VND,
        "Giá thấp hơn giá sàn.",
        "The price is below the day's floor.",
    ),
    Rule(
        RuleCode.QUANTITY_OFF_LOT,
        checks.quantity_in_lots,
        Unit.SHARES,
        "Khối lượng không phải bội số của lô chẵn.",
        "The quantity is not a multiple of the round lot.",
    ),
    Rule(
        RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX,
        checks.quantity_under_exchange_max,
        Unit.SHARES,
        "Khối lượng vượt mức tối đa một lệnh của Sở giao dịch.",
        "The quantity exceeds the exchange's maximum for one order.",
    ),
    Rule(
        RuleCode.KILL_SWITCH_ENGAGED,
        checks.kill_switch_released,
        Unit.NONE,
        "Công tắc dừng khẩn cấp đang bật.",
        "A kill switch is engaged.",
    ),
    Rule(
        RuleCode.ORDER_VALUE_EXCEEDS_MAX,
        checks.order_value_under_max,
        Unit.VND,
        "Giá trị tối đa của một lệnh, tính theo giá bất lợi nhất.",
        "Largest value of one order, at the dearest price it can trade at.",
        is_limit=True,
    ),
    Rule(
        RuleCode.POSITION_EXCEEDS_MAX,
        checks.position_under_max,
        Unit.SHARES,
        "Số cổ phiếu tối đa của một mã, gồm cả lệnh mua đang chờ.",
        "Most shares of one symbol, working purchases included.",
        is_limit=True,
        applies_to_sales=False,
    ),
    Rule(
        RuleCode.DAILY_LOSS_EXCEEDS_MAX,
        checks.daily_loss_under_max,
        Unit.VND,
        "Mức lỗ tối đa trong ngày của tài khoản, gồm lỗ đã và chưa thực hiện; chỉ chặn lệnh mua.",
        "Largest loss of an account in a day, realised and open; refuses purchases only.",
        is_limit=True,
        applies_to_sales=False,
    ),
    Rule(
        RuleCode.OPEN_ORDERS_EXCEED_MAX,
        checks.open_orders_under_max,
        Unit.ORDERS,
        "Số lệnh đang chờ tối đa của một tài khoản.",
        "Most working orders of one account.",
        is_limit=True,
    ),
    Rule(
        RuleCode.BUYING_POWER_EXCEEDED,
        checks.buying_power_covers,
        Unit.VND,
        "Sức mua không đủ cho giá trị lệnh và phí.",
        "Buying power does not cover the order's value and fee.",
        applies_to_sales=False,
    ),
    Rule(
        RuleCode.SELLABLE_QUANTITY_EXCEEDED,
        checks.shares_sellable,
        Unit.SHARES,
        "Không đủ cổ phiếu được phép bán (T+2).",
        "Not enough shares that may be sold (T+2).",
    ),
    Rule(
        RuleCode.MARKET_DATA_MISSING,
        checks.market_data_present,
        Unit.NONE,
        "Chưa có dữ liệu thị trường của mã trong ngày.",
        "No market data of the symbol for this day yet.",
    ),
    Rule(
        RuleCode.MARKET_DATA_STALE,
        checks.market_data_fresh,
        Unit.MILLISECONDS,
        "Tuổi tối đa của dữ liệu thị trường.",
        "Oldest market data an order may rest on.",
        is_limit=True,
    ),
)

LIMIT_CODES: Final = tuple(code for code, rule in RULES.items() if rule.is_limit)
