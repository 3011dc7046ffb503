"""Send inventories through the real door and project them as the stage does."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from rest_framework.test import APIClient

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from accounts.workspaces.revisions import next_revision
from lineage.events.models import Event
from lineage.inventory.models import ImportResult
from lineage.inventory.project import project_inventory
from lineage.inventory.settle import settle

STORE = {"kind": "storage", "uid": "lake", "attributes": {"country": "DE"}, "observed_at": "2025-11-01T00:00:00Z"}


def ndjson(*rows: Any) -> bytes:
    """Return rows as NDJSON; a text is a line as it stands."""
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


def row(kind: str, uid: str, attributes: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """Return a native row."""
    return {"kind": kind, "uid": uid, "attributes": attributes or {}, **members}


def send(client: APIClient, body: bytes, **parameters: str) -> Any:
    """POST a body; `source` is "cmdb" unless given. Headers are named HTTP_... as Django does."""
    headers: dict[str, Any] = {name: parameters.pop(name) for name in list(parameters) if name.startswith("HTTP_")}
    query = {"source": "cmdb", **parameters}
    content_type = "text/csv" if query.get("format") == "csv" else "application/x-ndjson"
    return client.post("/api/v1/inventories", body, content_type=content_type, query_params=query, **headers)


def project(workspace: Workspace) -> set[uuid.UUID]:
    """Project what waits; return the ids of the assets that really changed."""
    with in_workspace(workspace.pk):
        done = ImportResult.objects.values_list("event", flat=True)
        waiting: Sequence[Event] = list(Event.objects.exclude(pk__in=list(done)).order_by("id"))
        if not waiting:
            return set()
        rev = next_revision("project")
        return settle(project_inventory(waiting, rev), rev)


def problems(answer: Any) -> list[tuple[int, str]]:
    """Return (line, field) of each rejection of an answer."""
    body = answer.json()
    rejected = body["rejected"] if "rejected" in body else body["error"]["details"]["rejected"]
    return [(problem["line"], problem["field"]) for problem in rejected]
