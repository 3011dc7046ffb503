"""Verdicts: a compact vector per asset and checklist, the log of their changes, and exact roll-ups."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key


class VerdictVector(WorkspaceModel):
    """Current verdicts of one asset under one checklist; byte i (see codes.py) belongs to the check with slot i."""

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    checklist = models.CharField(max_length=40)
    version = row_key("policies.ChecklistVersion")
    entity = models.UUIDField(null=True)  # the organisation under which the roll-ups count it
    bucket = models.SmallIntegerField()  # population.bucket_of(asset)
    codes = models.BinaryField()
    grades = models.BinaryField()  # 0 none, 1 A, 2 B, 3 C, 4 D
    # By slot (1-based in SQL): when time alone changes the verdict, to what, and when it grows stale.
    flip_at = ArrayField(models.DateTimeField(null=True))
    flip_to = models.BinaryField()
    stale_at = ArrayField(models.DateTimeField(null=True))
    fails_at = models.DateTimeField(null=True)  # the first instant at which time alone turns a verdict to fail
    judged_at = models.DateTimeField()  # `now` of the evaluation
    rev = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "asset", "checklist"], name="vector_once")]
        indexes = [
            models.Index(fields=["workspace", "checklist", "asset"], name="vector_by_checklist"),
            models.Index(fields=["workspace", "bucket"], name="vector_by_bucket"),
            models.Index(
                fields=["workspace", "fails_at"], condition=Q(fails_at__isnull=False), name="vector_will_fail"
            ),
        ]


class Transition(WorkspaceModel):
    """One change of a verdict: the append-only truth that vectors are a projection of.

    The facts read and the missing paths stand in its leaf (JudgedLeaf, by statement and leaf_index), whose bytes are
    what the statement commits to, so that each change can be proved offline.
    """

    append_only: ClassVar[bool] = True
    partitioned: ClassVar[bool] = True

    asset = row_key("lineage.Asset")
    kind = models.CharField(max_length=40)  # of the asset, kept so that the record outlives it
    uid = models.CharField(max_length=4000)
    checklist = models.CharField(max_length=40)
    check_id = models.CharField(max_length=20)
    slot = models.SmallIntegerField()
    check_hash = models.CharField(max_length=64)
    old = models.SmallIntegerField()
    new = models.SmallIntegerField()
    grade = models.CharField(max_length=1, blank=True)
    reason = models.TextField(blank=True)
    flip_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField()
    rev = models.BigIntegerField()
    statement = models.UUIDField()
    leaf_index = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="transition_by_id"),
            models.Index(fields=["workspace", "asset", "check_id", "id"], name="transition_by_asset"),
            models.Index(fields=["workspace", "rev"], name="transition_by_rev"),
            models.Index(fields=["workspace", "statement", "leaf_index"], name="transition_by_statement"),
            models.Index(fields=["workspace", "checklist", "id"], name="transition_by_checklist"),
        ]


class JudgedLeaf(WorkspaceModel):
    """The canonical bytes of one asset's leaf in an evaluation statement (what an auditor recomputes)."""

    append_only: ClassVar[bool] = True

    statement = models.UUIDField()
    leaf_index = models.IntegerField()
    leaf = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "statement", "leaf_index"], name="leaf_once")]


class VerdictCount(WorkspaceModel):
    """Exact roll-up, kept in the transaction of each change: subjects by check, entity, verdict byte and grade."""

    checklist = models.CharField(max_length=40)
    check_id = models.CharField(max_length=20)
    entity = row_key("lineage.Asset", null=True)  # organisation of the subjects; null = none named
    code = models.SmallIntegerField()
    grade = models.CharField(max_length=1, blank=True)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "checklist", "check_id", "entity", "code", "grade"],
                nulls_distinct=False,
                name="verdict_count_once",
            ),
            models.CheckConstraint(name="verdict_count_not_negative", condition=Q(count__gte=0)),
        ]


class PopulationBucket(WorkspaceModel):
    """Digest over the current verdict vectors of the assets that fall into one bucket (low bits of their id).

    Each evaluation's statement carries the Merkle root over all buckets: the population, also what did not change.
    """

    bucket = models.SmallIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "bucket"], name="population_bucket_once")]


class Evaluation(WorkspaceModel):
    """One evaluation slice that ran: why, over how many subjects, with which `now`; also where nothing changed."""

    append_only: ClassVar[bool] = True

    cause = models.CharField(max_length=20)  # change, time, schedule, full
    now = models.DateTimeField()
    subjects = models.IntegerField()
    changed = models.IntegerField()
    rev = models.BigIntegerField()
    statement = models.UUIDField(null=True)
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["workspace", "finished_at"], name="evaluation_by_time")]
