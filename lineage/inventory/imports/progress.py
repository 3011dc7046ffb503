"""Note what became of the parts of an import as they are projected, and tell when it is the last of them."""

import uuid
from collections.abc import Collection, Mapping

from django.utils import timezone

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.imports.models import Import, ImportPart


def lock_import(parameters: Mapping[str, str]) -> Import | None:
    """Return the import that an event is a part of, locked until the transaction ends; None where it is of none."""
    if "import" not in parameters:
        return None
    rows = Import.objects.select_for_update().filter(workspace_id=current_workspace(), pk=parameters["import"])
    return rows.first()


def note_part(row: Import, event: uuid.UUID, named: Collection[uuid.UUID]) -> bool:
    """Note that a part was projected, and which assets it names; return whether it was the last one."""
    ImportPart.objects.create(
        workspace_id=row.workspace_id, of_import=row, event=event, named=list(named) if row.retires else []
    )
    row.projected += 1
    return row.projected == row.parts


def note_counts(row: Import, *, created: int, changed: int, unchanged: int, retired: int) -> None:
    """Add what a part did to the import; it is done with the last part."""
    row.created += created
    row.changed += changed
    row.unchanged += unchanged
    row.retired += retired
    if row.projected == row.parts:
        row.state, row.finished_at = Import.State.DONE, timezone.now()
        # Which assets were named has done its service, and is large.
        ImportPart.objects.filter(workspace_id=row.workspace_id, of_import=row).update(named=[])
    row.save()
