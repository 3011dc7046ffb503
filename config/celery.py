"""The Celery application: tasks carry ids only; rows are the queue (see accounts/workspaces/queue.py)."""

import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("auditline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


def log_as_the_web_does(**kwargs: object) -> None:
    """Keep Celery from replacing the handlers, so that workers and beat write the same lines with task ids."""
    logging.config.dictConfig(settings.LOGGING)


setup_logging.connect(log_as_the_web_does)


app.conf.beat_schedule = {
    "drive": {"task": "auditline.drive", "schedule": 15.0, "options": {"expires": 15}},
    "schedules": {"task": "auditline.schedules", "schedule": 15.0, "options": {"expires": 15}},
    "evaluate-all": {"task": "auditline.evaluate_all", "schedule": crontab(hour="2", minute="30")},
    "retain": {"task": "auditline.retain", "schedule": crontab(hour="3", minute="30")},
    "pull": {"task": "auditline.pull", "schedule": 60.0, "options": {"expires": 60}},
    "expire": {"task": "auditline.expire", "schedule": 60.0, "options": {"expires": 60}},
    "partitions": {"task": "auditline.partitions", "schedule": crontab(hour="1", minute="0")},
}
