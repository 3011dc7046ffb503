"""Asking is a POST that keeps the question once; opening any address keeps nothing; a question belongs to its asker."""

import csv
import io
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.journal.actions import Action
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.conversation.models import Question
from audit.pipeline import run_due
from tests.support.cast import Cast, bearer
from tests.support.estate import CUSTOMERS, LAKE, send_inventory

pytestmark = pytest.mark.django_db(transaction=True)

ASK = "/w/ours/ask/"


def kept(cast: Cast) -> int:
    """Return how many questions are kept, each with its statement."""
    with in_workspace(cast.workspace.pk):
        count = Question.objects.count()
        assert Statement.objects.filter(action=Action.QUESTION_ANSWERED).count() == count
        return count


def ask(client: Client, text: str) -> str:
    """Ask in the box; return the address of the kept question."""
    answer = client.post(ASK, {"q": text})
    assert answer.status_code == 302
    return str(answer["Location"])


def move_the_lake(cast: Cast, country: str = "DE") -> None:
    """Send the store to another country and work everything off."""
    attributes: dict[str, object] = LAKE["attributes"]  # type: ignore[assignment]  # one of several types in a line
    send_inventory(cast.api["pipeline"], {**LAKE, "attributes": {**attributes, "country": country}})
    run_due(cast.workspace.pk)


def test_opening_a_page_keeps_no_question(estate: Cast) -> None:
    client = estate.page(estate.officer)
    address = ask(client, "/findings")
    assert kept(estate) == 1
    pages = [ASK, f"{ASK}?q=/findings", f"{ASK}?q=anything", f"{ASK}?tool=list_findings", f"{ASK}history/"]
    for page in [*pages, address, address, f"{address.rstrip('/')}.csv"]:
        assert client.get(page).status_code == 200, page
        assert client.head(page).status_code == 200, page
    assert kept(estate) == 1


def test_a_link_with_a_command_opens_its_form_ready_to_send(estate: Cast) -> None:
    page = estate.page(estate.officer).get(ASK, {"q": "/findings severity:critical family:sovereignty"})
    form = page.context["form"]
    assert (form["severity"].value(), form["family"].value()) == ("critical", "SOV")
    assert 'value="/findings severity:critical family:sovereignty"' in page.content.decode()  # and in the box


def test_a_question_has_an_address_that_shows_its_answer(estate: Cast) -> None:
    client = estate.page(estate.officer)
    page = client.get(ask(client, "/findings")).content.decode()
    assert "SOV-04" in page
    assert "1</strong> finding is open" in page
    assert "differ from what was kept" not in page


def test_what_cannot_be_grounded_is_kept_too_and_leads_to_the_forms(estate: Cast) -> None:
    client = estate.page(estate.officer)
    page = client.get(ask(client, "how are we doing?")).content.decode()
    assert "I cannot ground that" in page
    assert f"{ASK}?tool=list_findings" in page
    assert kept(estate) == 1


def test_nothing_in_the_box_asks_nothing(estate: Cast) -> None:
    assert ask(estate.page(estate.officer), "  ") == ASK
    assert kept(estate) == 0


def test_rows_that_have_changed_since_are_told_with_both_revisions(estate: Cast) -> None:
    client = estate.page(estate.officer)
    address = ask(client, "/findings")
    before = client.get(address).context["answer"]
    move_the_lake(estate)
    answer = client.get(address)
    after, page = answer.context["answer"]["kept"], answer.content.decode()
    assert (before["kept"]["changed"], after["changed"]) == (False, True)
    assert after["revision"] == before["kept"]["revision"] < after["now"]
    assert f"at revision {after['revision']}; these rows are of revision {after['now']}" in page
    assert "1 finding is open." in page  # what was said then
    assert "0</strong> findings are open" in page
    assert kept(estate) == 1


def test_a_later_revision_with_the_same_rows_is_not_called_a_change(estate: Cast) -> None:
    client = estate.page(estate.officer)
    address = ask(client, "/checks residency")
    move_the_lake(estate)
    answer = client.get(address)
    said = answer.context["answer"]["kept"]
    assert said["now"] > said["revision"]
    assert not said["changed"]
    assert "its rows are still the same" in answer.content.decode()


def test_ask_again_keeps_another_question_and_the_first_stays(estate: Cast) -> None:
    client = estate.page(estate.officer)
    address = ask(client, "/findings severity:critical")
    again = client.get(address).context["again"]
    assert ask(client, again) != address
    assert kept(estate) == 2
    assert client.get(address).status_code == 200


def test_a_filter_is_taken_away_by_asking_without_it(estate: Cast) -> None:
    client = estate.page(estate.officer)
    filters = client.get(ask(client, "/findings severity:critical family:SOV")).context["filters"]
    assert [each["text"] for each in filters] == ["Severity: critical", "Family: SOV"]
    assert filters[0]["command"] == "/findings family:SOV"


