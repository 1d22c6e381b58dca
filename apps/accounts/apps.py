from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from apps.accounts.services.alerts import accounts_to_hear_of
        from apps.notifications.services import ask_for_accounts

        ask_for_accounts(accounts_to_hear_of)
