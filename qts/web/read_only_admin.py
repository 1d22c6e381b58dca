"""Admin pages to look at: what they show is changed by services alone."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import IntegerField, Model
from django.http import HttpRequest
from django.urls import reverse
from unfold.admin import ModelAdmin

LONG_NUMBERS = ("_vnd", "quantity", "volume", "shares", "_count", "limit", "_bytes")


@cache
def in_thousands(model: type[Model], name: str) -> str | Callable[[Any], str | None]:
    """The column itself, or what shows its number with commas as all pages do."""
    try:
        column = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    if not isinstance(column, IntegerField) or not name.endswith(LONG_NUMBERS):
        return name

    @admin.display(description=column.verbose_name, ordering=name, empty_value="–")
    def shown(row: Any) -> str | None:
        number = getattr(row, name)
        return None if number is None else f"{number:,}"

    shown.__name__ = name
    return shown


class ReadOnly:
    """Mixed into an admin page or an inline."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """`portal_page` names the portal's page of a row, by its key."""

    show_full_result_count = False
    portal_page: ClassVar[str] = ""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [in_thousands(self.model, name) for name in super().get_list_display(request)]

    def view_on_site(self, row: Any) -> str | None:
        return reverse(self.portal_page, args=[row.pk]) if self.portal_page else None
