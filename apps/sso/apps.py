from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class SsoConfig(AppConfig):
    name = "apps.sso"
    verbose_name = _("Users and access")
    default = True


class OtpAdminConfig(admin_apps.AdminConfig):
    """Makes `admin.site` the one that asks for a verified session."""

    default_site = "apps.sso.views.admin_site.OtpAdminSite"
    default = False


class LogInAttemptsConfig(AxesConfig):  # type: ignore[misc]  # axes ships no types
    verbose_name = _("Log-in attempts")
    default = False
