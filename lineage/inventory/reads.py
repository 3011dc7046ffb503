"""The API for reading assets and sources."""

import uuid
from typing import Any, ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, object_schema, page_schema, text_parameter
from accounts.workspaces.revisions import current_revision
from lineage.inventory.as_of import AS_OF, known_revision
from lineage.inventory.history import Step, asset_at, asset_history
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.models import Asset, Source
from lineage.inventory.queries import (
    AssetDetail,
    AssetFilters,
    AssetLine,
    Fact,
    RelationLine,
    SourceLine,
    asset_detail,
    list_assets,
    list_sources,
)
from lineage.inventory.where import PREFIX, asked_for

KIND = OpenApiParameter(
    "kind", str, description="Kind of the asset, shipped or declared by the workspace (/api/v1/kinds)"
)
ASSET = OpenApiParameter("asset", uuid.UUID, description="the id of one asset, as /api/v1/assets gives it")


def kind_of(request: Request) -> str:
    """Return the parameter `kind`, '' where it is absent; raise BadParameter for one that there is not."""
    return text_parameter(request, KIND.name, load_kinds())


class AssetRow(TypedDict):
    """One asset; '' = not known."""

    id: str
    kind: str
    uid: str
    name: str
    state: str
    country: str
    environment: str
    owner: str
    organisation: str | None
    first_seen_at: str
    last_seen_at: str


class SaidRow(TypedDict):
    """What one source says of an attribute; `value` null = it does not know."""

    source: str
    value: Any
    origin: str
    at: str
    event: str


class FactRow(TypedDict):
    """One attribute: what is effectively known (`value` null = not known) and what each source says."""

    name: str
    value: Any
    origin: str
    grade: str
    source: str
    at: str
    event: str
    derivation: str
    inputs: list[Any]
    reported: list[SaidRow]


class EndRow(TypedDict):
    """The other end of a relation; no sources = derived."""

    id: str
    kind: str
    uid: str
    name: str
    sources: list[str]


class RelationRow(TypedDict):
    """A known relation; an empty list is known to be empty. `total` counts the ends that are not shown as well."""

    name: str
    total: int
    ends: list[EndRow]


class AssetAnswer(AssetRow):
    """All that is known of one asset, at `revision`."""

    revision: int
    sources: list[str]
    facts: list[FactRow]
    relations: list[RelationRow]
    conflicts: dict[str, Any]


class ChangeRow(TypedDict):
    """What changed: an attribute, `rel:<relation>` (one end), `conflict:<attribute>` or `sources`; null = not known."""

    what: str
    before: Any
    after: Any
    source: str
    origin: str


class StepRow(TypedDict):
    """What changed of an asset at one revision, by what cause."""

    revision: int
    at: str
    cause: str
    changes: list[ChangeRow]


class SourceRow(TypedDict):
    """A source. `silent` null = no cadence is known; `complete` null = no manifest stated a count."""

    id: str
    door: str
    name: str
    grade_class: str
    default_origin: str
    first_seen_at: str
    last_seen_at: str
    expected_every_hours: int | None
    silent: bool | None
    declared: int | None
    received: int | None
    complete: bool | None
    manifest: dict[str, Any] | None
    last_event: str | None
    clock: str  # ahead, late, agrees; "" = not known
    retire_percent: int  # of what it reported before, that a full inventory may withdraw unasked
    clock_lead_seconds: int | None  # its eventTime after our receipt, at best, on the newest day


class AssetsView(ListView):
    """The assets of the workspace."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}
    open_parameters = PREFIX

    @extend_schema(
        operation_id="list_assets",
        parameters=[
            *PAGE_PARAMETERS,
            KIND,
            OpenApiParameter("uid", str),
            OpenApiParameter(
                "country", str, pattern="^[A-Z]{2}$", description="two capital letters of ISO 3166, as in DE"
            ),
            OpenApiParameter("environment", str),
            OpenApiParameter("owner", str),
            OpenApiParameter("name", str, description="How the name begins"),
            OpenApiParameter("state", str, enum=Asset.State.values, description="all but retired where not given"),
            OpenApiParameter(
                f"{PREFIX}{{name}}",
                str,
                description="An attribute of the kind, shipped or declared, has this value; with __gte or __lte behind "
                "its name a number or a time is at least or at most it. A page may then hold fewer rows than `limit`",
            ),
        ],
        responses={200: page_schema(AssetRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List assets, as JSON or CSV."""
        filters = AssetFilters(
            kind=kind_of(request),
            uid=text_parameter(request, "uid"),
            country=text_parameter(request, "country"),
            environment=text_parameter(request, "environment"),
            owner=text_parameter(request, "owner"),
            name_prefix=text_parameter(request, "name"),
            state=text_parameter(request, "state"),
            where=asked_for(kind_of(request), request.query_params.dict()),
        )

        def fetch(after: str | None, limit: int) -> Page[AssetRow]:
            return list_assets(filters, after, limit).map(asset_row)

        return list_response(request, fetch, list(AssetRow.__annotations__), name="assets")


