"""What people want to be told of, where to, and what was told. Times are of the wall clock: they are about people."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AlertKind(models.TextChoices):
    PRICE_ABOVE = "PRICE_ABOVE", _("price rises to")
    PRICE_BELOW = "PRICE_BELOW", _("price falls to")
    CHANGE_ABOVE = "CHANGE_ABOVE", _("change since the reference at least")
    CHANGE_BELOW = "CHANGE_BELOW", _("change since the reference at most")
    INDICATOR_ABOVE = "INDICATOR_ABOVE", _("indicator rises to")
    INDICATOR_BELOW = "INDICATOR_BELOW", _("indicator falls to")
    NEWS = "NEWS", _("news sentiment")
    SIGNAL = "SIGNAL", _("prediction")
    FILL = "FILL", _("own order filled")
    RISK = "RISK", _("risk: limits, stops, margin")
    STREAM = "STREAM", _("health of streams and workers")
    TEST = "TEST", _("test")


class Channel(models.Model):
    """A way out of the page. What opens it (address, token, key) is sealed; `shown` is what people see of it."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WEBHOOK = "webhook", _("webhook")
        CHAT = "chat", _("chat (Telegram)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=60)
    shown = models.CharField(_("address"), max_length=120)
    sealed_target = models.TextField(_("sealed address"))
    sealed_secret = models.TextField(_("sealed secret"), blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)  # Vietnam's time
    quiet_to = models.TimeField(_("quiet to"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="notifications_channel_name_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class AlertRule(models.Model):
    """One condition of one person. `threshold` is VND for prices, basis points for changes, thousandths for indicators
    and percent of certainty for news and predictions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=AlertKind.choices)
    symbol = models.CharField(_("symbol"), max_length=20, blank=True)
    indicator = models.CharField(_("indicator"), max_length=60, blank=True)
    threshold = models.BigIntegerField(_("threshold"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=5)
    cooldown_s = models.PositiveIntegerField(_("quiet after an alert, seconds"), default=300)
    rearms = models.BooleanField(_("again and again"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    was_met = models.BooleanField(_("was met before"), null=True)  # the level at the last look; None: not looked at yet
    last_fired_at = models.DateTimeField(_("last fired at"), null=True)
    created_at = models.DateTimeField(_("created at"))
    channels = models.ManyToManyField(Channel, related_name="rules", blank=True, verbose_name=_("channels"))

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.threshold}"


class Alert(models.Model):
    """What was told. One event makes one alert of a rule, however often the bus brings it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    rule = models.ForeignKey(
        AlertRule, on_delete=models.SET_NULL, null=True, related_name="alerts", verbose_name=_("alert rule")
    )
    event_key = models.CharField(_("event"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=AlertKind.choices)
    symbol = models.CharField(_("symbol"), max_length=20, blank=True)
    facts = models.JSONField(_("facts"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    fired_at = models.DateTimeField(_("fired at"))
    read_at = models.DateTimeField(_("read at"), null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-fired_at", "id"]
        indexes = [
            models.Index(fields=["user", "-fired_at"], name="notifications_alert_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notifications_alert_unread"),
        ]
        constraints = [models.UniqueConstraint(fields=["rule", "event_key"], name="notifications_alert_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol} {self.fired_at:%Y-%m-%d %H:%M:%S}"


class Delivery(models.Model):
    """One alert on its way out by one channel."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("waits")
        SENT = "SENT", _("sent")
        FAILED = "FAILED", _("given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("alert"))
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("channel"))
    language = models.CharField(_("language"), max_length=5)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next try"))
    trouble = models.CharField(_("trouble"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-next_at"]
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state="WAITING"), name="notifications_delivery_due")
        ]
        constraints = [models.UniqueConstraint(fields=["alert", "channel"], name="notifications_delivery_once")]

    def __str__(self) -> str:
        return f"{self.state} after {self.attempts}"
