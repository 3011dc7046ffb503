"""What flowed: runs with their inputs and outputs, and the flows that follow from them."""

from django.db import models
from django.db.models import Q

from accounts.workspaces.models import WorkspaceModel, row_key


class Run(WorkspaceModel):
    """One execution of a job, merged from its events by rules that do not depend on their order (merge.py).

    What JobEvents and DatasetEvents describe without a run is kept as a run with the empty id, one per job or dataset:
    its design. It has no asset of kind `run`, and it is not counted as a run.
    """

    asset = row_key("lineage.Asset", null=True, on_delete=models.CASCADE)  # of kind `run`; null = a design
    job = row_key("lineage.Asset", on_delete=models.CASCADE)  # the job; of a dataset's design that dataset
    source = row_key("lineage.Source", on_delete=models.CASCADE)  # the producer: the job's namespace
    run_id = models.CharField(max_length=200, blank=True)  # lower case; '' = a design
    state = models.CharField(max_length=10)  # running, complete, failed, aborted, other
    state_rank = models.SmallIntegerField()
    state_at = models.DateTimeField()
    first_at = models.DateTimeField()  # least and greatest time of its events
    seen_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    extraction_error = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "job", "run_id"], name="run_once"),
            models.CheckConstraint(
                name="run_has_asset_unless_design",
                condition=Q(run_id="", asset__isnull=True) | (~Q(run_id="") & Q(asset__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "job", "started_at"], name="run_by_job"),
            models.Index(fields=["workspace", "asset"], name="run_by_asset"),
            models.Index(fields=["workspace", "source", "seen_at"], name="run_by_source"),
        ]


class RunDataset(WorkspaceModel):
    """A dataset that a run read or wrote, added up over its events."""

    class Direction(models.TextChoices):
        INPUT = "input", "Input"
        OUTPUT = "output", "Output"

    run = row_key("lineage.Run", on_delete=models.CASCADE)
    dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    direction = models.CharField(max_length=6, choices=Direction.choices)
    seen_at = models.DateTimeField()  # latest event time that named it
    event = models.UUIDField()  # an event of that time that named it: the proof
    wrote_at = models.DateTimeField(null=True)  # of an output: when the run completed; null = it did not (yet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "run", "dataset", "direction"], name="run_dataset_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "dataset", "direction"], name="run_dataset_by_dataset"),
            # The newest good write of a dataset, without reading all of them.
            models.Index(
                fields=["workspace", "dataset", "-wrote_at"],
                condition=Q(wrote_at__isnull=False),
                name="run_dataset_wrote",
            ),
        ]


class RunDeclaration(WorkspaceModel):
    """A lineage facet that a run carried, in its latest version; replaced whole by a later one."""

    class Facet(models.TextChoices):
        LINEAGE = "lineage", "Explicit lineage"
        COLUMN_LINEAGE = "columnLineage", "Column lineage"

    run = row_key("lineage.Run", on_delete=models.CASCADE)
    carrier = row_key("lineage.Asset", on_delete=models.CASCADE)  # the job or dataset that it was attached to
    facet = models.CharField(max_length=20, choices=Facet.choices)
    seen_at = models.DateTimeField()
    digest = models.BinaryField(max_length=32)  # of `pairs`: decides between two versions of one instant
    pairs = models.JSONField(null=True)  # [[target uid, source uid | null, proven, masked], ...]; null = deleted

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "run", "carrier", "facet"], name="run_declaration_once"),
        ]


class RunFlow(WorkspaceModel):
    """A pair of datasets joined by one run, with the basis on which that run says so; source of Flow."""

    run = row_key("lineage.Run", on_delete=models.CASCADE)
    job = row_key("lineage.Asset", on_delete=models.CASCADE)  # of the run
    from_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    to_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    basis = models.CharField(max_length=10)  # explicit, column, cartesian
    proven = models.BooleanField()
    masked = models.BooleanField(default=False)
    counts = models.BooleanField()  # whether it is a run, and not a design
    first_at = models.DateTimeField()  # of the run
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "run", "from_dataset", "to_dataset"], name="run_flow_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "from_dataset", "to_dataset", "seen_at"], name="run_flow_by_pair"),
        ]


class Flow(WorkspaceModel):
    """A lineage edge: data went from one dataset to another by a job; strongest basis over its runs.

    A change of basis or proof opens a new row; times and counts are kept up in the current one, for they say how often
    the same thing is known and not something else.
    """

    from_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    to_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    job = row_key("lineage.Asset", on_delete=models.CASCADE)  # of what a DatasetEvent says: the target dataset
    basis = models.CharField(max_length=10)
    proven = models.BooleanField()
    masked = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    runs = models.IntegerField()  # 0 = only ever described, by JobEvents or DatasetEvents
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "from_dataset", "to_dataset", "job"],
                condition=Q(rev_to__isnull=True),
                name="flow_current_once",
            ),
            models.CheckConstraint(
                name="flow_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=models.F("rev_from"))
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "from_dataset"], condition=Q(rev_to__isnull=True), name="flow_out"),
            models.Index(fields=["workspace", "to_dataset"], condition=Q(rev_to__isnull=True), name="flow_in"),
            # What changed since a revision (recent.py).
            models.Index(fields=["workspace", "rev_from"], name="flow_opened"),
            models.Index(fields=["workspace", "rev_to"], condition=Q(rev_to__isnull=False), name="flow_closed"),
        ]