class AssetView(WorkspaceView):
    """One asset."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="get_asset", parameters=[AS_OF], responses={200: object_schema(AssetAnswer)}, tags=["inventory"]
    )
    def get(self, request: Request, asset_id: uuid.UUID) -> Response:
        """Return its facts with their origin, its relations and its conflicts, now or as known at a revision."""
        if as_of := text_parameter(request, "as_of"):
            rev = known_revision(as_of, current_revision())
            detail, missing = asset_at(asset_id, rev), f"Nothing was known of an asset of this id at revision {rev}."
        else:
            detail, missing = asset_detail(asset_id), "No asset has this id."
        if detail is None:
            raise NotFound(missing)
        return Response(asset_answer(detail))


class AssetHistoryView(ListView):
    """What changed of one asset."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_asset_history",
        parameters=PAGE_PARAMETERS,
        responses={200: page_schema(StepRow)},
        tags=["inventory"],
    )
    def get(self, request: Request, asset_id: uuid.UUID) -> HttpResponseBase:
        """List what changed at each revision, the newest first: what was known before and after, and who said so."""
        if not Asset.objects.filter(pk=asset_id).exists():
            raise NotFound("No asset has this id.")

        def fetch(after: str | None, limit: int) -> Page[StepRow]:
            return asset_history(asset_id, revision_before(after), limit).map(step_row)

        return list_response(request, fetch, list(StepRow.__annotations__), name="asset-history")


class SourcesView(ListView):
    """The systems that report."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_inventory_sources",
        parameters=[OpenApiParameter("door", str, enum=Source.Door.values)],
        responses={200: page_schema(SourceRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List all sources: when they last reported, whether they are silent, and whether all of it arrived."""
        door = text_parameter(request, "door")

        def fetch(after: str | None, limit: int) -> Page[SourceRow]:
            return Page(tuple(source_row(line) for line in list_sources(timezone.now(), door=door)), None)

        return list_response(request, fetch, list(SourceRow.__annotations__), name="inventory-sources")


def asset_row(line: AssetLine) -> AssetRow:
    """Return an asset as JSON."""
    return {
        "id": str(line.id),
        "kind": line.kind,
        "uid": line.uid,
        "name": line.name,
        "state": line.state,
        "country": line.country,
        "environment": line.environment,
        "owner": line.owner,
        "organisation": str(line.organisation) if line.organisation else None,
        "first_seen_at": instant(line.first_seen_at),
        "last_seen_at": instant(line.last_seen_at),
    }


def asset_answer(detail: AssetDetail) -> AssetAnswer:
    """Return all that is known of an asset as JSON."""
    return {
        **asset_row(detail.line),
        "revision": detail.revision,
        "sources": list(detail.sources),
        "facts": [_fact_row(fact) for fact in detail.facts],
        "relations": [_relation_row(relation) for relation in detail.relations],
        "conflicts": dict(detail.conflicts),
    }


def step_row(step: Step) -> StepRow:
    """Return a step of an asset's history as JSON."""
    return {
        "revision": step.revision,
        "at": instant(step.at),
        "cause": step.cause,
        "changes": [
            {"what": one.what, "before": one.before, "after": one.after, "source": one.source, "origin": one.origin}
            for one in step.changes
        ],
    }


def revision_before(after: str | None) -> int | None:
    """Return the revision that a cursor of a history names."""
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and 0 < len(after) < 19):
        raise BadParameter(f"after={after[:80]!r} is no cursor of this list: send the `next` of the former answer.")
    return int(after)


def _fact_row(fact: Fact) -> FactRow:
    return {
        "name": fact.name,
        "value": fact.value,
        "origin": fact.origin,
        "grade": fact.grade,
        "source": fact.source,
        "at": fact.at,
        "event": fact.event,
        "derivation": fact.derivation,
        "inputs": fact.inputs,
        "reported": [
            {"source": said.source, "value": said.value, "origin": said.origin, "at": said.at, "event": said.event}
            for said in fact.reported
        ],
    }


def _relation_row(relation: RelationLine) -> RelationRow:
    return {
        "name": relation.name,
        "total": relation.total,
        "ends": [
            {"id": str(end.id), "kind": end.kind, "uid": end.uid, "name": end.name, "sources": list(end.sources)}
            for end in relation.ends
        ],
    }


def source_row(line: SourceLine) -> SourceRow:
    """Return a source as JSON."""
    return {
        "id": str(line.id),
        "door": line.door,
        "name": line.name,
        "grade_class": line.grade_class,
        "default_origin": line.default_origin,
        "first_seen_at": instant(line.first_seen_at),
        "last_seen_at": instant(line.last_seen_at),
        "expected_every_hours": line.expected_every_hours,
        "silent": line.silent,
        "declared": line.declared,
        "received": line.received,
        "complete": line.complete,
        "manifest": dict(line.manifest) if line.manifest is not None else None,
        "last_event": str(line.last_event) if line.last_event else None,
        "clock": line.clock,
        "retire_percent": line.retire_percent,
        "clock_lead_seconds": line.clock_lead_seconds,
    }
