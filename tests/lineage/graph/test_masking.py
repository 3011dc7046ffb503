"""A declared masking counts for its job from an approval by two persons until its end, and no instant longer."""

import datetime
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph.labels.queries import lineage_of
from lineage.graph.masking import LONGEST_DAYS, approved_jobs, next_masking_change
from lineage.graph.models import MaskingApproval
from lineage.graph.project import project
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset
from tests.support.openlineage import dataset, facet, new_run, post, run_event

DAY = datetime.timedelta(days=1)


@pytest.fixture
def job(cast: Cast) -> uuid.UUID:
    """The job of a flow that declares masking."""
    step = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}
    column = {"namespace": "postgres://db:5432", "name": "people", "field": "name", "transformations": [step]}
    out = dataset("figures", columnLineage=facet(fields={"x": {"inputFields": [column]}}))
    assert post(cast.api["pipeline"], run_event(inputs=[dataset("people")], outputs=[out])).status_code == 201
    project(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        return Asset.objects.get(kind="job").pk


def today() -> datetime.date:
    return timezone.now().date()


def propose(cast: Cast, job: object, role: str = "engineer", *, days: int = 30, kind: str = "masking.approve") -> Any:
    payload: dict[str, object] = {"job": str(job), "purpose": "Figures", "until": str(today() + days * DAY)}
    if kind == "masking.revoke":
        payload = {"act": str(job)}
    body = {"kind": kind, "payload": payload, "reason": "Names are hashed."}
    return cast.api[role].post("/api/v1/approvals", body, "json")


def approved(cast: Cast, job: object, **options: Any) -> str:
    act = str(propose(cast, job, **options).json()["id"])
    answer = cast.api["officer"].post(f"/api/v1/approvals/{act}/approve", {}, "json")
    assert answer.status_code == 200, answer.content
    return act


def counts(cast: Cast, at: datetime.datetime) -> set[uuid.UUID]:
    with in_workspace(cast.workspace.pk):
        return approved_jobs(at)


def change(cast: Cast, at: datetime.datetime) -> datetime.datetime | None:
    with in_workspace(cast.workspace.pk):
        return next_masking_change(at)


def test_a_proposal_alone_lets_no_masking_count(cast: Cast, job: uuid.UUID) -> None:
    answer = propose(cast, job)
    assert answer.status_code == 201
    assert answer.json()["payload"]["uid"] == "airflow/daily"
    assert "It declares masking on 1 flow." in answer.json()["effect"]
    assert counts(cast, timezone.now()) == set()
    assert change(cast, timezone.now()) is None


def test_engineer_proposes_officer_approves_and_it_counts_until_its_day_is_over(cast: Cast, job: uuid.UUID) -> None:
    before = timezone.now()
    approved(cast, job)
    now = timezone.now()
    end = datetime.datetime.combine(today() + 31 * DAY, datetime.time(), datetime.UTC)
    assert counts(cast, before) == set()
    assert counts(cast, now) == counts(cast, end - datetime.timedelta(microseconds=1)) == {job}
    assert counts(cast, end) == set()
    began = change(cast, before)
    assert began is not None
    assert before < began <= now
    assert (change(cast, now), change(cast, end)) == (end, None)


def test_two_approvals_of_a_job_count_until_the_later_ends(cast: Cast, job: uuid.UUID) -> None:
    approved(cast, job, days=5)
    approved(cast, job, days=10)
    ends = [datetime.datetime.combine(today() + days * DAY, datetime.time(), datetime.UTC) for days in (6, 11)]
    assert change(cast, timezone.now()) == ends[0]
    assert counts(cast, ends[0]) == {job}
    assert (change(cast, ends[0]), counts(cast, ends[1])) == (ends[1], set())


def test_a_revocation_takes_two_persons_and_ends_it_at_once(cast: Cast, job: uuid.UUID) -> None:
    act = approved(cast, job)
    middle = timezone.now()
    assert "pass it again" in propose(cast, act, kind="masking.revoke").json()["effect"]
    assert counts(cast, timezone.now()) == {job}
    approved(cast, act, kind="masking.revoke")
    now = timezone.now()
    assert counts(cast, middle) == {job}  # what was known then stays
    assert (counts(cast, now), change(cast, now)) == (set(), None)
    revoked = change(cast, middle)
    assert revoked is not None
    assert revoked <= now
    assert propose(cast, act, kind="masking.revoke").json()["error"]["code"] == "act_refused"
    with in_workspace(cast.workspace.pk):
        kinds = list(Statement.objects.filter(action="accounts:act:approved").values_list("body__kind", flat=True))
    assert sorted(kinds) == ["masking.approve", "masking.revoke"]


def test_a_revocation_can_be_approved_once(cast: Cast, job: uuid.UUID) -> None:
    act = approved(cast, job)
    first, second = (propose(cast, act, kind="masking.revoke").json()["id"] for _ in range(2))
    officer = cast.api["officer"]
    assert officer.post(f"/api/v1/approvals/{first}/approve", {}, "json").status_code == 200
    assert officer.post(f"/api/v1/approvals/{second}/approve", {}, "json").status_code == 400


@pytest.mark.parametrize("days", [-1, LONGEST_DAYS, 100_000])
def test_a_day_that_has_passed_or_is_more_than_a_year_off_is_refused(cast: Cast, job: uuid.UUID, days: int) -> None:
    answer = propose(cast, job, days=days)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "act_refused")
    assert "at most 366 days" in answer.json()["error"]["message"]


