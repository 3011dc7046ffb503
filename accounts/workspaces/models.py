"""Workspaces (the tenant), their revisions, and the work that waits.

`WorkspaceModel` is the base of every row that belongs to a workspace. What follows from it, for all of its
subclasses and without a list kept by hand: row security, grants, composite foreign keys (row_security.py) and
the guard that refuses access outside `in_workspace` (isolation.py).
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.workspaces.ids import new_id


class Workspace(models.Model):
    """A tenant. Not under row security itself: a person must be able to see which workspaces she may enter."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    is_demo = models.BooleanField(default=False)
    # Whether a governed act needs a second person (approvals/); itself changed by such an act alone.
    four_eyes = models.BooleanField(default=True)
    # Counts what is known: each transaction that changes knowledge takes the next one (see revisions.py).
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(name="workspace_revision_not_negative", condition=models.Q(revision__gte=0)),
        ]

    def __str__(self) -> str:
        return self.slug


class WorkspaceModel(models.Model):
    """A row of one workspace. `append_only` withholds UPDATE and DELETE from the app's role in the database."""

    append_only: ClassVar[bool] = False
    # What the app's role may do with the table, where neither all nor append_only says it ("SELECT": functions write).
    granted: ClassVar[str] = ""
    # SQL that the owner runs after every migration: functions and triggers; {role} stands for the app's role.
    installed: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        abstract = True


def workspace_of_many() -> "models.ForeignKey[Any, Any]":
    """Return `workspace` for rows that come by the thousand: the database does not look it up anew for each.

    What comes with such a row is held to the workspace: the receipt of an event, the job of a run; a piece of work is
    pushed in the transaction of its cause (decision 0001 has the cost of looking).
    """
    return models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)


def row_key(to: str, **options: object) -> "models.ForeignKey[Any, Any]":
    """Return a foreign key to a row of the same workspace.

    Django's own constraint would name `id` alone; row_security.py adds the real one over (workspace_id, id), so that
    no row can point into another workspace.
    """
    options.setdefault("on_delete", models.DO_NOTHING)
    options.setdefault("related_name", "+")
    return models.ForeignKey(to, db_constraint=False, **options)  # type: ignore[arg-type]


class Revision(WorkspaceModel):
    """One step of what a workspace knows: `number` was taken at `at` by `cause` (a stage or a person's act)."""

    append_only = True

    number = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    cause = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="revision_number_once"),
            models.CheckConstraint(name="revision_number_positive", condition=models.Q(number__gt=0)),
        ]
        indexes = [models.Index(fields=["workspace", "at"], name="revision_by_time")]


class Work(models.Model):
    """One piece of work that waits for a stage: ids only, so it need not be under row security.

    Rows are the queue (DESIGN.md section 4): pushed in the transaction of the cause, claimed with SKIP LOCKED,
    deleted in the transaction of the effect.
    """

    workspace = workspace_of_many()
    stage = models.CharField(max_length=16)
    subject = models.UUIDField()
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.SmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "stage", "due_at"], name="work_by_stage"),
            models.Index(fields=["workspace", "stage", "subject"], name="work_by_subject"),
        ]


class DeadLetter(WorkspaceModel):
    """Work that failed eight times: visible with its reason, and replayable."""

    stage = models.CharField(max_length=16)
    subject = models.UUIDField()
    reason = models.TextField()
    attempts = models.SmallIntegerField()
    failed_at = models.DateTimeField(db_default=Now())
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "failed_at"], name="dead_letter_by_time")]
