from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EventlogConfig(AppConfig):
    name = "apps.eventlog"
    verbose_name = _("Event log")

    def ready(self) -> None:
        autodiscover_modules("handlers")
