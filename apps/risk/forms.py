"""The officer's form: a number, whether it binds, and why."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.selectors import account
from apps.marketdata.selectors import security
from apps.risk.models import KillSwitch, RiskLimit
from apps.risk.selectors import is_scope

Scope = RiskLimit.Scope


class RiskLimitForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes no parameters at run time
    """`seen_version` goes out and comes back: who saves over somebody else's change is told."""

    reason = forms.CharField(label=_("reason"), max_length=500, min_length=5, widget=forms.Textarea(attrs={"rows": 2}))
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = RiskLimit
        fields = ("code", "scope", "scope_id", "limit", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.version or 0
        self.fields["limit"].widget.attrs["min"] = 0

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        scope, scope_id = given.get("scope"), given.get("scope_id")
        if scope and scope_id and not _exists(scope, scope_id):
            self.add_error("scope_id", _("There is no such account, symbol or strategy."))
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
        return scope

    def validate_unique(self) -> None:
        """Nothing is inserted by this form: the service finds the switch by its name."""


def _is_set(code: str, scope: str, scope_id: str) -> bool:
    return RiskLimit.objects.filter(code=code, scope=scope, scope_id=scope_id, is_current=True).exists()


def _exists(scope: str, scope_id: str) -> bool:
    """Of strategies only the form of the id is known here; they are above this app."""
    if scope == Scope.SYMBOL:
        return security(scope_id) is not None
    try:
        found = UUID(scope_id)
    except ValueError:
        return False
    return scope == Scope.STRATEGY or (scope == Scope.ACCOUNT and account(found) is not None)
