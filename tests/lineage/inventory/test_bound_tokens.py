"""A token that is bound to an inventory source sends for that source, and does nothing else."""

import io
from typing import Any

import pytest
from django.core.management import call_command

from accounts.journal.models import Statement
from accounts.members.manage import InvalidAccount, create_token
from accounts.members.models import ApiToken, Role
from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from tests.lineage.inventory.door import STORE, ndjson
from tests.support.cast import Cast, bearer
from tests.support.openlineage import post, run_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bound(cast: Cast) -> Any:
    """The client of a token that sends for `cmdb`."""
    with in_workspace(cast.workspace.pk):
        return bearer(create_token("cmdb", Role.PIPELINE, actor="command", source="cmdb").secret)


def send(client: Any, query: str = "") -> Any:
    return client.post(f"/api/v1/inventories{query}", ndjson(STORE), content_type="application/x-ndjson")


def sources(cast: Cast) -> list[str]:
    with in_workspace(cast.workspace.pk):
        return list(Event.objects.order_by("id").values_list("source", flat=True))


@pytest.mark.parametrize("query", ["", "?source=cmdb", "?source="])
def test_it_sends_for_its_source_which_may_be_left_out(cast: Cast, bound: Any, query: str) -> None:
    assert send(bound, query).status_code == 201
    assert sources(cast) == ["cmdb"]


def test_another_source_is_refused_and_nothing_is_kept(cast: Cast, bound: Any) -> None:
    answer = send(bound, "?source=other")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "outside_source")
    assert "may only send for the source 'cmdb'" in answer.json()["error"]["message"]
    assert sources(cast) == []


@pytest.mark.parametrize("path", ["/api/v1/lineage", "/api/v1/lineage/batch"])
def test_events_of_lineage_are_refused(cast: Cast, bound: Any, path: str) -> None:
    event = run_event()
    answer = post(bound, [event] if path.endswith("batch") else event, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "outside_source")
    assert sources(cast) == []


def test_a_free_token_still_names_its_source(cast: Cast) -> None:
    assert send(cast.api["pipeline"]).json()["error"]["code"] == "source_invalid"
    assert send(cast.api["pipeline"], "?source=any").status_code == 201


@pytest.mark.parametrize(
    "wanted", [{"role": Role.ENGINEER}, {"namespaces": ["airflow"]}, {"source": "x" * 121}, {"source": "a\nb"}]
)
def test_a_token_that_could_do_more_is_not_bound(cast: Cast, wanted: dict[str, Any]) -> None:
    given = {"role": Role.PIPELINE, "source": "cmdb", "actor": "command", **wanted}
    with in_workspace(cast.workspace.pk), pytest.raises(InvalidAccount, match="Source"):
        create_token("both", **given)


def test_the_command_binds_and_the_statement_says_so(cast: Cast) -> None:
    said = io.StringIO()
    call_command("create_token", workspace="ours", role="pipeline", source="cmdb", stdout=said)
    assert send(bearer(said.getvalue().split()[-1])).status_code == 201
    with in_workspace(cast.workspace.pk):
        token = ApiToken.objects.latest("created_at")
        statement = Statement.objects.filter(action="accounts:token:created").latest("id")
    assert (token.source, statement.body["source"]) == ("cmdb", "cmdb")


def test_an_admin_binds_one_on_the_page_which_shows_it(cast: Cast) -> None:
    page = cast.page(cast.admin)
    sent = {"name": "CMDB", "role": "pipeline", "source": "cmdb", "namespaces": "", "days": ""}
    assert page.post("/w/ours/tokens/", sent).status_code == 200
    assert 'inventories of <span class="code">' in page.get("/w/ours/tokens/").content.decode()
    wrong = page.post("/w/ours/tokens/", {**sent, "role": "engineer"})
    assert wrong.status_code == 400
    assert "expected the role pipeline" in wrong.content.decode()
