"""Admin forms. Secrets go in and never come out."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.configuration import services
from apps.configuration.models import BrokerConnection, SettingVersion
from qts.adapters.ssi.credentials import SecondFactor


class BrokerConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """On an existing connection an empty secret keeps the stored one."""

    new_consumer_secret = forms.CharField(label=capfirst(_("consumer secret")), required=False)
    new_private_key = forms.CharField(label=capfirst(_("private key")), required=False)
    new_pin = forms.CharField(label=_("PIN"), required=False)

    class Meta:
        model = BrokerConnection
        fields = ["name", "consumer_id", "second_factor", "is_active"]
        widgets = {
            "name": UnfoldAdminTextInputWidget,
            "consumer_id": UnfoldAdminTextInputWidget,
            "second_factor": UnfoldAdminSelectWidget,
            "is_active": UnfoldBooleanSwitchWidget,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        for name in ("new_consumer_secret", "new_private_key", "new_pin"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"})
            self.fields[name].required = is_new and name != "new_pin"
            self.fields[name].help_text = "" if is_new else _("Leave it empty to keep the stored one.")
        if not is_new:
            self.fields["name"].disabled = True  # the name says which connection it is

    def clean(self) -> dict[str, Any]:
        """A PIN where it is the second factor, and only there."""
        given = super().clean() or {}
        is_pin = given.get("second_factor") == SecondFactor.PIN
        stored = BrokerConnection.objects.filter(pk=self.instance.pk).first()
        if is_pin and not given.get("new_pin") and (stored is None or stored.pin is None):
            self.add_error("new_pin", _("This second factor needs the PIN."))
        if not is_pin and given.get("new_pin"):
            self.add_error("new_pin", _("A PIN is kept for the second factor PIN only."))
        return given


class SettingForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SettingVersion
        fields = ["name", "value", "reason"]
        widgets = {"name": UnfoldAdminTextInputWidget, "reason": UnfoldAdminTextInputWidget}
        help_texts = {"value": _("As JSON, for example 15 or true.")}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            services.check_setting(name=given["name"], value=given["value"], reason=given["reason"])
        return given
