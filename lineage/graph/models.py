"""What flowed: runs with their inputs and outputs, and the flows that follow from them."""

import datetime
from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q

from accounts.workspaces.models import WorkspaceModel, row_key, workspace_of_many

LONGEST_MASKING = datetime.timedelta(days=366)
"""No approval of a masking holds longer: somebody has to look at it again."""


class JobVersion(WorkspaceModel):
    """What runs of a job join: which datasets they read and wrote, and the lineage facets in force (a job's version).

    Runs with the same content share one version, so that a run costs one row however wide it is. A version that no run
    has any more (`runs` 0, no design) is kept for the next one and says nothing.
    """

    job = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)  # of a dataset's design that dataset
    digest = models.BinaryField(max_length=32)  # of the content (job_versions.py)
    # [[carrier id, facet, of the job?, [[target uid, source uid | null, proven, masked, columns], ...]], ...]
    facets = models.JSONField(default=list)
    runs = models.IntegerField()  # how many have it, without designs
    designs = models.IntegerField()
    first_at = models.DateTimeField(null=True)  # least and greatest times over all that have it; null = none has
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "job", "digest"], name="job_version_once")]


class JobVersionDataset(WorkspaceModel):
    """A dataset that the runs of a version read or wrote."""

    class Direction(models.TextChoices):
        INPUT = "input", "Input"
        OUTPUT = "output", "Output"

    version = row_key("lineage.JobVersion", on_delete=models.CASCADE, db_index=False)
    dataset = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    direction = models.CharField(max_length=6, choices=Direction.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version", "dataset", "direction"], name="job_version_dataset_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "dataset", "direction"], name="job_version_by_dataset")]


class JobVersionFlow(WorkspaceModel):
    """A pair of datasets joined by the runs of a version, with the basis on which they say so; source of Flow."""

    version = row_key("lineage.JobVersion", on_delete=models.CASCADE, db_index=False)
    job = row_key("lineage.Asset", on_delete=models.CASCADE)
    from_dataset = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    to_dataset = row_key("lineage.Asset", on_delete=models.CASCADE)
    basis = models.CharField(max_length=10)  # explicit, column, cartesian
    proven = models.BooleanField()
    masked = models.BooleanField(default=False)
    columns = models.JSONField(default=list)  # [[from field, to field, direct?, subtype, masked], ...]; '' = the whole

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version", "from_dataset", "to_dataset"], name="job_version_flow_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "from_dataset", "to_dataset"], name="job_version_flow_by_pair")]


class JobVersionDay(WorkspaceModel):
    """How many runs of a version were last seen on a day (UTC): counts of a period without reading its runs."""

    version = row_key("lineage.JobVersion", on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    runs = models.IntegerField()
    completed = models.IntegerField(db_default=0)  # how many of them ended well

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "version", "day"], name="job_version_day_once")]


class JobVersionVolume(WorkspaceModel):
    """How many bytes the runs of a version said that they read from a dataset or wrote to it on a day (UTC).

    Each run counts with its latest statement, on the day on which it was last seen (volumes.py).
    """

    version = row_key("lineage.JobVersion", on_delete=models.CASCADE, db_index=False)
    dataset = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    direction = models.CharField(max_length=6, choices=JobVersionDataset.Direction.choices)
    day = models.DateField()
    runs = models.IntegerField()  # that said so
    completed = models.IntegerField()  # and ended well
    bytes = models.DecimalField(max_digits=40, decimal_places=0)  # a sum of what senders say fits no 64 bits

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version", "dataset", "direction", "day"], name="job_version_volume_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "dataset"], name="job_version_volume_of_dataset")]


