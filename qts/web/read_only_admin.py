"""Admin pages to look at: what they show is changed by services alone."""

from django.http import HttpRequest
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
    show_full_result_count = False
