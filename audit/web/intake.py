"""Inventory files as people bring them in: judged before they are sent, taken in, and what became of them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.web.scope import Scope
from audit.web.words import value_text
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.known import format_named
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.formats.sample import Sample
from lineage.inventory.imports.receive import Imported, Sending, receive_file
from lineage.inventory.imports.spool import chunks_of, spooled
from lineage.inventory.reading import Reading
from lineage.inventory.receive import parameters_of, record
from lineage.inventory.rows import AssetRow

PREVIEWED = 4 * 1024 * 1024
"""Bytes of a file that a preview reads; a page sends no more of it."""
ROWS = 8
PROBLEMS = 8


@dataclass(frozen=True)
class Brought:
    """Where to look for what becomes of a file: an event, or the import of a large file."""

    event: uuid.UUID | None = None
    of_import: uuid.UUID | None = None


def bring_in(scope: Scope, given: Mapping[str, Any]) -> Brought:
    """Take a file in through the same steps as the API's door. Raises InventoryRefused or BodyTooLarge."""
    file = given["file"]
    sending = Sending(
        scope.workspace.pk,
        scope.principal.actor,
        given["source"],
        given.get("format", ""),
        given["mode"],
        given.get("kind", ""),
        file.name,
    )
    with spooled(chunks_of(file)) as whole:
        received = receive_file(sending, whole)
        if isinstance(received, Imported):
            return Brought(of_import=received.row.pk)
        return Brought(event=record(received, scope.principal.actor).receipt.event_id)


def refused_rows(error: InventoryRefused) -> dict[str, Any] | None:
    """Return the rows of a file of which nothing could be used; None where it was refused as a whole."""
    details = error.details if isinstance(error.details, dict) else {}
    if "rejected" not in details:
        return None
    return {"received": details["rows"], "kept": 0, "refused": details["rows"], "rows": details["rejected"]}


def preview(head: bytes, *, filename: str, size: int, format_name: str, kind: str) -> dict[str, Any]:
    """Return how the beginning of a file would be read: its format, its first rows, and what is wrong with them.

    `size` is that of the whole file; of one that goes on, only formats that are read line by line show rows. Nothing is
    kept. Raises InventoryRefused where the format cannot be told, or the beginning is none of it.
    """
    sample = Sample(head, filename)
    parameters = parameters_of(sample, source="preview", format_name=format_name, mode="", kind=kind)
    known = format_named(parameters["format"])
    whole = size <= len(head)
    shown: dict[str, Any] = {
        "format": known.title,
        "kind": parameters.get("kind", ""),
        "whole": whole,
        "rows": [],
        "problems": [],
    }
    if not whole and known.split is None:
        return shown | {"later": True}
    body = head if whole else head[: head.rfind(b"\n") + 1]
    clean, _ = known.clean(body, parameters)
    reading = Reading(clean, parameters, "declared")
    rows: list[AssetRow] = []
    problems: list[Rejected] = []
    for row in reading.rows():
        rows += [row] if len(rows) < ROWS else []
        problems += reading.take_problems()[: PROBLEMS - len(problems)]
    problems += reading.take_problems()[: PROBLEMS - len(problems)]
    manifest = reading.manifest
    return shown | {
        "rows": [_row(row) for row in rows],
        "read": reading.lines,
        "accepted": reading.accepted,
        "problem_count": reading.problems,
        "problems": [each.message for each in problems],
        "declared": manifest.count if manifest is not None else None,
    }


def _row(row: AssetRow) -> dict[str, Any]:
    facts = [{"name": name, "value": value_text(value)} for name, value in sorted(row.facts.items()) if name != "name"]
    relations = [
        {"name": name, "value": ", ".join(f"{kind}:{uid}" for kind, uid in targets) or "none"}
        for name, targets in sorted(row.relations.items())
        if targets is not None
    ]
    return {
        "kind": row.kind,
        "uid": row.uid,
        "name": row.facts.get("name") or "",
        "facts": facts,
        "relations": relations,
    }
