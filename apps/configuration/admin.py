"""Where an operator changes settings and credentials. Every change goes through the services."""

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from apps.configuration import services
from apps.configuration.forms import BrokerConnectionForm, SettingForm
from apps.configuration.models import BrokerConnection, SettingVersion
from qts.adapters.ssi.credentials import SecondFactor
from qts.domain.values import Actor, ActorKind


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