class Run(WorkspaceModel):
    """One execution of a job, merged from its events by rules that do not depend on their order (merge.py).

    What JobEvents and DatasetEvents describe without a run is kept as a run with the empty id, one per job or dataset:
    its design. It has no asset of kind `run`, and it is not counted as a run. The events of a run are found by
    `Event.about`.
    """

    workspace = workspace_of_many()
    asset = row_key(
        "lineage.Asset", null=True, on_delete=models.CASCADE, db_index=False
    )  # of kind `run`; null = a design
    job = row_key(
        "lineage.Asset", on_delete=models.CASCADE, db_index=False
    )  # the job; of a dataset's design that dataset
    version = row_key("lineage.JobVersion", db_index=False)  # what it joins
    source = row_key("lineage.Source", on_delete=models.CASCADE, db_index=False)  # the producer: the job's namespace
    run_id = models.CharField(max_length=200, blank=True)  # lower case; '' = a design
    state = models.CharField(max_length=10)  # running, complete, failed, aborted, other
    state_rank = models.SmallIntegerField()
    state_at = models.DateTimeField()
    first_at = models.DateTimeField()  # least and greatest time of its events
    seen_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    extraction_error = models.BooleanField(default=False)
    # "<carrier id>/<facet>" -> [time, digest]: which version of each lineage facet it carried counts, deleted or not
    facet_versions = models.JSONField(default=dict)
    # "<dataset id>/<input, output or version>" -> [time, digest, bytes | null]: the latest of each; null = none
    statistics = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "job", "run_id"], name="run_once"),
            models.CheckConstraint(
                name="run_has_asset_unless_design",
                condition=Q(run_id="", asset__isnull=True) | (~Q(run_id="") & Q(asset__isnull=False)),
            ),
        ]
        indexes = [
            # The newest finished run of a job, without sorting all of them (gaps.py). Runs of a job: by run_once.
            models.Index(
                fields=["workspace", "job", "-ended_at", "-run_id"],
                condition=Q(ended_at__isnull=False),
                name="run_finished",
            ),
            models.Index(fields=["workspace", "asset"], name="run_by_asset"),
            models.Index(fields=["workspace", "source", "seen_at"], name="run_by_source"),
            # Its newest run, and the time of its oldest: least(first_at) is read by the next index.
            models.Index(fields=["workspace", "version", "seen_at"], name="run_by_version"),
            # The newest good write of what a version writes, without reading all of them.
            models.Index(
                fields=["workspace", "version", "-ended_at"], condition=Q(state="complete"), name="run_completed"
            ),
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


class JobGap(WorkspaceModel):
    """A job that admits that its lineage has a gap (gaps.py), valid over revisions [rev_from, rev_to).

    It follows from the job's newest run that counts (newest_run.py), and is kept because an answer passes thousands of
    jobs.
    """

    job = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    rev_from = models.BigIntegerField()  # 0 = since before gaps were kept
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "job"], condition=Q(rev_to__isnull=True), name="job_gap_current_once"
            ),
            models.CheckConstraint(
                name="job_gap_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=F("rev_from"))
            ),
        ]
        indexes = [models.Index(fields=["workspace", "job", "rev_from"], name="job_gap_by_job")]


class FlowColumns(WorkspaceModel):
    """The columns of a flow, over all runs that say so: beside Flow, so that walks over datasets stay narrow."""

    flow = row_key("lineage.Flow", on_delete=models.CASCADE, db_index=False)
    columns = models.JSONField()  # [[from field, to field, direct?, subtype, masked], ...]; '' = the whole dataset

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "flow"], name="flow_columns_once")]


class Facet(WorkspaceModel):
    """The latest version of one facet of a job or dataset, as one source last said it, known to the graph or not.

    Facets of runs are not kept here: they are read from the events of the run. Written by latest_facets.py.
    """

    class Part(models.TextChoices):
        JOB = "job", "facets of a job"
        DATASET = "dataset", "facets of a dataset"
        INPUT = "input", "inputFacets of a dataset"
        OUTPUT = "output", "outputFacets of a dataset"

    about = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    source = row_key("lineage.Source", on_delete=models.CASCADE, db_index=False)
    part = models.CharField(max_length=7, choices=Part.choices)
    name = models.CharField(max_length=200)
    at = models.DateTimeField()  # of the latest event that said it; of two at one instant the greater digest counts
    digest = models.BinaryField(max_length=32)  # SHA-256 of its JSON with sorted keys
    event = models.UUIDField()  # one that said it, at that time
    size = models.IntegerField()  # bytes of that JSON; 0 = deleted
    body = models.JSONField(null=True)  # null = deleted, too large to be kept beside the event, or gone with it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "about", "source", "part", "name"], name="facet_once"),
            models.CheckConstraint(
                name="facet_deleted_has_no_body", condition=Q(size__gt=0) | Q(size=0, body__isnull=True)
            ),
        ]


