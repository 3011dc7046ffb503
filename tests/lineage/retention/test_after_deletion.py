"""Once bodies have gone, what was learnt from them stays: graph, pages, exports and proofs, old ones included."""

import uuid
from pathlib import Path

import psycopg
import pytest
from django.urls import reverse

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from audit.evidence.ledger.verify import verify_bundle
from audit.pipeline import run_due
from config.stack.embedded import Embedded
from lineage.events.models import DeletionReceipt, Event
from lineage.graph.models import Flow
from lineage.inventory.models import Asset
from lineage.retention.tasks import retain
from tests.audit.exports.bundles import export
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory
from tests.support.openlineage import dataset, new_run, post, run_event
from tests.support.retention import id_at, keep_for


def grow_old(stack: Embedded, workspace: uuid.UUID, days: int) -> None:
    """Let every event of a workspace have come so many days earlier, as superuser: nobody else could."""
    with psycopg.connect(stack.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        rows = superuser.execute(
            "SELECT id, received_at - make_interval(days => %s) FROM lineage_event WHERE workspace_id = %s ORDER BY id",
            [days, workspace],
        ).fetchall()
        for number, (old, at) in enumerate(rows):
            new = uuid.UUID(int=(id_at(at).int & ~0xFFFF) | number)
            superuser.execute("UPDATE lineage_event SET id = %s, received_at = %s WHERE id = %s", [new, at, old])
            superuser.execute("UPDATE lineage_eventreceipt SET id = %s WHERE id = %s", [new, old])
            superuser.execute("UPDATE lineage_importresult SET event = %s WHERE event = %s", [new, old])


@pytest.mark.django_db(transaction=True)
def test_graph_pages_exports_and_new_events_do_without_the_bodies(cast: Cast, stack: Embedded, tmp_path: Path) -> None:
    ours, pipeline = cast.workspace.pk, cast.api["pipeline"]
    lake, vault = dataset("customers", "s3://lake"), dataset("report", "s3://vault")
    send_inventory(pipeline, LAKE, CUSTOMERS)
    flows = [run_event(run=new_run(), inputs=[lake], outputs=[vault]) for _ in range(3)]
    post(pipeline, flows, "/api/v1/lineage/batch")
    run_due(ours)
    before = export(cast, tmp_path / "before.zip")
    grow_old(stack, ours, 400)
    with in_workspace(ours):
        keep_for(365)
        assets, lineage = set(Asset.objects.values_list("pk", "rev_changed")), Flow.objects.count()
    assert retain() == 3  # the newest batch of its source stays
    with in_workspace(ours):
        assert set(Event.objects.values_list("kind", flat=True)) == {"inventory"}
        assert set(Asset.objects.values_list("pk", "rev_changed")) == assets
        assert Flow.objects.count() == lineage > 0
        customers = Asset.objects.get(kind="dataset", name="customers").pk
        gone = DeletionReceipt.objects.values_list("pk", flat=True)[0]
    run_due(ours)
    auditor, page = cast.api["auditor"], cast.page(cast.auditor)
    assert auditor.get(f"/api/v1/raw-events/{gone}").status_code == 410
    for address in (f"assets/{customers}", f"graph/downstream?asset={customers}", "raw-events", "inventory-sources"):
        assert auditor.get(f"/api/v1/{address}").status_code == 200, address
    for name, ids in (("sources", {}), ("asset", {"asset_id": customers}), ("evidence", {}), ("overview", {})):
        assert page.get(reverse(f"web:{name}", kwargs={"slug": "ours", **ids})).status_code == 200, name
    again = post(pipeline, flows, "/api/v1/lineage/batch").json()
    assert [each["duplicate"] for each in again["receipts"]] == [True] * 3
    with in_workspace(ours):
        assert not Work.objects.filter(stage="project").exists()
    fresh = run_event(run=flows[0]["run"]["runId"], inputs=[lake], outputs=[vault], at="2026-11-01T08:00:01Z")
    assert post(pipeline, fresh).status_code == 201  # a run whose former events have gone goes on
    run_due(ours)
    after = export(cast, tmp_path / "after.zip")
    for kept in (None, before):
        report = verify_bundle(after, kept)
        assert report.ok, report.as_text()
