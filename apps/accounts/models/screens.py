"""What people keep for their own screens: the symbols they watch, and how a page is laid out."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Watchlist(models.Model):
    """Symbols that one person looks at together, in the order in which they were put there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=40)
    symbols = models.JSONField(_("symbols"), default=list)

    class Meta:
        verbose_name = _("watchlist")
        verbose_name_plural = _("watchlists")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="accounts_one_watchlist_of_a_name")]

    def __str__(self) -> str:
        return self.name


class ScreenLayout(models.Model):
    """How one person has laid out one screen; what stands in `choice` is that screen's business."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    screen = models.CharField(_("screen"), max_length=20)
    choice = models.JSONField(_("choice"), default=dict)

    class Meta:
        verbose_name = _("layout of a screen")
        verbose_name_plural = _("layouts of screens")
        ordering = ["owner", "screen"]
        constraints = [models.UniqueConstraint(fields=["owner", "screen"], name="accounts_one_layout_of_a_screen")]

    def __str__(self) -> str:
        return self.screen
