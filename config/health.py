"""Health for operators and load balancers: alive, ready, and metrics in the Prometheus text format."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.errors import error_body
from config.stack.broker import broker_answers


@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers; it looks at nothing else, so that a database outage restarts no web process."""
    return JsonResponse({"status": "alive"})


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether all is served: 200 with a migrated database and a broker, else 503; one word tells of each.

    Without a broker the doors still take events, since rows are the queue, but nothing is judged or sealed.
    """
    database = _database_state()
    broker = "ready" if broker_answers(settings.CELERY_BROKER_URL) else "unreachable"
    ready = database == broker == "ready"
    return JsonResponse({"ready": ready, "database": database, "broker": broker}, status=200 if ready else 503)


def _database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('accounts_work') IS NOT NULL")
            return "ready" if cursor.fetchone()[0] else "unmigrated"
    except DatabaseError:
        return "unreachable"


class WaitingWork(Collector):
    """Work that waits, by stage: how many rows and how old the oldest due one is."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Name the families without asking the database (called at import)."""
        return [
            GaugeMetricFamily("auditline_work_waiting", "Rows that wait for a stage", labels=["stage"]),
            GaugeMetricFamily("auditline_work_oldest_seconds", "Age of the oldest due row", labels=["stage"]),
        ]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the work table (it holds ids only and is not under row security)."""
        rows, ages = self.describe()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT stage, count(*), "
                "coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE due_at <= now())), 0) "
                "FROM accounts_work GROUP BY stage ORDER BY stage"
            )
            for stage, count, age in cursor.fetchall():
                rows.add_metric([stage], count)
                ages.add_metric([stage], float(age))
        yield rows
        yield ages


REGISTRY.register(WaitingWork())


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics; where METRICS_TOKEN is set, to its bearer alone."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        message = "Metrics need `Authorization: Bearer <METRICS_TOKEN>`."
        return JsonResponse(error_body("not_authenticated", message), status=401)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
