"""The whole flow on one page.

    receive   lineage/events/receive.py, lineage/inventory/receive.py    parse, check, redact
    record    lineage/events/record.py         Event + receipt + work; committed before the answer
    project   lineage/graph/project.py         assets, facts, relations, runs, flows, derived facts
    evaluate  policies/evaluation/evaluate.py  verdicts, transitions, roll-ups; one leaf per asset that changed
    raise     audit/findings/raise_findings.py findings raised, reopened, resolved
    open      audit/tickets/open_tickets.py    tickets opened, reopened, closed
    seal      audit/evidence/seal.py           statements of all stages signed, ordered, covered by a checkpoint
    export    audit/exports/make_export.py     bundles that verify offline
    show      audit/web/                       pages
    answer    audit/conversation/              questions

Each stage from `project` on is a Celery task `auditline.<stage>` over rows that wait (accounts/workspaces/queue.py).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from accounts.workspaces.queue import Stage
from audit.evidence.seal import seal_statements
from audit.exports.make_export import make_exports
from audit.findings.raise_findings import raise_findings
from audit.tickets.open_tickets import open_tickets
from lineage.graph.project import project
from policies.evaluation.evaluate import evaluate


@dataclass(frozen=True)
class Step:
    """A stage and the function that works off what waits for it in one workspace, returning how many rows."""

    stage: Stage
    run: Callable[[uuid.UUID], int]


PIPELINE = (
    Step(Stage.PROJECT, project),
    Step(Stage.EVALUATE, evaluate),
    Step(Stage.RAISE, raise_findings),
    Step(Stage.OPEN, open_tickets),
    Step(Stage.SEAL, seal_statements),
    Step(Stage.EXPORT, make_exports),
)


def run_due(workspace_id: uuid.UUID) -> int:
    """Work off everything that is due in a workspace, in the order of the flow, in this process; return the row count.

    What Celery does over many processes; commands and tests use it to see the end of the flow without a worker.
    """
    total = 0
    while done := sum(step.run(workspace_id) for step in PIPELINE):
        total += done
    return total
