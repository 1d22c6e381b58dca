"""Admin forms of users."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.sso.models import Role, User
from apps.sso.selectors import ROLE_LABELS, roles_of

__all__ = ["AdminPasswordChangeForm", "NewUserForm", "UserForm"]


def _role_choices() -> list[tuple[str, str]]:
    return [(role.value, str(ROLE_LABELS[role])) for role in Role]


class _RolesMixin(forms.ModelForm):  # type: ignore[type-arg]
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=_role_choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def clean_roles(self) -> list[Role]:
        return [Role(name) for name in self.cleaned_data["roles"]]


class NewUserForm(_RolesMixin, UserCreationForm):  # type: ignore[misc]  # unfold ships no types
    class Meta:
        model = User
        fields = ["username"]


class UserForm(_RolesMixin, UserChangeForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].initial = sorted(roles_of(self.instance))
