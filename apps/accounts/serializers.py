"""The shapes of accounts and positions in the REST API. Money in whole VND; null = not known, never 0."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.configuration.selectors import LogInView
from qts.adapters.ssi.credentials import SecondFactor
from qts.web.serializers import StrictSerializer


class AccountOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()


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
