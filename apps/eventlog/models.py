"""One append-only table: audit trail, outbox and event history. The trigger in the first migration guards it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class EventRecord(models.Model):
    """One state change, written in the transaction that made it. Only `published_at` ever changes, once."""

    id = models.BigAutoField(_("number"), primary_key=True)
    topic = models.CharField(_("topic"), max_length=100)
    key = models.CharField(_("key"), max_length=200)
    body = models.JSONField(_("event"))
    actor_kind = models.CharField(_("actor kind"), max_length=16)
    actor_id = models.CharField(_("actor"), max_length=100)
    correlation_id = models.CharField(_("correlation id"), max_length=100, blank=True)
    # of the request that led to it; empty for what no request did
    ip_address = models.CharField(_("address"), max_length=45, blank=True, db_default="")
    occurred_at = models.DateTimeField(_("occurred at"))  # as told by the service: market time for market matters
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())  # the wall clock of the database
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(published_at__isnull=True), name="eventlog_unpublished"),
            models.Index(fields=["key", "-id"], name="eventlog_key"),
            models.Index(fields=["topic", "-id"], name="eventlog_topic"),
            BrinIndex(fields=["recorded_at"], name="eventlog_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.topic} {self.key}"


class HandlerFailure(models.Model):
    """An event that a handler could not take in spite of retries; it waits here for an operator."""

    id = models.BigAutoField(_("number"), primary_key=True)
    handler = models.CharField(_("handler"), max_length=200)
    record_id = models.BigIntegerField(_("event number"), null=True)  # market data has none
    topic = models.CharField(_("topic"), max_length=100)
    key = models.CharField(_("key"), max_length=200)
    body = models.JSONField(_("event"))
    error = models.TextField(_("error"))
    failed_at = models.DateTimeField(_("failed at"), db_default=Now())
    resolved_at = models.DateTimeField(_("resolved at"), null=True)

    class Meta:
        verbose_name = _("handler failure")
        verbose_name_plural = _("handler failures")
        ordering = ["-id"]
        constraints = [
            # a redelivery of the same event after a crash meets this and is not counted twice
            models.UniqueConstraint(
                fields=["handler", "record_id"],
                condition=models.Q(resolved_at__isnull=True),
                name="eventlog_open_failure",
            )
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.topic} {self.key}"
