"""Whoever waits for an export sees that it moves: its state and the rows that were written so far."""

from pathlib import Path

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.evidence.seal import seal_statements
from audit.exports import bundle
from audit.exports.make_export import make_exports, request_export
from audit.exports.models import Export
from audit.exports.progress import note_progress
from tests.support.cast import Cast


@pytest.mark.django_db(transaction=True)
def test_the_writer_tells_of_rows_and_parts_and_never_goes_back(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "TOLD_EVERY", 1)
    seal_statements(cast.workspace.pk)
    told: list[tuple[int, int]] = []
    made = bundle.write_bundle(cast.workspace, tmp_path / "b.zip", lambda percent, rows: told.append((percent, rows)))
    assert told == sorted(told)
    assert told[-1][0] == 90
    assert told[-1][1] >= 2 * made.ledger_size > 0, "each entry and its statement"


@pytest.mark.django_db(transaction=True)
def test_the_page_and_the_api_show_a_running_export_and_forget_it_when_made(cast: Cast) -> None:
    page, home = cast.page(cast.officer), f"/w/{cast.workspace.slug}/exports/"
    with in_workspace(cast.workspace.pk):
        export = request_export(actor="command")
    assert "Waits for a worker" in page.get(home).content.decode()
    with in_workspace(cast.workspace.pk):
        Export.objects.filter(pk=export.pk).update(state=Export.State.RUNNING)
    note_progress(export.pk, 40, 12_345)
    shown = page.get(home).content.decode()
    assert "12,345 rows written so far" in shown
    assert f'hx-get="{home}?progress=1"' in shown
    row = cast.api["auditor"].get(f"/api/v1/exports/{export.pk}").json()
    assert (row["state"], row["progress"], row["rows"]) == ("running", 40, 12_345)
    make_exports(cast.workspace.pk)
    row = cast.api["auditor"].get(f"/api/v1/exports/{export.pk}").json()
    assert (row["state"], row["progress"], row["rows"]) == ("ready", 100, None)
    assert "written so far" not in page.get(home).content.decode()
    ended = page.get(f"{home}?progress=1")
    assert "hx-get" not in ended.content.decode()
    assert ended["HX-Refresh"] == "true", "the page still says that an export is in the making"
