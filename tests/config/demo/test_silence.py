"""Whatever the hour at which the estate is loaded, and for a day after, exactly those are silent who fell silent."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accounts.workspaces.isolation import in_workspace
from config.demo.chance import full_hour
from config.demo.doors import Delivery, InProcess
from config.demo.generate import generate
from config.demo.load import BATCH, deliveries, event_batches
from config.demo.logins import demo_workspace, ensure_logins
from lineage.graph.project import project
from lineage.inventory.queries import silent_sources

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FELL_SILENT = {"edge-fleet-sg", "notebook-lab"}
"""The collector of Singapore's branches, five weeks ago, and the notebooks' scheduler (notebook-lineage-silent)."""


def bare(line: str) -> str:
    """Return an event without its data sets: who spoke, and when, is all that silence is about."""
    return json.dumps(json.loads(line) | {"inputs": [], "outputs": []})


def beginning(delivery: Delivery) -> Delivery:
    """Return an inventory with its manifest, or header, and one row."""
    lines = delivery.body.splitlines(keepends=True)
    return Delivery(b"".join(lines[:2]), delivery.source, delivery.format, delivery.mode, delivery.kind)


@pytest.mark.parametrize("clock", ["00:00", "08:20", "12:59", "23:59"])
def test_only_the_seeded_sources_are_silent_at_any_hour_of_loading_and_a_day_later(clock: str, tmp_path: Path) -> None:
    loaded_at = datetime.fromisoformat(f"2025-06-02T{clock}").replace(tzinfo=UTC)
    manifest = generate(tmp_path, anchor=full_hour(loaded_at))
    workspace = demo_workspace("demo")
    doors = InProcess(ensure_logins(workspace, tmp_path))
    for delivery in deliveries(tmp_path, manifest):
        doors.send_inventory(beginning(delivery))
    lines = [bare(line) for batch in event_batches(tmp_path, manifest) for line in batch]
    for start in range(0, len(lines), BATCH):
        doors.send_events(lines[start : start + BATCH])
    project(workspace.pk)
    with in_workspace(workspace.pk):
        for hours in (0, 6, 12, 24, 30):
            now = loaded_at + timedelta(hours=hours)
            assert {source.name for source in silent_sources(now)} == FELL_SILENT, f"{hours} hours after loading"
