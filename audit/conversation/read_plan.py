"""Read what a plan asks for, and say with it what its sources hold back: promise 12, for every answer."""

from dataclasses import replace

from django.utils import timezone

from audit.conversation.planner import parameters as given
from audit.conversation.planner.plan import Plan
from audit.conversation.result import Result
from audit.conversation.tools import RUN
from lineage.inventory.population import gap_notes

ON_RECORD = (given.ShowEvidence, given.SearchChecks)
"""What these tools read is whole whatever sources report: the ledger, and the checklists."""


def read(plan: Plan) -> Result:
    """Run the plan's tool; the notes name the incomplete and silent sources that its rows rest on.

    An answer about assets of one kind rests on the sources that report it. A verdict, and what follows from one, also
    reads what its subject is related to: it may rest on every source.
    """
    result = RUN[plan.tool](plan.arguments)
    if isinstance(plan.arguments, ON_RECORD):
        return result
    kind = (plan.arguments.kind or "") if isinstance(plan.arguments, given.ListAssets) else ""
    return replace(result, notes=[*gap_notes(timezone.now(), kind), *result.notes])