def test_the_longest_day_is_taken(cast: Cast, job: uuid.UUID) -> None:
    approved(cast, job, days=LONGEST_DAYS - 1)
    assert counts(cast, timezone.now()) == {job}


def test_what_is_no_job_is_refused(cast: Cast, job: uuid.UUID) -> None:
    with in_workspace(cast.workspace.pk):
        people = Asset.objects.get(kind="dataset", name="people").pk
    for key in (people, uuid.uuid4()):
        assert propose(cast, key).json()["error"]["code"] == "act_refused"
    assert propose(cast, "x").json()["error"]["code"] == "invalid"


def test_outsider_approves_no_masking_of_ours(cast: Cast, job: uuid.UUID) -> None:
    assert propose(cast, job, "outsider").json()["error"]["code"] == "act_refused"
    act = propose(cast, job).json()["id"]
    assert cast.api["outsider"].post(f"/api/v1/approvals/{act}/approve", {}, "json").status_code == 404
    approved(cast, job)
    with in_workspace(cast.elsewhere.pk):
        assert approved_jobs(timezone.now()) == set()


def test_auditor_and_pipeline_propose_no_masking(cast: Cast, job: uuid.UUID) -> None:
    for role in ("auditor", "pipeline"):
        assert propose(cast, job, role).status_code == 403


def test_an_approval_can_neither_be_prolonged_nor_deleted_by_the_app(cast: Cast, job: uuid.UUID) -> None:
    approved(cast, job)
    with in_workspace(cast.workspace.pk):
        later = {"until": timezone.now() + 300 * DAY}
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            MaskingApproval.objects.update(**later)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            MaskingApproval.objects.all()._raw_delete("default")


def test_a_class_stops_at_an_approved_masking_and_passes_again_once_it_is_revoked(cast: Cast, job: uuid.UUID) -> None:
    label = {"classification": "personal"}
    people = {"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/people", "attributes": label}

    def classes() -> list[str]:
        project(cast.workspace.pk)
        figures = asset(cast.workspace.pk, "dataset", "figures").pk
        with in_workspace(cast.workspace.pk):
            return list(lineage_of([figures])[figures].proven["upstream_classes"])

    send_inventory(cast.api["pipeline"], people)
    assert classes() == ["personal"]
    act = approved(cast, job)
    assert classes() == []
    approved(cast, act, kind="masking.revoke")
    assert classes() == ["personal"]


# ---- what the answers of the graph say of it


def shown(cast: Cast, **query: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the flow of the one hop and the edge of the picture between `people` and `figures`."""
    people, figures = (str(asset(cast.workspace.pk, "dataset", name).pk) for name in ("people", "figures"))
    paths = cast.api["auditor"].get("/api/v1/graph/paths", {"from": people, "to": figures, **query}).json()
    picture = cast.api["auditor"].get("/api/v1/graph/neighbourhood", {"asset": people, **query}).json()
    [flow], [edge] = paths["results"][0]["hops"][0]["flows"], picture["edges"]
    return flow, edge


def test_a_flow_says_that_its_masking_is_declared_by_which_facet_and_counts_for_nothing(
    cast: Cast, job: uuid.UUID
) -> None:
    flow, edge = shown(cast)
    assert (flow["masked"], flow["declared_by"], flow["approved"], flow["approval"]) == (
        True, "columnLineage", False, None,
    )  # fmt: skip
    assert (edge["masked"], edge["declared_by"], edge["approved"], edge["approved_until"]) == (
        True, ["columnLineage"], False, None,
    )  # fmt: skip


def test_a_flow_names_the_approval_that_covers_it_until_it_ends_or_is_revoked(cast: Cast, job: uuid.UUID) -> None:
    shorter = approved(cast, job, days=10)
    act = approved(cast, job, days=30)
    end = datetime.datetime.combine(today() + 31 * DAY, datetime.time(), datetime.UTC).isoformat()
    flow, edge = shown(cast)
    assert flow["approval"] == {"act": act, "purpose": "Figures", "until": end}
    assert (flow["approved"], edge["approved"], edge["approved_until"]) == (True, True, end)
    approved(cast, act, kind="masking.revoke")
    assert shown(cast)[0]["approval"]["act"] == shorter
    approved(cast, shorter, kind="masking.revoke")
    flow, edge = shown(cast)
    assert (flow["approved"], flow["approval"], edge["approved"]) == (False, None, False)


def test_as_of_an_older_revision_a_flow_says_what_covered_it_then(cast: Cast, job: uuid.UUID) -> None:
    with in_workspace(cast.workspace.pk):
        before = current_revision()
    approved(cast, job)
    assert post(cast.api["pipeline"], run_event(job="other", outputs=[dataset("else")])).status_code == 201
    project(cast.workspace.pk)
    assert shown(cast)[0]["approved"] is True
    assert shown(cast, as_of=f"rev:{before}")[0]["approved"] is False


def test_a_flow_without_masking_is_not_approved_by_what_covers_its_job(cast: Cast, job: uuid.UUID) -> None:
    approved(cast, job)
    event = run_event(run=new_run(), inputs=[dataset("towns")], outputs=[dataset("map")])
    assert post(cast.api["pipeline"], event).status_code == 201
    project(cast.workspace.pk)
    towns = str(asset(cast.workspace.pk, "dataset", "towns").pk)
    edges = cast.api["auditor"].get("/api/v1/graph/neighbourhood", {"asset": towns, "down": "1"}).json()["edges"]
    assert [(edge["masked"], edge["declared_by"], edge["approved"]) for edge in edges] == [(False, [], False)]
