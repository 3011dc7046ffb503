"""The product and the independent reading of the raw files agree: on what exists, and on every verdict."""

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter
from audit.pipeline import run_due
from config.demo.doors import InProcess
from config.demo.load import due_work, load, wanted_state
from config.demo.logins import demo_workspace, ensure_logins
from lineage.inventory.models import Asset, RejectedRow
from lineage.inventory.queries import silent_sources
from policies.evaluation.minimum import subject_counts
from policies.evaluation.queries import current_verdicts
from policies.rules.verdicts import Code
from tests.config.demo.estate_lineage import lineage_verdicts
from tests.config.demo.recount import recount

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_loaded_estate_has_the_counts_and_verdicts_of_the_raw_files(tmp_path: Path) -> None:
    workspace = demo_workspace("demo")
    wanted = wanted_state(workspace, None, seed=7, scale=0.16, anchor=None)
    doors = InProcess(ensure_logins(workspace, tmp_path))
    manifest = load(tmp_path, workspace, wanted, doors, lambda line: None)
    run_due(workspace.pk)
    assert due_work(workspace) == 0
    counted = recount(tmp_path / "demo" / workspace.slug)
    with in_workspace(workspace.pk):
        assert not DeadLetter.objects.exists()
        assert not RejectedRow.objects.exists()
        assert dict(sorted(Counter(Asset.objects.values_list("kind", flat=True)).items())) == counted["assets"]
        found = {
            (row.check_id, row.asset.kind, row.asset.uid): word
            for word in ("fail", "unknown", "error")
            for row in current_verdicts(verdict=word).select_related("asset")
        }
        assert {each.check.id: each.counted for each in subject_counts()} == counted["subjects"]
        silent = {source.name for source in silent_sources(timezone.now())}
        carried = current_verdicts(kind="organisation").values_list("check_id", "asset__uid", "code")
        assert sorted(carried) == [(check, "veldspar-ch", Code.PASS) for check in sorted(counted["subjects"])]
    expected = {
        (row.check, row.kind, row.uid): row.expected
        for row in manifest.expected
        if row.check.split("-")[0] in ("SOV", "SEC", "SKL") and row.flips_in_days is None
    }
    folder = tmp_path / "demo" / workspace.slug
    # No run of the estate says how much it reads. Of one dataset nobody knows whether it is in production.
    with in_workspace(workspace.pk):
        asked = Asset.objects.filter(kind="dataset", environment__in=("prod", ""), state=Asset.State.REPORTED)
        expected |= {("SOV-14", "dataset", uid): "unknown" for uid in asked.values_list("uid", flat=True)}
    assert found == expected | lineage_verdicts(folder, timezone.now(), silent)
