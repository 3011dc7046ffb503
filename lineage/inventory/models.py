"""What exists: assets, the facts that sources report about them, relations, derived facts, rejected rows."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Case, Func, Q, Value, When
from django.db.models.functions import Left, Lower, Now

from accounts.workspaces.models import WorkspaceModel, row_key, workspace_of_many


class Source(WorkspaceModel):
    """A system that reports: an inventory source by its name, or a producer of lineage by its job namespace."""

    class Door(models.TextChoices):
        INVENTORY = "inventory", "Inventory"
        LINEAGE = "lineage", "Lineage"

    door = models.CharField(max_length=12, choices=Door.choices)
    name = models.CharField(max_length=400)
    # cloud_api, device, code, asset_database, spreadsheet, person: precedence (vocabulary, source_precedence)
    grade_class = models.CharField(max_length=20, default="asset_database")
    default_origin = models.CharField(max_length=10, default="declared")
    expected_every_hours = models.IntegerField(null=True)  # null = no cadence is known yet
    # Of a producer of lineage: whether it was silent when lineage was last traced (graph/labels/retrace.py).
    traced_silent = models.BooleanField(db_default=False)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    # Of the last inventory with a manifest: what it declared and what arrived. Differing = incomplete.
    declared_count = models.IntegerField(null=True)
    received_count = models.IntegerField(null=True)
    manifest = models.JSONField(null=True)
    last_event = models.UUIDField(null=True)
    # Producers of lineage: the newest day (UTC) on which a run's event came in, and the greatest of eventTime minus
    # received_at among those of that day, in seconds (graph/clocks.py); null = none has come yet.
    clock_day = models.DateField(null=True)
    clock_lead_seconds = models.BigIntegerField(null=True)
    # Of the newest full inventory that was complete, by its generated_at, else by its receipt: what was said before of
    # assets that it does not name is out of force.
    full_at = models.DateTimeField(null=True)
    # Share of what it reported before, in per cent, that a full inventory may withdraw before a person is asked.
    retire_percent = models.SmallIntegerField(default=20, db_default=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "door", "name"], name="source_once"),
            models.CheckConstraint(
                name="source_retire_percent_is_a_share", condition=Q(retire_percent__gte=0, retire_percent__lte=100)
            ),
        ]


def _without(pattern: str) -> Func:
    """Return the name without what the pattern matches."""
    return Func("name", Value(pattern), Value(""), function="regexp_replace")


class Asset(WorkspaceModel):
    """Anything a check can be about. Known by (workspace, kind, uid); what rules read is its `document`.

    `document` holds the effective value of each attribute, by precedence over the sources, derived facts included
    (timestamps as "2026-11-01T00:00:00Z"; no nulls; ages are never stored). It is a projection: FactSet, Relation and
    DerivedFact rows are the record.
    """

    class State(models.TextChoices):
        REPORTED = "reported", "Reported"
        MENTIONED = "mentioned", "Only named by others"
        RETIRED = "retired", "Retired"

    kind = models.CharField(max_length=40)
    uid = models.CharField(max_length=4000)
    name = models.CharField(max_length=4000)
    state = models.CharField(max_length=10, choices=State.choices)
    document = models.JSONField(default=dict)
    # attribute -> {"origin", "source", "at", "event", "grade"}
    provenance = models.JSONField(default=dict)
    known_relations = models.JSONField(default=list)  # names that somebody reported, also where empty
    conflicts = models.JSONField(default=dict)  # attribute -> [{"value", "source", "at"}] of losing, differing values
    # Hot columns for lists, taken from the document; '' = unknown. Equality on them is leakproof and indexed.
    environment = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True)
    owner = models.CharField(max_length=400, blank=True)
    organisation = row_key("lineage.Asset", null=True, db_index=False)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    rev_changed = models.BigIntegerField()
    # What people search by: the name behind its last "/", else behind its last ".", in small letters. Stored, because
    # row security lets an index be used for a column and not for a function of it.
    last_part = models.GeneratedField(
        expression=Left(
            Lower(
                Case(
                    When(name__contains="/", then=_without("^.*/(?=.)")),
                    default=_without(r"^.*\.(?=.)"),
                )
            ),
            200,
        ),
        output_field=models.CharField(max_length=200),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "uid"], name="asset_once")]
        indexes = [
            models.Index(fields=["workspace", "kind", "id"], name="asset_by_kind"),
            # Counting those that are known, by kind, without reading their rows.
            models.Index(fields=["workspace", "kind"], condition=~Q(state="retired"), name="asset_known"),
            models.Index(fields=["workspace", "kind", "country"], condition=~Q(country=""), name="asset_by_country"),
            models.Index("workspace", OpClass("name", name="text_pattern_ops"), name="asset_by_name"),
            # Which datasets lie under a storage's namespace prefix (places/join.py), by ^@.
            models.Index(
                "workspace",
                OpClass("uid", name="text_pattern_ops"),
                condition=Q(kind="dataset"),
                name="asset_by_uid_prefix",
            ),
            models.Index(fields=["workspace", "owner"], condition=~Q(owner=""), name="asset_by_owner"),
            models.Index(
                fields=["workspace", "organisation"],
                condition=Q(organisation__isnull=False),
                name="asset_by_organisation",
            ),
            # How the last part of a name begins, by ^@ (graph/search.py).
            models.Index(
                "workspace",
                OpClass("last_part", name="text_pattern_ops"),
                condition=Q(kind__in=("dataset", "job")),
                name="asset_by_last_part",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.uid}"


class FactSet(WorkspaceModel):
    """All that one source last said about one asset, valid over revisions [rev_from, rev_to)."""

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    source = row_key("lineage.Source", on_delete=models.CASCADE)
    event = models.UUIDField()  # the newest event that changed it
    # attribute -> {"v": value, "o": origin, "t": observed_at, "e": event id}, "s": when it was said, where that
    # was stated and is later; without "v": said to be unknown
    facts = models.JSONField(default=dict)
    # relation -> the same, with v = [[kind, uid], ...] in order; present and empty = known to be none
    relations = models.JSONField(default=dict)
    # Newest full report of it, or complete inventory without it: what was said before is out of force.
    full_at = models.DateTimeField(null=True)
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "asset", "source"], condition=Q(rev_to__isnull=True), name="factset_current_once"
            ),
            models.CheckConstraint(
                name="factset_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=models.F("rev_from"))
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "asset", "rev_from"], name="factset_by_asset"),
            models.Index(fields=["workspace", "source"], condition=Q(rev_to__isnull=True), name="factset_by_source"),
        ]


class Relation(WorkspaceModel):
    """One edge between assets by the vocabulary's names; both directions are stored where the name has an inverse.

    Several sources, or both ends, may report the same edge: each report is a row of its own, so that one of them can
    take back what it said. Readers ask for distinct ends.
    """

    from_asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    name = models.CharField(max_length=40)
    to_asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    source = row_key("lineage.Source", null=True, on_delete=models.CASCADE)  # null = derived
    reported_from = models.BooleanField()  # whether from_asset reported it; false = seen from the other side
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "from_asset", "name", "to_asset", "source", "reported_from"],
                condition=Q(rev_to__isnull=True),
                nulls_distinct=False,
                name="relation_current_once",
            ),
            models.CheckConstraint(
                name="relation_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=models.F("rev_from"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "from_asset", "name"], condition=Q(rev_to__isnull=True), name="relation_out"
            ),
            models.Index(
                fields=["workspace", "to_asset", "name"], condition=Q(rev_to__isnull=True), name="relation_in"
            ),
            # What was related once (history.py).
            models.Index(
                fields=["workspace", "from_asset", "rev_from"],
                condition=Q(rev_to__isnull=False),
                name="relation_ended",
            ),
        ]


class Related(WorkspaceModel):
    """Every edge, also those of runs (of_job, runs, inputs, outputs), which are read from the runs: a view, read only.

    The same columns as Relation, but for what only a stored row has.
    """

    from_asset = row_key("lineage.Asset")
    name = models.CharField(max_length=40)
    to_asset = row_key("lineage.Asset")
    source = row_key("lineage.Source", null=True)
    reported_from = models.BooleanField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "lineage_related"


class DerivedFact(WorkspaceModel):
    """A fact that the product computed: by which derivation and version, from which inputs, over which revisions."""

    workspace = workspace_of_many()
    asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    value = models.JSONField()  # JSON null: computed, and found to be unknown
    derivation = models.CharField(max_length=80)  # "<name>@<version>"
    inputs_digest = models.BinaryField(max_length=32)
    inputs = models.JSONField(default=list)  # readable: what it was computed from
    grade = models.CharField(max_length=1)
    observed_at = models.DateTimeField()
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "asset", "name"], condition=Q(rev_to__isnull=True), name="derived_current_once"
            ),
            models.CheckConstraint(
                name="derived_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=models.F("rev_from"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "asset", "rev_from"], condition=Q(rev_to__isnull=False), name="derived_ended"
            )
        ]


class RejectedRow(WorkspaceModel):
    """A row (or one field of it) of an inventory that could not be used; the good rest was kept."""

    append_only: ClassVar[bool] = True

    event = models.UUIDField()
    line = models.IntegerField()
    field = models.CharField(max_length=120, blank=True)  # '' = the whole line
    got = models.TextField()
    expected = models.TextField()
    message = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="rejected_by_id"),
            models.Index(fields=["workspace", "event", "line"], name="rejected_by_event"),
        ]


class Retirement(WorkspaceModel):
    """A full inventory that would withdraw so much of what its source had reported that a person is asked (retire.py).

    Until it is confirmed nothing is withdrawn; its rows count.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waits for a person"
        CONFIRMED = "confirmed", "Confirmed"
        DISMISSED = "dismissed", "Dismissed"
        SETTLED = "settled", "Settled by a later full inventory"

    source = row_key("lineage.Source", on_delete=models.CASCADE)
    event = models.UUIDField()  # the batch
    full_at = models.DateTimeField()  # the instant that it speaks of
    stated = models.BooleanField()  # whether the sender named that instant
    withdraws = models.IntegerField()  # assets of which the source would say nothing more
    known = models.IntegerField()  # assets of which it said something before
    sample = models.JSONField(default=list)  # [[kind, uid, name], ...] of some of those, in order
    spared = ArrayField(models.UUIDField(), default=list)  # assets that a refused row of it names
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    asked_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)  # "member:<user id>", or "event:<id>" of what settled it
    act = row_key("accounts.GovernedAct", null=True)  # that confirmed it
    applied_rev = models.BigIntegerField(null=True)  # at which it was withdrawn

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "event"], name="retirement_asked_once"),
            models.UniqueConstraint(
                fields=["workspace", "source"], condition=Q(state="pending"), name="retirement_pending_once"
            ),
            models.CheckConstraint(
                name="retirement_confirmed_by_an_act", condition=~Q(state="confirmed") | Q(act__isnull=False)
            ),
            models.CheckConstraint(
                name="retirement_applied_when_confirmed", condition=Q(applied_rev__isnull=True) | Q(state="confirmed")
            ),
            models.CheckConstraint(
                name="retirement_end_is_whole",
                condition=Q(state="pending", ended_at__isnull=True) | (~Q(state="pending") & Q(ended_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.withdraws:,} of {self.known:,} assets"


class NamespaceJoin(WorkspaceModel):
    """That a storage serves a namespace because people said so: a governed act began it, another ends it."""

    storage = row_key("lineage.Asset", on_delete=models.CASCADE)
    namespace = models.CharField(max_length=2000)
    act = row_key("accounts.GovernedAct", related_name="+")
    accepted_at = models.DateTimeField()
    ended_act = row_key("accounts.GovernedAct", null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)  # null = in force
    is_new = models.BooleanField(default=True)  # begun or ended, and not projected yet

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "storage", "namespace"], condition=Q(ended_at__isnull=True), name="join_once"
            ),
            models.CheckConstraint(
                name="join_ended_by_an_act",
                condition=Q(ended_at__isnull=True, ended_act__isnull=True)
                | Q(ended_at__isnull=False, ended_act__isnull=False),
            ),
        ]


class ImportResult(WorkspaceModel):
    """What became of one inventory batch, once projected."""

    append_only: ClassVar[bool] = True

    event = models.UUIDField()
    source = row_key("lineage.Source", on_delete=models.CASCADE)
    rows = models.IntegerField()
    created = models.IntegerField()
    changed = models.IntegerField()
    unchanged = models.IntegerField()
    retired = models.IntegerField()
    rejected = models.IntegerField()
    kinds = ArrayField(models.CharField(max_length=40), default=list)
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "event"], name="import_result_once")]
