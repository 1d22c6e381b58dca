"""The Celery application: workers of the queues stream, signals, trading, quant and default."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.demo")

app = Celery("qts")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
