"""Where an operator changes settings and credentials. Every change goes through the services."""

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from unfold.admin import ModelAdmin

from apps.configuration import services
from apps.configuration.forms import BrokerConnectionForm, SettingForm
from apps.configuration.models import BrokerConnection, SettingVersion
from qts.adapters.ssi.credentials import SecondFactor
from qts.domain.values import Actor, ActorKind
from qts.web.read_only_admin import ReadOnlyAdmin

MINUTE_S = 60

# What runs regularly is code (CELERY_BEAT_SCHEDULE): it is looked at and paused here, not written.
for schedule in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    if admin.site.is_registered(schedule):
        admin.site.unregister(schedule)


def _actor(request: HttpRequest) -> Actor:
    return Actor(ActorKind.USER, str(request.user.pk))


@admin.register(BrokerConnection)
class BrokerConnectionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    form = BrokerConnectionForm
    list_display = ["name", "consumer_id", "second_factor", "is_active", "changed_at"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # accounts and orders remember it: switch it off instead

    def save_model(
        self, request: HttpRequest, obj: BrokerConnection, form: "ModelForm[BrokerConnection]", change: bool
    ) -> None:
        given = form.cleaned_data
        obj.id = services.store_connection(
            name=obj.name,
            consumer_id=given["consumer_id"],
            consumer_secret=given["new_consumer_secret"],
            private_key=given["new_private_key"],
            pin=given["new_pin"],
            second_factor=SecondFactor(given["second_factor"]),
            is_active=given["is_active"],
            actor=_actor(request),
            now=timezone.now(),
        )


@admin.register(SettingVersion)
class SettingVersionAdmin(ModelAdmin):  # type: ignore[misc]
    """A change is a new row: there is an add form and nothing to edit."""

    form = SettingForm
    list_display = ["name", "version", "value", "reason", "changed_by", "changed_at"]
    list_filter = ["name"]
    search_fields = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: SettingVersion, form: "ModelForm[SettingVersion]", change: bool
    ) -> None:
        version = services.set_setting(
            name=obj.name, value=obj.value, reason=obj.reason, actor=_actor(request), now=timezone.now()
        )
        obj.pk = SettingVersion.objects.get(name=obj.name, version=version).pk


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ReadOnlyAdmin):
    list_display = ["name", "enabled", "schedule", "queue", "last_run_at", "total_run_count"]
    list_filter = ["enabled", "queue"]
    list_select_related = ["interval", "crontab"]
    search_fields = ["name", "task"]
    fields = ["name", "what", "enabled", "schedule", "queue", "expire_seconds", "last_run_at", "total_run_count"]
    readonly_fields = fields
    actions = ["pause", "resume"]

    @admin.display(description=_("task"))
    def what(self, task: PeriodicTask) -> str:
        return str(task.task)

    @admin.display(description=_("schedule"))
    def schedule(self, task: PeriodicTask) -> str:
        if task.interval is not None:
            seconds = round(task.interval.schedule.run_every.total_seconds())
            if seconds % MINUTE_S == 0:
                return str(_("every %(count)s min") % {"count": seconds // MINUTE_S})
            return str(_("every %(count)s s") % {"count": seconds})
        return str(
            _("daily at %(hour)s:%(minute)s") % {"hour": task.crontab.hour, "minute": task.crontab.minute.zfill(2)}
        )

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("django_celery_beat.change_periodictask"))

    @admin.action(description=_("Pause the chosen tasks"), permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, is_on=False)

    @admin.action(description=_("Let the chosen tasks run again"), permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, is_on=True)

    def _switch(self, request: HttpRequest, chosen: QuerySet[PeriodicTask], *, is_on: bool) -> None:
        changed = list(chosen.exclude(enabled=is_on))
        chosen.update(enabled=is_on)
        PeriodicTasks.update_changed()  # beat reads its schedule again
        for task in changed:
            self.log_change(request, task, [{"changed": {"fields": ["enabled"]}}])
        self.message_user(request, _("Tasks changed: %(count)s.") % {"count": len(changed)})