def test_an_answer_of_a_tool_that_has_changed_since_says_so(estate: Cast) -> None:
    with in_workspace(estate.workspace.pk):
        question = Question.objects.create(
            workspace_id=estate.workspace.pk, text="/findings", asked_by=f"member:{estate.officer.pk}", rev=1,
            plan={"tool": "list_findings", "version": 0, "arguments": {}}, answer={"sentence": "7 findings are open."},
            results_digest="0" * 64,
        )  # fmt: skip
    page = estate.page(estate.officer).get(f"{ASK}{question.pk}/").content.decode()
    assert "7 findings are open. This question was answered by a tool that has changed since" in page
    assert estate.page(estate.officer).get(f"{ASK}{question.pk}.csv").status_code == 404


# ---- who may


def test_somebody_elses_question_does_not_exist(estate: Cast) -> None:
    address = ask(estate.page(estate.officer), "/findings")
    key = address.rstrip("/").rpartition("/")[2]
    for user in (estate.auditor, estate.admin, estate.outsider):
        client = estate.page(user)
        assert client.get(address).status_code == 404, user.email
        assert client.get(f"{address.rstrip('/')}.csv").status_code == 404, user.email
    assert estate.page(estate.outsider).get(f"/w/elsewhere/ask/{key}/").status_code == 404
    assert key not in estate.page(estate.auditor).get(f"{ASK}history/").content.decode()


def test_auditor_asks_and_sees_her_own_question(estate: Cast) -> None:
    client = estate.page(estate.auditor)
    address = ask(client, "/findings")
    assert "SOV-04" in client.get(address).content.decode()
    assert address in client.get(f"{ASK}history/").content.decode()


def test_pipeline_token_may_not_ask(estate: Cast) -> None:
    client = bearer(estate.pipeline)
    answer = client.post(ASK, {"q": "/findings"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    assert client.post("/api/v1/questions", {"text": "/findings"}, format="json").status_code == 403
    assert kept(estate) == 0


def test_a_question_from_a_foreign_form_is_refused(estate: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(estate.officer)
    assert client.post(ASK, {"q": "/findings"}).status_code == 403
    assert kept(estate) == 0


@pytest.mark.parametrize("page", ["", "findings/", "assets/", "evidence/", "ask/"])
def test_the_box_of_every_page_asks(estate: Cast, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(estate.officer)
    text = client.get(f"/w/ours/{page}").content.decode()
    box = re.search(r'<form class="ask-form".*?</form>', text, re.DOTALL)
    assert box is not None
    assert 'method="post"' in box[0]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', box[0])
    assert token is not None
    assert client.post(ASK, {"q": "/findings", "csrfmiddlewaretoken": token[1]}).status_code == 302


# ---- CSV and examples


def test_the_csv_of_an_answer_says_its_scope_and_has_every_row_that_a_tool_gives(estate: Cast) -> None:
    client = estate.page(estate.officer)
    address = ask(client, "/changes limit:1")
    answer = client.get(address).context["answer"]
    lines = list(csv.reader(io.StringIO(client.get(answer["csv_href"]).content.decode())))
    total = len(lines) - 2
    assert total > len(answer["table"]["rows"]) == 1
    assert lines[0][0].startswith(f"Scope: verdict changes; no filter; {total} of {total} shown, revision ")
    assert lines[1] == ["judged_at", "check", "kind", "name", "before", "after", "evidence"]
    assert all(line[-1].startswith("statement ") for line in lines[2:])


def test_where_a_list_has_the_same_filters_its_csv_is_the_answers(estate: Cast) -> None:
    client = estate.page(estate.officer)
    for command, path in {
        "/findings family:SOV": "/w/ours/findings.csv?family=SOV",
        "/assets name:cust": "/w/ours/assets.csv?name=cust",
        "/tickets severity:critical": "/w/ours/tickets.csv?severity=critical",
    }.items():
        answer = client.get(ask(client, command)).context["answer"]
        assert answer["csv_href"] == path
        rows = list(csv.DictReader(io.StringIO(client.get(path).getvalue().decode())))
        assert f"{len(rows)} of {len(rows)} shown" in answer["scope"]


def test_a_spreadsheet_runs_nothing_of_an_answers_csv(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": "=cmd|' /C calc'!A0"})
    run_due(cast.workspace.pk)
    client = cast.page(cast.officer)
    text = client.get(f"{ask(client, '/changes').rstrip('/')}.csv").content.decode()
    assert "'=cmd|" in text
    assert ",=cmd|" not in text


def test_the_example_for_evidence_is_the_newest_statement(estate: Cast) -> None:
    client = estate.page(estate.officer)
    with in_workspace(estate.workspace.pk):
        newest = Statement.objects.latest("pk").pk
    help_ = {entry["command"]: entry for entry in client.get(ASK).context["help"]}
    assert help_["/evidence"]["example"] == f"/evidence {newest}"
    page = client.get(ask(client, help_["/evidence"]["example"])).content.decode()
    assert f"Statement {newest}" in page


def test_every_example_of_the_help_is_answered(estate: Cast) -> None:
    client = estate.page(estate.officer)
    for entry in client.get(ASK).context["help"]:
        assert entry["example"], entry["command"]
        assert client.get(ask(client, entry["example"])).context["plan"] is not None, entry["example"]
