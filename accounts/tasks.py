"""Housekeeping that beat calls: wake what was missed, make the coming partitions."""

from celery import shared_task
from django.db import connection

from accounts.approvals.decide import expire
from accounts.workspaces.partitions import ensure_partitions
from accounts.workspaces.queue import drive


@shared_task(name="auditline.drive")
def drive_() -> int:
    """Wake every stage that has due work."""
    return drive()


@shared_task(name="auditline.partitions")
def partitions() -> None:
    """Make the partitions of the coming months."""
    with connection.cursor() as cursor:
        ensure_partitions(cursor)


@shared_task(name="auditline.expire")
def expire_() -> int:
    """Close the governed acts that nobody decided in time."""
    return expire()
