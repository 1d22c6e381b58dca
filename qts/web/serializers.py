"""Input is strict: a field nobody knows is a mistake, and so is a number that is not whole."""

from typing import Any

from rest_framework import serializers


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; text, 1.0 and true are refused instead of being converted."""

    default_error_messages = {"not_whole": "Give a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("not_whole")
        return int(super().to_internal_value(data))


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields by name."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError({name: ["Unknown field."] for name in sorted(unknown)})
        return super().to_internal_value(data)
