"""What the inventory doors and lists answer, as JSON."""

from typing import NotRequired, TypedDict

from lineage.events.answers import ReceiptRow, receipt_answer
from lineage.inventory.formats.parsed import RejectedShown
from lineage.inventory.imports.receive import Imported
from lineage.inventory.receive import SHOWN, Outcome


class PopulationAnswer(TypedDict):
    """What the manifest declared against what arrived; `complete` false: nothing was retired."""

    declared: int | None
    received: int
    complete: bool


class InventoryAnswer(TypedDict):
    """The answer to an inventory batch. `accepted` counts rows, `rejected_total` counts problems.

    Of a large file `receipt` is that of its first part, and `import_id` names what tells what becomes of all of them
    (GET /api/v1/imports/<id>). `not_read`: how many things of which types a file of another tool holds that are no
    asset of any kind.
    """

    receipt: ReceiptRow
    import_id: NotRequired[str]
    rows: int
    accepted: int
    rejected: list[RejectedShown]
    rejected_total: int
    population: PopulationAnswer
    not_read: NotRequired[dict[str, int]]
    next: NotRequired[str]


def inventory_answer(outcome: Outcome) -> InventoryAnswer:
    """Return the outcome of a batch at the door."""
    reading = outcome.prepared.reading
    answer: InventoryAnswer = {
        "receipt": receipt_answer(outcome.receipt),
        "rows": reading.lines,
        "accepted": reading.accepted,
        "rejected": [problem.shown() for problem in outcome.prepared.rejected],
        "rejected_total": reading.problems,
        "population": {
            "declared": reading.manifest.count if reading.manifest is not None else None,
            "received": reading.accepted,
            "complete": reading.is_complete,
        },
    }
    if reading.left:
        answer["not_read"] = dict(reading.left.most_common(SHOWN))
    if reading.problems:
        answer["next"] = "Correct what rejected names and send those rows again; the others are kept."
    return answer


def import_answer(imported: Imported) -> InventoryAnswer:
    """Return what became of a large file at the door."""
    row, judged = imported.row, imported.judged
    answer: InventoryAnswer = {
        "receipt": receipt_answer(imported.receipt),
        "import_id": str(row.pk),
        "rows": row.rows,
        "accepted": row.accepted,
        "rejected": [problem.shown() for problem in judged.rejected] if judged is not None else [],
        "rejected_total": row.rejected,
        "population": {"declared": row.declared, "received": row.accepted, "complete": row.complete},
        "next": f"Its parts are projected one by one: GET /api/v1/imports/{row.pk} tells how far that is.",
    }
    return answer
