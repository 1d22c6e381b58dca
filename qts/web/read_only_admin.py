"""Admin pages to look at: what they show is changed by services alone."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.urls import reverse
from unfold.admin import ModelAdmin


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

    def view_on_site(self, row: Any) -> str | None:
        return reverse(self.portal_page, args=[row.pk]) if self.portal_page else None
