"""A date passes, nothing is sent, and the verdict flips by itself."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.workspaces.models import Work
from accounts.workspaces.queue import drive
from tests.support.cast import Cast
from tests.support.worker import eventually, running_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KEY = "svc-etl"
LIMIT_DAYS = 90  # SEC-03: greatest age of a machine's key


def test_a_key_grows_too_old_without_anybody_sending_anything(cast: Cast, tmp_path: Path) -> None:
    pipeline, officer = cast.api["pipeline"], cast.api["officer"]
    with running_worker(tmp_path / "worker.log"):
        # A machine's key that turns 91 days old in a few seconds; it was used today.
        flips_at = timezone.now() + datetime.timedelta(seconds=15)
        issued = flips_at - datetime.timedelta(days=LIMIT_DAYS + 1)
        send_identity(pipeline, key_issued_at=issued, last_used_at=timezone.now())

        # Now it passes, and it is foretold when it will not.
        row = eventually(lambda: verdict(officer, "SEC-03"), what="SEC-03 judged")
        assert row["verdict"] == "pass"
        assert row["flip_to"] == "fail"
        assert abs(datetime.datetime.fromisoformat(row["flip_at"]) - flips_at) < datetime.timedelta(seconds=1)

        # The instant comes. Beat does what it does every 15 seconds; nothing else happens.
        eventually(lambda: timezone.now() > flips_at, what="the instant")
        eventually(lambda: failed_when_driven(officer), what="SEC-03 fails by itself")
        assert Work.objects.filter(stage="project").count() == 0
        assert eventually(lambda: findings(officer), what="its finding")[0]["check"] == "SEC-03"


def send_identity(client: APIClient, *, key_issued_at: datetime.datetime, last_used_at: datetime.datetime) -> None:
    attributes = {
        "subtype": "service",
        "key_at": key_issued_at.isoformat().replace("+00:00", "Z"),
        "last_used_at": last_used_at.isoformat().replace("+00:00", "Z"),
    }
    line = {"kind": "identity", "uid": KEY, "name": "ETL", "origin": "measured", "attributes": attributes}
    answer = client.post(
        "/api/v1/inventories?source=idp&mode=delta", json.dumps(line), content_type="application/x-ndjson"
    )
    assert answer.status_code in {200, 201, 202}, answer.content


def verdict(client: APIClient, check: str) -> dict[str, Any] | None:
    rows = client.get("/api/v1/verdicts", {"check": check}).json()["results"]
    return next((row for row in rows if row["uid"] == KEY), None)


def failed(client: APIClient) -> bool:
    row = verdict(client, "SEC-03")
    return row is not None and row["verdict"] == "fail"


def failed_when_driven(client: APIClient) -> bool:
    """Wake what is due, and look; what was woken before may be done by now, so that nothing is due any more."""
    drive()
    return failed(client)


def findings(client: APIClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/api/v1/findings", {"state": "open"}).json()["results"]
    return rows
