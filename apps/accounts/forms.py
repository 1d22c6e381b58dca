"""What administrators may enter in the admin site."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FutureSettlement
from apps.accounts.services import settlement_problem
from apps.marketdata.selectors import market_now, market_today


class DatedForm(forms.ModelForm):  # type: ignore[type-arg]  # of several models
    def clean_valid_from(self) -> date:
        """Interest of nights that are over has been worked out with what held then."""
        day: date = self.cleaned_data["valid_from"]
        if day < market_today():
            raise forms.ValidationError(_("Terms hold from today on, or from a later day."))
        return day


class SettlementPriceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = FutureSettlement
        fields = ("symbol", "trading_day", "price_vnd", "source")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            told = (found["symbol"], found["trading_day"], found["price_vnd"], found["source"])
            if problem := settlement_problem(*told, market_now()):
                raise forms.ValidationError(problem)
        return found
