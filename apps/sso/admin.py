"""Users and their roles. Second factors are removed here when a phone is lost; nobody reads one."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.admin import AccessAttemptAdmin, AccessFailureLogAdmin, AccessLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.sso import services
from apps.sso.forms import AdminPasswordChangeForm, NewUserForm, UserForm
from apps.sso.models import User
from apps.sso.selectors import actor_of
from qts.web.words import ROLES, word

# Roles are code: their groups are not edited; allauth's pages of authenticators and sessions would show what opens
# doors; and QTS sends no mail, so addresses that allauth would verify mean nothing.
# Log-in attempts come again below, in the admin's own dress.
for registered in (Group, Authenticator, EmailAddress, UserSession, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(registered):
        admin.site.unregister(registered)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # unfold ships no types
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "role_names", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "roles", "is_active"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["username", "password1", "password2", "roles"]})]
    actions = ["remove_second_factor"]

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(word(ROLES, group.name) for group in user.groups.all()))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # the event log names users by number: switch them off instead

    def save_related(self, request: HttpRequest, form: "ModelForm[User]", formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.assign_roles(form.instance, form.cleaned_data["roles"], by=actor_of(request.user))

    @admin.action(description=_("Remove the second factor (lost phone)"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, chosen: Any) -> None:
        for user in chosen:
            services.remove_factors(user, by=actor_of(request.user))
        self.message_user(request, _("At the next log-in they set up a new authenticator app."))


@admin.register(AccessAttempt)
class AttemptAdmin(AccessAttemptAdmin, ModelAdmin):  # type: ignore[misc]
    """Deleting an attempt lets somebody in again who was locked out."""

    @admin.display(description=_("state"))
    def status(self, attempt: AccessAttempt) -> str:
        return str(super().status(attempt))


@admin.register(AccessFailureLog)
class FailureAdmin(AccessFailureLogAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(AccessLog)
class LogInAdmin(AccessLogAdmin, ModelAdmin):  # type: ignore[misc]
    pass
