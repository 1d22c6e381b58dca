"""The shapes of accounts and positions in the REST API. Money in whole VND; null = not known, never 0."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.accounts.selectors import BOARD, CHART
from apps.configuration.selectors import LogInView
from apps.marketdata.selectors import StreamState
from qts.adapters.ssi.credentials import SecondFactor
from qts.domain.market import Timeframe
from qts.domain.values import Side
from qts.web.serializers import StrictSerializer


class AccountOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    is_foreign = serializers.BooleanField()


class PositionOut(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    quantity = serializers.IntegerField()
    sellable_quantity = serializers.IntegerField()
    reserved_sell_quantity = serializers.IntegerField()
    pending_buy_quantity = serializers.IntegerField()
    cost_total_vnd = serializers.IntegerField()
    average_cost_vnd = serializers.IntegerField()
    realised_pnl_vnd = serializers.IntegerField()
    mark_vnd = serializers.IntegerField(allow_null=True)
    market_value_vnd = serializers.IntegerField(allow_null=True)
    unrealised_pnl_vnd = serializers.IntegerField(allow_null=True)


class ContractOut(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    net = serializers.IntegerField(help_text="short is below zero")
    cost_vnd = serializers.IntegerField(help_text="what they are carried at, with the same sign")
    due_vnd = serializers.IntegerField(help_text="gained by closed ones since the last mark to market")
    realised_pnl_vnd = serializers.IntegerField()
    bids = serializers.IntegerField()
    offers = serializers.IntegerField()
    mark_vnd = serializers.IntegerField(allow_null=True)
    floating_vnd = serializers.IntegerField(allow_null=True, help_text="gained by open ones since then")


class PortfolioOut(serializers.Serializer[Any]):
    account = AccountOut()
    cash_settled_vnd = serializers.IntegerField(source="state.cash_settled_vnd")
    cash_pending_vnd = serializers.IntegerField(source="state.cash_pending_vnd")
    reserved_vnd = serializers.IntegerField(source="state.reserved_vnd")
    buying_power_vnd = serializers.IntegerField(source="state.buying_power_vnd")
    realised_today_vnd = serializers.IntegerField(source="state.realised_today_vnd")
    market_value_vnd = serializers.IntegerField(allow_null=True)
    unrealised_pnl_vnd = serializers.IntegerField(allow_null=True)
    equity_vnd = serializers.IntegerField(allow_null=True)
    day_pnl_vnd = serializers.IntegerField(allow_null=True)
    positions = PositionOut(many=True)
    contracts = ContractOut(many=True)


class PortfolioAnswerOut(PortfolioOut):
    """Marks may be old unless the stream is connected; its age is since the market was heard, null: never."""

    stream_state = serializers.ChoiceField(choices=list(StreamState))
    stream_age_ms = serializers.IntegerField(allow_null=True)


class SubPositionOut(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    quantity = serializers.IntegerField()
    cost_total_vnd = serializers.IntegerField()
    realised_pnl_vnd = serializers.IntegerField()
    unrealised_pnl_vnd = serializers.IntegerField(allow_null=True)
    pnl_vnd = serializers.IntegerField(allow_null=True)


class SubBookOut(serializers.Serializer[Any]):
    """`strategy_id` is empty for what people hold."""

    strategy_id = serializers.CharField()
    realised_pnl_vnd = serializers.IntegerField()
    unrealised_pnl_vnd = serializers.IntegerField(allow_null=True)
    pnl_vnd = serializers.IntegerField(allow_null=True)
    positions = SubPositionOut(many=True)


class BrokerLogInOut(serializers.Serializer[Any]):
    """Where a connection's log-in at the broker stands. Times of the wall clock."""

    connection_id = serializers.UUIDField()
    name = serializers.CharField()
    second_factor = serializers.ChoiceField(choices=list(SecondFactor))
    is_wanted = serializers.SerializerMethodField(help_text="No order leaves before a person has entered a code.")
    expires_at = serializers.DateTimeField(allow_null=True)
    logged_in_at = serializers.DateTimeField(allow_null=True)
    logged_in_by = serializers.CharField()
    wanted_since = serializers.DateTimeField(allow_null=True)
    code_requested_at = serializers.DateTimeField(allow_null=True)
    code_until = serializers.DateTimeField(allow_null=True)
    wrong_code_count = serializers.IntegerField()
    stopped_until = serializers.DateTimeField(allow_null=True)

    def get_is_wanted(self, found: LogInView) -> bool:
        return found.is_wanted(timezone.now())


class BrokerCodeIn(StrictSerializer):
    code = serializers.CharField(max_length=20, trim_whitespace=True, write_only=True)


