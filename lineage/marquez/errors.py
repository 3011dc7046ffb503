"""What the addresses of Marquez refuse here."""

from accounts.errors import AuditlineError


class UseEvents(AuditlineError):
    """A write by Marquez's own calls: what they wrote is said by OpenLineage events, or by an inventory."""

    code = "use_openlineage"
    status = 405

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"{method} {path[:200]} is not taken: what happened is said by OpenLineage events alone. Send namespaces, "
            "datasets, jobs and runs to POST /api/v1/lineage (OPENLINEAGE_URL and OPENLINEAGE_API_KEY are all a client "
            "needs), tags as the facet `tags` or by POST /api/v1/inventories; what is old goes by a retention rule."
        )
