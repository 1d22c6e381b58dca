from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "apps.orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from apps.orders.services.order_facts import order_facts
        from apps.orders.services.past_orders import past_orders
        from apps.orders.services.pre_open import gateway_check
        from apps.risk.selectors import PreOpenName
        from apps.risk.services import ask_for_order_facts, ask_for_past_orders, offer_pre_open_check

        ask_for_order_facts(order_facts)
        ask_for_past_orders(past_orders)
        offer_pre_open_check(PreOpenName.GATEWAY, gateway_check)
