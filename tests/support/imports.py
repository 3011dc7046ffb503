"""Keep what large or alarming files leave behind, without the files."""

import hashlib

from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.imports.models import Import, ImportPart
from lineage.inventory.models import Retirement, Source


def keep_import(source: str) -> Import:
    """Keep an import of the entered workspace that is done, with its one part; each is another file."""
    digest = hashlib.sha256(new_id().bytes).digest()
    row = Import.objects.create(
        workspace_id=current_workspace(),
        source=source,
        format="native",
        mode="delta",
        sender="command",
        digest=digest,
        content=digest,
        recorded_as=digest,
        size=1,
        read=1,
        state=Import.State.DONE,
        parts=1,
        projected=1,
        finished_at=timezone.now(),
    )
    ImportPart.objects.create(workspace_id=current_workspace(), of_import=row, event=new_id())
    return row


def ask_about(source: str) -> Retirement:
    """Keep the question of a full inventory of a source that would withdraw 30 of 60 assets."""
    return Retirement.objects.create(
        workspace_id=current_workspace(),
        source=Source.objects.get(door="inventory", name=source),
        event=new_id(),
        full_at=timezone.now(),
        stated=True,
        withdraws=30,
        known=60,
        sample=[["vendor", f"v{number}", ""] for number in range(10)],
    )
