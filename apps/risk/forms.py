"""The officer's form: a number, whether it binds, and why."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from apps.risk.models import KillSwitch, RiskLimit
from apps.risk.selectors import is_known, is_scope, names_something


class RiskLimitForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes no parameters at run time
    """`seen_version` goes out and comes back: who saves over somebody else's change is told."""

    reason = forms.CharField(
        label=capfirst(_("reason")), max_length=500, min_length=5, widget=forms.Textarea(attrs={"rows": 2})
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    in_force_from = forms.SplitDateTimeField(
        label=capfirst(_("in force from")),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Market time; empty for at once. Only two people take a planned tightening back."),
    )

    class Meta:
        model = RiskLimit
        fields = ("code", "scope", "scope_id", "limit", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = (self.instance.version or 0) if self.instance.is_current else 0
        self.initial["reason"] = ""  # each change has its own
        if "limit" in self.fields:  # whoever may only look gets no field of the limit
            self.fields["limit"].widget.attrs["min"] = 0

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        scope, scope_id = given.get("scope"), given.get("scope_id")
        if scope and scope_id and not is_known(scope, scope_id):
            self.add_error("scope_id", _("There is none of that name."))
        if scope and self.instance.pk is None and _is_set(given.get("code", ""), scope, scope_id or ""):
            self.add_error("code", _("This limit exists already: change it in the list."))
        return given


class KillSwitchForm(forms.ModelForm):  # type: ignore[type-arg]
    """Names what to stop. A switch that was used before is stopped again, so its name may be there already."""

    class Meta:
        model = KillSwitch
        fields = ("scope", "allows_reducing", "reason")

    def clean_scope(self) -> str:
        scope = str(self.cleaned_data["scope"])
        if not is_scope(scope):
            raise forms.ValidationError(_("Write firm, account:<id>, strategy:<id>, symbol:<code> or user:<id>."))
        if not names_something(scope):
            raise forms.ValidationError(_("There is none of that name."))
        return scope

    def validate_unique(self) -> None:
        """Nothing is inserted by this form: the service finds the switch by its name."""


def _is_set(code: str, scope: str, scope_id: str) -> bool:
    return RiskLimit.objects.filter(code=code, scope=scope, scope_id=scope_id, is_current=True).exists()
