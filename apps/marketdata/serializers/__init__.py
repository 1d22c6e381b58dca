"""The shapes of market data in the REST API. Prices are whole VND, times ISO 8601 in UTC."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from apps.marketdata.selectors import Resolution, SecurityView, StreamState, market_today, takes_orders
from qts.domain.values import Exchange, InstrumentKind
from qts.web.serializers import StrictSerializer

SYMBOLS_MAX = 2_000


class SecurityOut(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    exchange = serializers.ChoiceField(choices=list(Exchange))
    kind = serializers.ChoiceField(choices=list(InstrumentKind))
    name_vi = serializers.CharField()
    name_en = serializers.CharField()
    lot_size = serializers.IntegerField()
    listed_quantity = serializers.IntegerField()
    is_active = serializers.BooleanField()
    told_on = serializers.DateField(allow_null=True, help_text="The newest day on which the broker told it in full.")
    is_armed = serializers.SerializerMethodField(help_text="False: every order is refused with SYMBOL_NOT_ARMED.")

    def get_is_armed(self, known: SecurityView) -> bool:
        return takes_orders(known.told_on, market_today())


class QuoteOut(serializers.Serializer[Any]):
    """0 = not there yet. `bids` and `asks` are [price_vnd, quantity], best first; price 0 is at the auction."""

    symbol = serializers.CharField()
    reference_vnd = serializers.IntegerField()
    ceiling_vnd = serializers.IntegerField()
    floor_vnd = serializers.IntegerField()
    last_vnd = serializers.IntegerField()
    last_quantity = serializers.IntegerField()
    total_quantity = serializers.IntegerField()
    total_value_vnd = serializers.IntegerField()
    high_vnd = serializers.IntegerField()
    low_vnd = serializers.IntegerField()
    average_vnd = serializers.IntegerField()
    estimated_match_vnd = serializers.IntegerField()
    bids = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    asks = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    session = serializers.CharField()
    status = serializers.CharField()
    foreign_room_left = serializers.IntegerField()
    foreign_bought_quantity = serializers.IntegerField()
    foreign_sold_quantity = serializers.IntegerField()
    ts_exchange_ms = serializers.IntegerField()
    ts_received_ns = serializers.IntegerField()


class QuoteAnswerOut(QuoteOut):
    """A quote, and whether the stream that tells quotes is heard: the same in every row of an answer."""

    stream_state = serializers.ChoiceField(
        choices=list(StreamState), help_text="Prices may be old unless it is connected."
    )
    stream_age_ms = serializers.IntegerField(allow_null=True, help_text="Since the market was heard; null: never.")


class BarOut(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    open_vnd = serializers.IntegerField()
    high_vnd = serializers.IntegerField()
    low_vnd = serializers.IntegerField()
    close_vnd = serializers.IntegerField()
    volume = serializers.IntegerField()
    value_vnd = serializers.IntegerField()
    trade_count = serializers.IntegerField()


class QuotesQuery(StrictSerializer):
    symbols = serializers.CharField(required=False, help_text="Comma separated; all active securities if left out.")

    def validated_symbols(self) -> list[str]:
        given = self.validated_data.get("symbols", "")
        symbols = [symbol.strip().upper() for symbol in given.split(",") if symbol.strip()]
        if len(symbols) > SYMBOLS_MAX:
            raise serializers.ValidationError({"symbols": [f"At most {SYMBOLS_MAX} symbols."]})
        return symbols


class BarsQuery(StrictSerializer):
    since = serializers.DateTimeField(required=False, help_text="Bars that began at or after this moment.")
    until = serializers.DateTimeField(required=False, help_text="Bars that began before this moment.")
    limit = serializers.IntegerField(default=500, min_value=1, max_value=5_000)
    resolution = serializers.ChoiceField(choices=list(Resolution), default=Resolution.MINUTE.value)
    prices = serializers.ChoiceField(
        choices=["raw", "adjusted"], default="raw", help_text="Adjusted for rights that came off, as of today."
    )
    cursor = serializers.RegexField(
        r"^\d{1,15}$", required=False, help_text="From the Link of a page; it takes the place of `until`."
    )

    def series(self) -> dict[str, Any]:
        """What `bar_series` is asked for."""
        asked = dict(self.validated_data)
        cursor = asked.pop("cursor", "")
        if cursor:
            asked["until"] = datetime.fromtimestamp(int(cursor) / 1_000, tz=UTC)
        asked["is_adjusted"] = asked.pop("prices") == "adjusted"
        return asked | {"resolution": Resolution(asked["resolution"])}

    @staticmethod
    def cursor_before(starts_at: datetime) -> str:
        """Of the bars before the one that began then."""
        return str(round(starts_at.timestamp() * 1_000))
