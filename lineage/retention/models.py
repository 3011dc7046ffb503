"""What may be deleted and what must stay: legal holds, retention rules, and what was deleted under them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key
from lineage.events.models import Event
from lineage.retention.guards import GUARDS

SCOPES: dict[str, tuple[str, ...]] = {
    "everything": (),
    "namespace": ("namespace",),
    "asset": ("asset_kind", "asset_uid"),
    "sender": ("sender",),
    "source": ("source",),
    "received": ("received_from", "received_until"),
    "event": ("event",),
}
"""What each scope names. Of `received` one is enough."""


def _one_scope() -> Q:
    """Return the condition that a hold names what its scope says and nothing else."""
    columns = [name for named in SCOPES.values() for name in named]
    either = Q()
    for scope, named in SCOPES.items():
        nothing_else = Q(scope=scope, **{f"{name}__isnull": True for name in columns if name not in named})
        if scope == "received":
            either |= nothing_else & (Q(received_from__isnull=False) | Q(received_until__isnull=False))
        else:
            either |= nothing_else & Q(**{f"{name}__isnull": False for name in named})
    return either


class LegalHold(WorkspaceModel):
    """Events that nothing may delete until another person releases the hold.

    `scope` says which column names them; all the others are null. What it names is kept as text and not as a key, so
    that a hold outlives its asset. The app's role may set the columns of the release, once, as an approved act says
    (guards.py).
    """

    granted: ClassVar[str] = (
        'SELECT, INSERT, UPDATE ("released_by", "released_at", "release_reason", "released_act_id")'
    )

    class Scope(models.TextChoices):
        EVERYTHING = "everything", "All events of the workspace"
        NAMESPACE = "namespace", "Events that name a namespace with this prefix"
        ASSET = "asset", "Events that name this asset"
        SENDER = "sender", "Events of this sender"
        SOURCE = "source", "Inventory batches of this source"
        RECEIVED = "received", "Events received in a range of time, both ends included"
        EVENT = "event", "One event"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    namespace = models.CharField(max_length=400, null=True)
    asset_kind = models.CharField(max_length=40, null=True)
    asset_uid = models.CharField(max_length=4000, null=True)
    # Inventory sources that had reported the asset when the hold was placed; set by the database.
    asset_sources = ArrayField(models.CharField(max_length=400), default=list)
    sender = models.CharField(max_length=80, null=True)
    source = models.CharField(max_length=120, null=True)
    received_from = models.DateTimeField(null=True)  # null = from the beginning
    received_until = models.DateTimeField(null=True)  # null = without end
    event = models.UUIDField(null=True)
    reason = models.CharField(max_length=1000)
    reference = models.CharField(max_length=200, blank=True)  # of the matter, as the lawyers name it
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField(db_default=Now())
    released_by = models.CharField(max_length=80, null=True)
    released_at = models.DateTimeField(null=True)  # null = in force
    release_reason = models.CharField(max_length=2000, null=True)
    # Null also where it was released before this was a governed act.
    released_act = row_key("accounts.GovernedAct", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_names_what_its_scope_says",
                condition=_one_scope(),
            ),
            models.CheckConstraint(name="hold_placed_by_person", condition=Q(placed_by__startswith="member:")),
            models.CheckConstraint(
                name="hold_released_by_person",
                condition=Q(released_by=None, released_at=None, release_reason=None)
                | Q(released_by__startswith="member:", released_at__isnull=False, release_reason__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_released_by_another",
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("placed_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "id"], name="hold_by_id"),
            models.Index(fields=["workspace"], condition=Q(released_at=None), name="hold_in_force"),
        ]

    @property
    def covers(self) -> str:
        """What it covers, in words."""
        match self.scope:
            case self.Scope.NAMESPACE:
                return f"namespaces that start with {self.namespace}"
            case self.Scope.ASSET:
                return f"{self.asset_kind}:{self.asset_uid}"
            case self.Scope.SENDER:
                return f"sender {self.sender}"
            case self.Scope.SOURCE:
                return f"source {self.source}"
            case self.Scope.RECEIVED:
                start, end = self.received_from, self.received_until
                ends = [f"from {start.isoformat()}" if start else "", f"until {end.isoformat()}" if end else ""]
                return f"events received {' '.join(filter(None, ends))}"
            case self.Scope.EVENT:
                return f"event {self.event}"
        return "all events"


class DataClass(models.TextChoices):
    """Classes of data by what an event is about: those of its datasets; of inventories about people, `personal`."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    RESTRICTED = "restricted", "Restricted"
    PERSONAL = "personal", "Personal"
    PERSONAL_SPECIAL = "personal_special", "Special personal"


class RetentionRule(WorkspaceModel):
    """How long the bodies of a class of events are kept. Null in a column of the class: any.

    Of several that fit an event, one decides: that which names a data class before one that does not, then that which
    names a source, then that which names a kind; among equals the longest. Without a rule nothing is deleted. Each
    stands on the approved act that set it, and ends by one (guards.py).
    """

    granted: ClassVar[str] = 'SELECT, INSERT, UPDATE ("ended_by", "ended_at", "ended_act_id")'

    kind = models.CharField(max_length=12, choices=Event.Kind.choices, null=True)
    source = models.CharField(max_length=120, null=True)
    data_class = models.CharField(max_length=20, choices=DataClass.choices, null=True)
    days = models.IntegerField()  # an event goes once it is older than this, by the database's clock
    reason = models.CharField(max_length=2000)
    set_by = models.CharField(max_length=80)  # who approved it
    set_at = models.DateTimeField(db_default=Now())
    ended_by = models.CharField(max_length=80, null=True)
    ended_at = models.DateTimeField(null=True)  # null = in force
    # Null where a rule was set or ended before these were governed acts.
    act = row_key("accounts.GovernedAct", null=True)
    ended_act = row_key("accounts.GovernedAct", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "source", "data_class"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="retention_once_per_class",
            ),
            models.UniqueConstraint(fields=["workspace", "act"], name="retention_once_per_act"),
            models.CheckConstraint(name="retention_days_positive", condition=Q(days__gte=1)),
            models.CheckConstraint(name="retention_kind_known", condition=Q(kind=None) | Q(kind__in=Event.Kind.values)),
            models.CheckConstraint(
                name="retention_data_class_known", condition=Q(data_class=None) | Q(data_class__in=DataClass.values)
            ),
            models.CheckConstraint(name="retention_set_by_person", condition=Q(set_by__startswith="member:")),
            models.CheckConstraint(
                name="retention_end_is_whole",
                condition=Q(ended_by=None, ended_at=None) | Q(ended_by__isnull=False, ended_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["workspace", "id"], name="retention_by_id")]

    @property
    def covers(self) -> str:
        """The class, in words."""
        named = {"kind": self.kind, "source": self.source, "data class": self.data_class}
        return ", ".join(f"{name} {value}" for name, value in named.items() if value) or "all events"


class Deletion(WorkspaceModel):
    """One batch of events that were deleted together; its statement stands in the journal, or it does not commit."""

    granted: ClassVar[str] = "SELECT"  # auditline_delete_events alone writes it
    installed: ClassVar[tuple[str, ...]] = GUARDS

    statement = models.UUIDField()  # no key: months of statements may be taken away (guards.py holds them together)
    count = models.IntegerField()
    first = models.UUIDField()
    last = models.UUIDField()
    deleted_at = models.DateTimeField(db_default=Now())
