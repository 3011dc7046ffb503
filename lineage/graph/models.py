"""What flowed: runs with their inputs and outputs, and the flows that follow from them."""

from django.db import models
from django.db.models import Q

from accounts.workspaces.models import WorkspaceModel, row_key


class Run(WorkspaceModel):
    """One execution of a job, merged from its events by rules that do not depend on their order.

    State is decided by (terminal rank, event time), metadata is added up, times are the least and the greatest.
    """

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)  # its asset of kind `run`
    job = row_key("lineage.Asset", on_delete=models.CASCADE)
    run_id = models.CharField(max_length=200)
    state = models.CharField(max_length=10)  # running, complete, failed, aborted, other
    state_rank = models.SmallIntegerField()
    state_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    extraction_error = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "job", "run_id"], name="run_once")]
        indexes = [models.Index(fields=["workspace", "job", "started_at"], name="run_by_job")]


class RunDataset(WorkspaceModel):
    """A dataset that a run read or wrote, added up over its events."""

    class Direction(models.TextChoices):
        INPUT = "input", "Input"
        OUTPUT = "output", "Output"

    run = row_key("lineage.Run", on_delete=models.CASCADE)
    dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    direction = models.CharField(max_length=6, choices=Direction.choices)
    seen_at = models.DateTimeField()  # latest event time that named it
    event = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "run", "dataset", "direction"], name="run_dataset_once"),
        ]
        indexes = [models.Index(fields=["workspace", "dataset", "direction"], name="run_dataset_by_dataset")]


class RunFlow(WorkspaceModel):
    """A pair of datasets joined by one run, with the basis on which that run says so; source of Flow."""

    run = row_key("lineage.Run", on_delete=models.CASCADE)
    from_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    to_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    basis = models.CharField(max_length=10)  # explicit, column, cartesian
    proven = models.BooleanField()
    masked = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "run", "from_dataset", "to_dataset"], name="run_flow_once"
            ),
        ]


class Flow(WorkspaceModel):
    """A lineage edge: data went from one dataset to another by a job; strongest basis over its runs."""

    from_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    to_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    job = row_key("lineage.Asset", on_delete=models.CASCADE)
    basis = models.CharField(max_length=10)
    proven = models.BooleanField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    runs = models.IntegerField()
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "from_dataset", "to_dataset", "job"],
                condition=Q(rev_to__isnull=True),
                name="flow_current_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "from_dataset"], condition=Q(rev_to__isnull=True), name="flow_out"),
            models.Index(fields=["workspace", "to_dataset"], condition=Q(rev_to__isnull=True), name="flow_in"),
        ]
