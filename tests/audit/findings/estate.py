"""One data set whose verdict a test sets by where its store lies, and what was found about it."""

import uuid
from typing import Any

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from audit.findings.models import Finding
from audit.findings.raise_findings import raise_findings
from lineage.graph.project import project
from policies.evaluation.evaluate import evaluate
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory

CHECK = "SOV-04"  # critical: data bound to a country lies there


def lake_in(*countries: str) -> dict[str, Any]:
    """Return the line of the store, in the first country and with copies in the others; nowhere known where none."""
    place = {"country": countries[0], "replica_countries": list(countries[1:])} if countries else {}
    return LAKE | {"attributes": {**place, "lineage_namespaces": ["s3://lake"]}}


def customers(**attributes: object) -> dict[str, Any]:
    """Return the line of the data set that may lie in Germany alone."""
    bound = {"environment": "prod", "residency_limited": True, "allowed_countries": ["DE"]}
    return CUSTOMERS | {"attributes": bound | attributes}


def judged(cast: Cast, *lines: dict[str, Any]) -> list[uuid.UUID]:
    """Send all there is, project and evaluate; return the statements that wait to be turned into findings."""
    send_inventory(cast.api["pipeline"], *lines, mode="full")
    project(cast.workspace.pk)
    evaluate(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        rows = Work.objects.filter(workspace=cast.workspace, stage=Stage.RAISE).order_by("id")
        return list(rows.values_list("subject", flat=True))


def found(cast: Cast, *lines: dict[str, Any]) -> Finding | None:
    """Send all there is and work off everything up to findings; return the one about the data set."""
    judged(cast, *lines)
    raise_findings(cast.workspace.pk)
    return finding(cast)


def finding(cast: Cast) -> Finding | None:
    with in_workspace(cast.workspace.pk):
        return Finding.objects.filter(check_id=CHECK, uid=CUSTOMERS["uid"]).first()


def the_finding(cast: Cast) -> Finding:
    """Return the finding about the data set, which must be there."""
    row = finding(cast)
    assert row is not None
    return row
