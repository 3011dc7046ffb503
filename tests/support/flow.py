"""Work off the stages in this process, as workers would, so that a test sees the end of the flow."""

import uuid

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from lineage.graph.project import project


def project_all(workspace_id: uuid.UUID) -> int:
    """Project what waits in a workspace; return how many events were."""
    return project(workspace_id)


def queued(workspace_id: uuid.UUID, stage: Stage) -> set[uuid.UUID]:
    """Return the subjects that wait for a stage, due or not."""
    with in_workspace(workspace_id):
        return set(Work.objects.filter(workspace_id=workspace_id, stage=stage).values_list("subject", flat=True))