class ArrivingOut(serializers.Serializer[Any]):
    due_at = serializers.DateTimeField()
    amount = serializers.IntegerField(help_text="VND, owed when negative; shares for shares")
    kind = serializers.CharField(source="source", help_text="TRADE or DIVIDEND for cash, the symbol for shares")
    reference = serializers.CharField()


class CashOut(serializers.Serializer[Any]):
    """Where the cash is; `coming` and `payable` by arrival: TODAY, T1, T2, LATER."""

    settled_vnd = serializers.IntegerField()
    free_vnd = serializers.IntegerField()
    reserved_vnd = serializers.IntegerField()
    advanced_vnd = serializers.IntegerField()
    dividends_due_vnd = serializers.IntegerField()
    coming = serializers.DictField(child=serializers.IntegerField())
    payable = serializers.DictField(child=serializers.IntegerField())
    cash_arriving = ArrivingOut(many=True)
    shares_arriving = ArrivingOut(many=True)


class BookedTradeOut(serializers.Serializer[Any]):
    fill_id = serializers.CharField()
    order_id = serializers.UUIDField()
    symbol = serializers.CharField()
    side = serializers.CharField()
    quantity = serializers.IntegerField()
    price_vnd = serializers.IntegerField()
    fee_vnd = serializers.IntegerField(source="result.fee_vnd")
    tax_vnd = serializers.IntegerField(source="result.tax_vnd")
    cost_vnd = serializers.IntegerField()
    fifo_cost_vnd = serializers.IntegerField()
    average_pnl_vnd = serializers.IntegerField(source="result.average_pnl_vnd")
    fifo_pnl_vnd = serializers.IntegerField(source="result.fifo_pnl_vnd")
    trading_day = serializers.DateField()
    booked_at = serializers.DateTimeField()


class ValueOut(serializers.Serializer[Any]):
    trading_day = serializers.DateField()
    taken_at = serializers.DateTimeField()
    cash_vnd = serializers.IntegerField()
    market_value_vnd = serializers.IntegerField()
    equity_vnd = serializers.IntegerField()
    flows_vnd = serializers.IntegerField()


class StatementLineOut(serializers.Serializer[Any]):
    occurred_at = serializers.DateTimeField()
    kind = serializers.CharField()
    reference = serializers.CharField()
    amount_vnd = serializers.IntegerField()
    balance_vnd = serializers.IntegerField()


class MaxQuantityIn(StrictSerializer):
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=[side.value for side in Side])
    price_vnd = serializers.IntegerField(min_value=1, help_text="the limit, or the ceiling for an order without one")
    lot = serializers.IntegerField(min_value=1, required=False)


class MaxQuantityOut(serializers.Serializer[Any]):
    quantity = serializers.IntegerField()
    buying_power_vnd = serializers.IntegerField(help_text="what pays for it; own means on margin, the free deposit")
    loan_percent = serializers.IntegerField(help_text="of the value, lent by the broker")


class DaysIn(StrictSerializer):
    """Trading days, both included; empty narrows nothing."""

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    symbol = serializers.CharField(required=False, max_length=20)


BOARD_COLUMNS = ("limits", "depth", "side", "last_qty", "total", "value", "range", "foreign", "sector")
BOARD_SORTS = ("symbol", "last", "percent", "change", "total", "value", "sector")
INDICATORS_MAX = 8


class WatchlistOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    symbols = serializers.ListField(child=serializers.CharField())


class WatchlistIn(StrictSerializer):
    """`symbols` in the order in which they shall stand."""

    name = serializers.CharField(max_length=40)
    symbols = serializers.ListField(child=serializers.CharField(max_length=20), default=list)


class WatchlistChangeIn(StrictSerializer):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=40, required=False)
    symbols = serializers.ListField(child=serializers.CharField(max_length=20), required=False)


class BoardLayoutIn(StrictSerializer):
    """The price board: which columns are away, what it is sorted by, whether its rows are low, and what is shown."""

    hidden = serializers.ListField(child=serializers.ChoiceField(choices=BOARD_COLUMNS), required=False)
    sort = serializers.ChoiceField(choices=BOARD_SORTS, required=False)
    is_descending = serializers.BooleanField(required=False)
    is_dense = serializers.BooleanField(required=False)
    shown = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ChartLayoutIn(StrictSerializer):
    """A symbol's chart: the names of its indicators, the length of its candles, and whether patterns are drawn."""

    indicators = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=INDICATORS_MAX
    )
    timeframe = serializers.ChoiceField(choices=[one.value for one in Timeframe], required=False)
    has_patterns = serializers.BooleanField(required=False)


LAYOUTS: Mapping[str, type[StrictSerializer]] = {BOARD: BoardLayoutIn, CHART: ChartLayoutIn}
