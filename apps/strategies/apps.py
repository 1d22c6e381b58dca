from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategiesConfig(AppConfig):
    name = "apps.strategies"
    label = "strategies"
    verbose_name = _("Strategies")

    def ready(self) -> None:
        from apps.risk.selectors import PreOpenName
        from apps.risk.services import offer_pre_open_check
        from apps.strategies.services.pre_open import strategies_check

        offer_pre_open_check(PreOpenName.STRATEGIES, strategies_check)
