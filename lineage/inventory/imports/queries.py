"""Read imports."""

import datetime
import uuid

from django.db.models import Exists, OuterRef

from accounts.paging import Page, page_of
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.imports.models import Import, ImportPart
from lineage.inventory.models import ImportResult

SILENT = datetime.timedelta(minutes=10)
"""Without a sign of life for so long, whoever read a file is gone."""
ENDED = "The process that read the file ended. Nothing of it was kept; send it again."


def list_imports(after: str | None, limit: int, *, source: str = "", state: str = "") -> Page[Import]:
    """Return a page of imports, the newest first. One query."""
    rows = Import.objects.filter(workspace_id=current_workspace())
    if source:
        rows = rows.filter(source=source)
    if state:
        rows = rows.filter(state=state)
    return page_of(rows, ["-id"], after, limit, scope="imports")


def find_import(import_id: uuid.UUID) -> Import | None:
    """Return an import of the entered workspace."""
    return Import.objects.filter(workspace_id=current_workspace(), pk=import_id).first()


def events_of_import(import_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the events of the parts that were projected, in their order."""
    parts = ImportPart.objects.filter(workspace_id=current_workspace(), of_import=import_id)
    return list(parts.order_by("event").values_list("event", flat=True))


def recent_results(limit: int) -> list[ImportResult]:
    """Return what became of the latest files that are no parts of an import, the newest first."""
    parts = ImportPart.objects.filter(workspace_id=OuterRef("workspace_id"), event=OuterRef("event"))
    rows = ImportResult.objects.filter(~Exists(parts), workspace_id=current_workspace())
    return list(rows.select_related("source").order_by("-id")[:limit])


def state_at(row: Import, now: datetime.datetime) -> tuple[str, str]:
    """Return the state and the error of an import; one that nobody reads any more has failed."""
    if row.state == Import.State.JUDGING and now - row.touched_at > SILENT:
        return Import.State.FAILED.value, ENDED
    return row.state, row.error
