"""What the shipped kinds lack is declared, and used at once: sent by its template, filtered, judged, asked for.

No process is started anew on the way, and another workspace sees nothing of it.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.models import Asset
from policies.checklists.compile import compile_checklist
from policies.checklists.queries import Ready
from policies.checklists.read import parse_checklist
from policies.evaluation.subjects import checks_by_kind, load_subjects
from policies.rules.judge import judge
from tests.policies.checklists.test_declared import PLANT
from tests.support.cast import Cast
from tests.support.declared import PUMP, TIER, declare

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = [
    {"uid": "strong", "flow_litres": "12.5", "redundant": "true", "rel:cools": "storage:lake"},
    {"uid": "weak", "flow_litres": "2.5", "redundant": "false", "rel:cools": "storage:lake"},
    {"uid": "unknown", "redundant": "false", "rel:cools": "storage:lake"},
]


def test_a_kind_of_ones_own_goes_all_the_way(cast: Cast) -> None:
    # Two persons declare an attribute of a shipped kind, and a kind with a relation to it.
    declare(cast, {"kind": "storage", "attributes": [TIER]})
    declare(cast, PUMP)

    # Both go in by their templates.
    send_by_template(cast, "storage", [{"uid": "lake", "data_tier": "gold"}, {"uid": "attic", "data_tier": "bronze"}])
    send_by_template(cast, "pump", ROWS)
    run_due(cast.workspace.pk)

    # The list is filtered by them, by the API and on the page.
    assert listed(cast, "kind=storage&attr.data_tier=gold") == ["lake"]
    assert listed(cast, "kind=pump&attr.flow_litres__gte=10") == ["strong"]
    page = cast.page(cast.auditor).get("/w/ours/assets/?kind=pump&where=flow_litres%3E%3D10").content.decode()
    assert "strong" in page
    assert "weak" not in page

    # A check reads them: the attribute through the relation, the kind's own by their types.
    assert dict(verdicts(cast)) == {"strong": "pass", "weak": "fail", "unknown": "unknown"}

    # A question names them.
    asked = ask(cast, '/assets kind:pump where:"flow_litres<=10"')
    assert (asked["grounded"], asked["total"]) == (True, 1)
    assert ask(cast, "/assets kind:storage where:data_tier=bronze")["total"] == 1
    refused = ask(cast, "/assets kind:pump where:colour=red")
    assert not refused["grounded"]
    assert "attribute of pump" in refused["sentence"]

    # Elsewhere there is none of it.
    answer = cast.api["outsider"].get("/api/v1/assets?kind=pump")
    assert answer.json()["error"]["code"] == "bad_parameter"
    outside = cast.api["outsider"].post("/api/v1/questions", {"text": "/assets kind:pump"}, "json").json()
    assert not outside["grounded"]


def send_by_template(cast: Cast, kind: str, rows: list[dict[str, str]]) -> None:
    pipeline = cast.api["pipeline"]
    header = pipeline.get(f"/api/v1/inventories/template?kind={kind}").content.decode().strip()
    lines = [",".join(row.get(column, "") for column in header.split(",")) for row in rows]
    assert all(set(row) <= set(header.split(",")) for row in rows)
    body = "\n".join([header, *lines])
    answer = pipeline.post(f"/api/v1/inventories?source=plant-{kind}&kind={kind}", body, content_type="text/csv")
    assert (answer.status_code, answer.json()["rejected"]) == (201, []), answer.content


def listed(cast: Cast, query: str) -> list[str]:
    answer = cast.api["auditor"].get(f"/api/v1/assets?{query}")
    assert answer.status_code == 200, answer.content
    return [row["uid"] for row in answer.json()["results"]]


def ask(cast: Cast, text: str) -> dict[str, Any]:
    answer = cast.api["auditor"].post("/api/v1/questions", {"text": text}, "json")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def verdicts(cast: Cast) -> Iterator[tuple[str, str]]:
    """Judge the pumps as the stage does, by a checklist that reads what was declared."""
    with in_workspace(cast.workspace.pk):
        checklist = parse_checklist(PLANT.encode(), "plant.yaml")
        compiled = dict(compile_checklist(checklist))
        judged = checks_by_kind({"PMP": Ready(checklist, compiled, {name: [] for name in compiled})})
        loaded = load_subjects(Asset.objects.filter(kind="pump").order_by("uid"), judged)
        assert {type(each.asset.pk) for each in loaded} == {uuid.UUID}
        for each in loaded:
            verdict = judge(compiled["PMP-01"], each.subject, timezone.now())
            yield each.asset.uid, verdict.code.name.lower()
