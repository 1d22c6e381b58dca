"""One order against one snapshot, with what several controls ask for worked out once."""

from qts.domain.errors import RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk.facts import RiskSnapshot
from qts.domain.values import OrderType, Side


class FactMissing(Exception):
    """A control cannot answer: a refusal, with this text for the trader. `code` is given where silence is itself what
    the control is about, such as the age of data that never came."""

    def __init__(self, detail: str, code: RuleCode = RuleCode.CHECK_FAILED) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class Case:
    """What a control is asked about. Plain attributes: the gate reads them some hundred times for each order.

    `priced` is the market if it has prices of this trading day, else None. `dearest_vnd` is the highest price that the
    order can trade at and `value_vnd` its value there; both are 0 when that is not known, and another rule refuses.
    `reduces`: it can only make what is held less. Every sale of shares does; of futures, what closes contracts.
    """

    __slots__ = (
        "account",
        "activity",
        "dearest_vnd",
        "instrument",
        "is_sale",
        "limits",
        "market",
        "order_type",
        "price_vnd",
        "priced",
        "quantity",
        "reduces",
        "rules",
        "snapshot",
        "strategy_id",
        "symbol",
        "value_vnd",
    )

    def __init__(self, snapshot: RiskSnapshot, intent: OrderIntent) -> None:
        request, market = intent.request, snapshot.market
        self.snapshot = snapshot
        self.account = snapshot.account
        self.activity = snapshot.activity
        self.limits = snapshot.limits
        self.rules = snapshot.rules
        self.market = market
        self.instrument = intent.instrument
        self.strategy_id = intent.strategy_id
        self.symbol = request.symbol
        self.order_type = request.order_type
        self.quantity = request.quantity
        self.price_vnd = request.price_vnd
        self.is_sale = request.side is Side.SELL
        deposit = snapshot.account.deposit
        if deposit is None:  # a sale can only lower what is held; selling more than that is another rule's refusal
            self.reduces = self.is_sale
        else:
            month = deposit.months.get(request.symbol)
            self.reduces = month is not None and 0 < request.quantity <= month.closes(request.side)
        self.priced = market if market is not None and market.has_quote and market.reference_vnd > 0 else None
        if request.order_type is OrderType.LO:
            price = request.price_vnd
            self.dearest_vnd = price if price is not None and price > 0 else 0
        else:
            self.dearest_vnd = self.priced.ceiling_vnd if self.priced is not None else 0
        self.value_vnd = self.dearest_vnd * request.quantity
