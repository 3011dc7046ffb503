"""Findings call runs and people as people do: a run by its job and time, an owner by the name of the person."""

import pytest
from django.urls import reverse

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.pipeline import run_due
from tests.audit.findings.estate import customers
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory
from tests.support.openlineage import RUN, dataset, post, run_event

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_called_by_its_job_and_time(cast: Cast) -> None:
    pipeline = cast.api["pipeline"]
    send_inventory(pipeline, LAKE, CUSTOMERS, {"kind": "run", "uid": RUN, "attributes": {"country": "US"}})
    read = dataset("customers", "s3://lake")
    post(pipeline, run_event("START", "2026-11-01T08:00:00Z", inputs=[read]))
    post(pipeline, run_event("COMPLETE", "2026-11-01T09:30:00Z", inputs=[read]))
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        found = Finding.objects.get(check_id="SOV-05")
    assert (found.uid, found.name) == (RUN, "daily, run of 1 Nov 2026, 08:00 UTC")
    for name, args in (("findings", ["ours"]), ("tickets", ["ours"]), ("finding", ["ours", found.pk])):
        page = cast.page(cast.auditor).get(reverse(f"web:{name}", args=args)).content.decode()
        assert found.name in page, name
        assert f">{RUN}<" not in page, name


def test_an_owner_is_called_by_the_name_of_the_person(cast: Cast) -> None:
    person = {"kind": "person", "uid": "p-018", "name": "The data owner"}
    owned = customers(owner="p-018")
    send_inventory(cast.api["pipeline"], LAKE, owned, person)
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        found = Finding.objects.get(check_id="SOV-04")
    for name, args in (("findings", ["ours"]), ("finding", ["ours", found.pk])):
        page = cast.page(cast.auditor).get(reverse(f"web:{name}", args=args)).content.decode()
        assert "The data owner" in page, name
    row = cast.api["auditor"].get(f"/api/v1/findings/{found.pk}").json()
    assert row["owner"] == "p-018"  # what was reported stays what rows say
