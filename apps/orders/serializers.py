"""The shapes of orders and fills in the REST API and on /ws/orders. Prices are whole VND, times ISO 8601 in UTC."""

from typing import Any

from rest_framework import serializers

from qts.domain.errors import RuleCode
from qts.domain.orders import OrderRequest, Status
from qts.domain.risk import SOFT_CODES
from qts.domain.values import OrderType, Side
from qts.web.serializers import StrictSerializer, WholeNumberField


class BreachOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    limit = serializers.IntegerField(allow_null=True)
    actual = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField()


class OrderCheckOut(serializers.Serializer[Any]):
    would_pass = serializers.BooleanField()
    breaches = BreachOut(many=True)


class OrderOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    client_order_id = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=list(Side))
    order_type = serializers.ChoiceField(choices=list(OrderType))
    quantity = serializers.IntegerField()
    price_vnd = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=list(Status))
    filled_quantity = serializers.IntegerField()
    average_fill_vnd = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    breaches = BreachOut(many=True)
    cancel_wanted = serializers.BooleanField()
    wanted_quantity = serializers.IntegerField(allow_null=True)
    wanted_price_vnd = serializers.IntegerField(allow_null=True)
    release_at = serializers.DateTimeField(allow_null=True)
    replaces = serializers.UUIDField(allow_null=True)
    strategy_id = serializers.CharField()
    decision_id = serializers.UUIDField(allow_null=True)
    actor = serializers.CharField()
    request_id = serializers.CharField()
    broker_order_id = serializers.CharField()
    trading_day = serializers.DateField()
    submitted_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class AmendIn(StrictSerializer):
    """The whole quantity, filled shares included, or the limit price; what is left out stays as it is."""

    quantity = WholeNumberField(max_value=2**53, min_value=1, allow_null=True, default=None)
    price_vnd = WholeNumberField(max_value=2**53, min_value=1, allow_null=True, default=None)

    def validate(self, given: dict[str, int | None]) -> dict[str, int | None]:
        if given["quantity"] is None and given["price_vnd"] is None:
            raise serializers.ValidationError("Name a quantity or a price.")
        return given


class ReplaceIn(StrictSerializer):
    """The new limit price and the whole quantity, shares that were filled included."""

    quantity = WholeNumberField(max_value=2**53, min_value=1)
    price_vnd = WholeNumberField(max_value=2**53, min_value=1)


class CancelAllIn(StrictSerializer):
    """Which working orders: at least one of these. Without an account, of every account that you may trade."""

    account_id = serializers.UUIDField(allow_null=True, default=None)
    symbol = serializers.CharField(max_length=20, allow_blank=True, default="")
    strategy_id = serializers.CharField(max_length=64, allow_blank=True, default="")
    side = serializers.ChoiceField(choices=list(Side), allow_blank=True, default="")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not any(given.values()):
            raise serializers.ValidationError("Name an account, a symbol, a strategy or a side.")
        return given


class CancelAllOut(serializers.Serializer[Any]):
    """`asked`: the broker is asked or the order was taken back; `waiting` of them wait for a session that allows it.
    `kept`: conditional and sliced orders that were ended; what worked of them is among the others."""

    kept = serializers.IntegerField()
    asked = serializers.IntegerField()
    waiting = serializers.IntegerField()
    refused = serializers.ListField(child=serializers.UUIDField())


class FillOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=list(Side))
    quantity = serializers.IntegerField()
    price_vnd = serializers.IntegerField()
    matched_at = serializers.DateTimeField()
    trading_day = serializers.DateField()


class OrderIn(StrictSerializer):
    """One new order. The idempotency key is a header; the same key with the same body gets the same answer."""

    account_id = serializers.UUIDField()
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=list(Side))
    order_type = serializers.ChoiceField(choices=list(OrderType))
    quantity = WholeNumberField(max_value=2**53)
    price_vnd = WholeNumberField(max_value=2**53, allow_null=True, default=None)
    confirmations = serializers.DictField(
        child=WholeNumberField(max_value=2**53),
        default=dict,
        help_text="By the code of a soft refusal: the order's price or quantity, typed once more.",
    )
    hold = serializers.BooleanField(
        default=False, help_text="Where the exchange takes it only later, keep it and send it then."
    )

    def validate_confirmations(self, given: dict[str, int]) -> dict[str, int]:
        unknown = sorted(given.keys() - {str(code) for code in SOFT_CODES})
        if unknown:
            raise serializers.ValidationError(f"No soft refusal: {', '.join(unknown)}.")
        return given

    def to_request(self, client_order_id: str) -> OrderRequest:
        given = self.validated_data
        return OrderRequest(
            symbol=given["symbol"],
            side=Side(given["side"]),
            order_type=OrderType(given["order_type"]),
            quantity=given["quantity"],
            price_vnd=given["price_vnd"],
            client_order_id=client_order_id,
            confirmations=tuple((RuleCode(code), typed) for code, typed in sorted(given["confirmations"].items())),
            holds=given["hold"],
        )
