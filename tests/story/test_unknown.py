"""What is not known is counted as unknown, and everywhere the same: page, API, CSV, roll-up, question box, command."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.core.management import call_command

from audit.pipeline import run_due
from tests.support.cast import Cast
from tests.support.estate import judged_estate, send_inventory

pytestmark = pytest.mark.django_db(transaction=True)

HANDOVER = {
    "kind": "dataset",
    "uid": "sftp%3A%2F%2Fgateway/handover",
    "name": "handover",
    "attributes": {"environment": "prod", "residency_limited": True, "allowed_countries": ["DE"]},
}
"""In production, bound to Germany, in no storage that anybody has reported."""


def test_an_unknown_place_is_unknown_where_the_place_is_needed_and_fails_where_it_must_be_known(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], HANDOVER)
    run_due(cast.workspace.pk)
    rows = verdicts(cast)
    assert rows["SOV-04"]["verdict"] == "unknown"
    assert rows["SOV-07"]["verdict"] == "fail"


def test_every_place_gives_the_same_count_of_unknown(cast: Cast) -> None:
    judged_estate(cast)
    send_inventory(cast.api["pipeline"], HANDOVER)
    run_due(cast.workspace.pk)
    officer = cast.api["officer"]
    listed = officer.get("/api/v1/verdicts", {"verdict": "unknown", "limit": "200"}).json()["results"]
    table: Any = officer.get("/api/v1/verdicts", {"verdict": "unknown"}, headers={"accept": "text/csv"})
    posture = officer.get("/api/v1/posture").json()["families"]
    asked = officer.post("/api/v1/questions", {"text": "/verdicts verdict:unknown"}, format="json").json()
    told = io.StringIO()
    call_command("ask", "/verdicts verdict:unknown", workspace="ours", json=True, stdout=told)
    page = cast.page(cast.officer).get("/w/ours/verdicts/", {"verdict": "unknown"}).content.decode()
    shown = re.search(r"<caption[^>]*>Verdicts, [\d,]+ of ([\d,]+)<", page)
    assert shown is not None
    counts = {
        "api": len(listed),
        "csv": len(list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode())))),
        "roll-up": sum(family["total"]["verdicts"]["unknown"] for family in posture),
        "question": asked["total"],
        "command": json.loads(told.getvalue())["total"],
        "page": int(shown[1].replace(",", "")),
    }
    assert counts == dict.fromkeys(counts, counts["api"])
    assert counts["api"] > 1


def verdicts(cast: Cast) -> dict[str, dict[str, Any]]:
    rows = cast.api["officer"].get("/api/v1/verdicts", {"kind": "dataset"}).json()["results"]
    return {row["check"]: row for row in rows if row["uid"] == HANDOVER["uid"]}