class DatasetAlias(WorkspaceModel):
    """Another name of a dataset, by which it is found (aliases.py); it need not be an asset of its own."""

    dataset = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    source = row_key("lineage.Source", on_delete=models.CASCADE, db_index=False)  # that says so
    origin = models.CharField(max_length=7)  # symlink, rename: it was called so before
    uid = models.CharField(max_length=4000)
    name = models.CharField(max_length=4000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "dataset", "source", "origin", "uid"], name="dataset_alias_once"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "uid"], name="dataset_alias_by_uid"),
            models.Index("workspace", OpClass("name", name="text_pattern_ops"), name="dataset_alias_by_name"),
        ]


class DatasetChange(WorkspaceModel):
    """What a source said became of a dataset: per kind of change the latest time (aliases.py)."""

    dataset = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    source = row_key("lineage.Source", on_delete=models.CASCADE, db_index=False)
    change = models.CharField(max_length=9)  # ALTER, CREATE, DROP, OVERWRITE, RENAME, TRUNCATE
    previous = models.CharField(max_length=4000, blank=True)  # uid before a renaming; '' = no renaming
    at = models.DateTimeField()
    event = models.UUIDField()  # one that said it at that time

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "dataset", "source", "change", "previous"], name="dataset_change_once"
            ),
        ]


class RunParent(WorkspaceModel):
    """Which run a run belongs to and which run began it all, by their names: either may never be heard of."""

    job = row_key("lineage.Asset", on_delete=models.CASCADE, db_index=False)
    run_id = models.CharField(max_length=200)  # lower case, as Run.run_id
    parent_run_id = models.CharField(max_length=200)
    parent_job = models.CharField(max_length=4000, blank=True)  # uid
    root_run_id = models.CharField(max_length=200, blank=True)  # '' = not said
    root_job = models.CharField(max_length=4000, blank=True)
    at = models.DateTimeField()  # the version that counts: the latest, then the greater digest
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "run_id", "job"], name="run_parent_once")]
        indexes = [models.Index(fields=["workspace", "parent_run_id", "run_id"], name="run_parent_children")]


class MaskingApproval(WorkspaceModel):
    """A job's declared masking counts for a purpose, from a governed act until its end or until another act revokes it.

    Written by governed acts alone (masking.py); the app may write the end that a revocation sets, and nothing else.
    """

    granted: ClassVar[str] = 'SELECT, INSERT, UPDATE ("revoked_at", "revoked_act_id")'

    job = row_key("lineage.Asset", on_delete=models.CASCADE)
    purpose = models.CharField(max_length=400)
    act = row_key("accounts.GovernedAct")  # that approved it
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    revoked_act = row_key("accounts.GovernedAct", null=True)  # that ended it early
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "act"], name="masking_once_per_act"),
            models.CheckConstraint(name="masking_ends_after_its_start", condition=Q(until__gt=F("starts_at"))),
            models.CheckConstraint(
                name="masking_at_most_a_year", condition=Q(until__lte=F("starts_at") + LONGEST_MASKING)
            ),
            models.CheckConstraint(
                name="masking_revoked_by_an_act",
                condition=Q(revoked_at__isnull=True, revoked_act__isnull=True)
                | Q(revoked_at__isnull=False, revoked_act__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["workspace", "until"], name="masking_by_end")]
