"""Writes over REST, so that each is done once."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiRequest(models.Model):
    """One write under its user's key: being worked on until it has its answer, which a repetition is given again."""

    id = models.BigAutoField(primary_key=True)
    user_id = models.CharField(_("user"), max_length=64)
    key = models.CharField(_("key"), max_length=64)
    body_hash = models.CharField(_("hash of the request"), max_length=64)
    began_at = models.DateTimeField(_("began"))  # wall clock
    # PostgreSQL's process for the connection of who works on it; it ends with that one's process
    backend_pid = models.PositiveIntegerField(_("process of the database"), default=0)
    status_code = models.PositiveSmallIntegerField(_("status of the answer"), null=True)
    answer = models.JSONField(_("answer"), null=True)

    class Meta:
        verbose_name = _("write over REST")
        verbose_name_plural = _("writes over REST")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="orders_api_request_once")]
        indexes = [models.Index(fields=["began_at"], name="orders_api_requests_by_time")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key} {self.status_code or 'running'}"
