"""The shapes of accounts and positions in the REST API. Money in whole VND; null = not known, never 0."""

from typing import Any

from rest_framework import serializers


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
