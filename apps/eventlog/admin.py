"""Reading the log, and trying again what a handler could not take."""

import structlog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.eventlog import services
from apps.eventlog.models import EventRecord, HandlerFailure
from qts.web.read_only_admin import ReadOnlyAdmin

log = structlog.get_logger(__name__)


@admin.register(EventRecord)
class EventRecordAdmin(ReadOnlyAdmin):
    list_display = ["id", "topic", "key", "actor_kind", "actor_id", "occurred_at", "published_at"]
    list_filter = ["topic", "actor_kind"]
    search_fields = ["key__exact", "actor_id__exact", "correlation_id__exact"]
    show_full_result_count = False


@admin.register(HandlerFailure)
class HandlerFailureAdmin(ReadOnlyAdmin):
    list_display = ["id", "handler", "topic", "key", "failed_at", "resolved_at", "error"]
    list_filter = ["handler", ("resolved_at", admin.EmptyFieldListFilter)]
    actions = ["try_again"]

    @admin.action(description=gettext_lazy("Call the handler again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, chosen: "QuerySet[HandlerFailure]") -> None:
        for failure in chosen.filter(resolved_at__isnull=True):
            try:
                services.retry_failure(failure.id)
            except Exception as error:
                log.exception("handler_retry_failed", failure_id=failure.id)
                text = _("%(failure)s failed again: %(error)s") % {"failure": failure, "error": error}
                self.message_user(request, text, messages.ERROR)
            else:
                self.message_user(request, _("%(failure)s is done.") % {"failure": failure}, messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("eventlog.change_handlerfailure")
