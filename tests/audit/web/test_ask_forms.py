"""Every tool asked by form, by slash command and by API says the same; what a form refuses is told beside its field.

The tests run over the registry: a new tool is covered by itself, or fails here until an example is named.
"""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.conversation.models import Question
from audit.conversation.planner.plan import TOOLS, plan_of
from audit.conversation.planner.slash import command_of, parse
from audit.web.tool_forms import NOT_ARGUMENTS, ToolForm
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

ASK = "/w/ours/ask/"
VALUES = {
    "family": "SOV",
    "kind": "dataset",
    "check": "SOV-04",
    "country": "DE",
    "where": "owner=risk",
    "since": "2026-01-01",
    "limit": "7",
    "days": "90",
    "text": "residency",
    "statement": "",  # the newest of the estate
}
"""What is filled in by name of the parameter; any other text is "customers", any other choice its last one."""


def kept(cast: Cast) -> list[Question]:
    with in_workspace(cast.workspace.pk):
        return list(Question.objects.order_by("pk"))


def filled_in(cast: Cast, tool: str) -> dict[str, str]:
    """Return a value for every field of the form, as a browser would send them."""
    with in_workspace(cast.workspace.pk):
        statement = str(Statement.objects.latest("pk").pk)
    found = {}
    for name, field in ToolForm(TOOLS[tool]).fields.items():
        choices = [value for value, _ in getattr(field.widget, "choices", []) if value]
        if field.widget.__class__.__name__ == "CheckboxInput":
            found[name] = "on"
        else:
            found[name] = VALUES.get(name, choices[-1] if choices else "customers") or statement
    return found


def shown(client: Client, tool: str, given: dict[str, str]) -> str:
    """Send the form; return the address of the kept answer."""
    answer = client.post(ASK, {"tool": tool, **given})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("everything", [False, True], ids=["only what is needed", "every field"])
def test_by_form_by_command_and_by_api_it_is_the_same(estate: Cast, tool: str, everything: bool) -> None:
    fields = ToolForm(TOOLS[tool]).fields
    given = {name: value for name, value in filled_in(estate, tool).items() if everything or fields[name].required}
    client = estate.page(estate.officer)
    page = client.get(shown(client, tool, given)).content.decode()
    by_form = kept(estate)[-1]
    client.post(ASK, {"q": by_form.text})
    by_command = kept(estate)[-1]
    arguments = {name: True if value == "on" else value for name, value in given.items()}
    by_api = (
        estate.api["officer"].post("/api/v1/questions", {"tool": tool, "arguments": arguments}, format="json").json()
    )
    assert len(kept(estate)) == 3
    assert by_form.text.startswith(f"/{TOOLS[tool].slash}")
    assert by_form.plan == by_command.plan
    assert by_form.results_digest == by_command.results_digest == by_api["digest"]
    assert by_form.answer == by_command.answer
    assert plan_of(tool, by_form.plan["arguments"]).arguments == plan_of(tool, by_api["plan"]["arguments"]).arguments
    assert f"{by_api['total']:,} shown" in page


@pytest.mark.parametrize("tool", TOOLS)
def test_the_edit_link_opens_the_form_with_what_was_asked(estate: Cast, tool: str) -> None:
    client, given = estate.page(estate.officer), filled_in(estate, tool)
    address = shown(client, tool, given)
    edit = client.get(address).context["plan"]["edit_href"]
    form = client.get(edit).context["form"]
    assert form.command == kept(estate)[-1].text
    again = {name: "on" if form[name].value() is True else form[name].value() for name in form.fields}
    shown(client, tool, {name: value for name, value in again.items() if value not in (None, False)})
    first, second = kept(estate)
    assert first.plan == second.plan
    assert len(first.plan["arguments"]) >= len(given) - 2  # a default that was chosen is not said


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_opens_as_a_form_with_labels_and_help_for_every_parameter(estate: Cast, tool: str) -> None:
    page = estate.page(estate.auditor).get(ASK, {"tool": tool}).content.decode()
    for name, parameter in TOOLS[tool].takes.model_fields.items():
        assert parameter.description, f"{tool}.{name} has no description to show as help"
        assert f'<label for="id_{name}">' in page
        assert f'name="{name}"' in page
    assert set(TOOLS[tool].takes.model_fields) & NOT_ARGUMENTS == set()


def test_what_has_a_catalogue_is_chosen_and_what_has_bounds_is_bounded(estate: Cast) -> None:
    page = estate.page(estate.officer).get(ASK, {"tool": "list_findings"}).content.decode()
    assert '<option value="SOV">' in page
    assert '<option value="dataset">' in page
    assert '<option value="critical">' in page
    assert 'min="1" max="200"' in page
    assert 'type="checkbox" name="overdue"' in page
    assert 'type="date"' in estate.page(estate.officer).get(ASK, {"tool": "list_changes"}).content.decode()


REFUSED = {
    "a number beyond its bound": ("list_findings", {"limit": "900"}, "limit", "expected less than or equal to 200"),
    "a word for a number": ("will_fail", {"days": "soon"}, "days", "expected a valid integer"),
    "a kind that is not known": ("list_assets", {"kind": "castle"}, "kind", "expected a kind of the vocabulary"),
    "a family that is not known": ("list_verdicts", {"family": "XXX"}, "family", "expected one of compute"),
    "a state that is not known": ("list_tickets", {"state": "lost"}, "state", "expected 'open' or 'closed'."),
    "a day that does not exist": ("list_changes", {"since": "2026-02-31"}, "since", "expected a valid date"),
    "no statement": ("show_evidence", {"statement": ""}, "statement", "Got nothing, expected id of a statement"),
    "something that is no id": ("show_evidence", {"statement": "first"}, "statement", "expected a valid UUID"),
    "a country in three letters": ("list_assets", {"country": "DEU"}, "country", "expected pattern"),
    "a NUL": ("list_findings", {"owner": "a\x00b"}, "owner", "without a NUL character"),
}


@pytest.mark.parametrize(("tool", "given", "field", "told"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_value_is_told_beside_its_field_and_nothing_typed_is_lost(
    cast: Cast, tool: str, given: dict[str, str], field: str, told: str
) -> None:
    beside = {name: "77" for name in ("limit",) if name not in given}
    answer = cast.page(cast.officer).post(ASK, {"tool": tool, **given, **beside})
    page, form = answer.content.decode(), answer.context["form"]
    assert answer.status_code == 400
    assert told in str(form.errors.get_json_data().get(field)), form.errors
    assert f'id="id_{field}_error"' in page
    assert 'aria-invalid="true"' in page
    assert {name: form[name].value() for name in [*given, *beside]} == {**given, **beside}
    assert "Nothing was asked" in page
    assert kept(cast) == []


def test_a_name_that_the_tool_does_not_take_is_refused_and_not_dropped(cast: Cast) -> None:
    answer = cast.page(cast.officer).post(ASK, {"tool": "list_sources", "colour": "red"})
    assert (answer.status_code, kept(cast)) == (400, [])
    assert "colour: /sources does not take it".capitalize() in answer.content.decode()


def test_a_tool_that_is_not_there_is_404(cast: Cast) -> None:
    client = cast.page(cast.officer)
    assert client.get(ASK, {"tool": "drop_tables"}).status_code == 404
    assert client.post(ASK, {"tool": "drop_tables"}).status_code == 404
    assert kept(cast) == []


ODD = ["two words", 'say "yes"', "back\\slash", "it's", "a:b", "limit:1", "new\nline", "ünï", "None", "-", "#"]


@pytest.mark.parametrize("value", ODD)
def test_a_command_made_from_a_form_reads_back_as_the_same_plan(cast: Cast, value: str) -> None:
    client = cast.page(cast.officer)
    shown(client, "list_findings", {"owner": value, "overdue": "on"})
    question = kept(cast)[0]
    assert question.plan["arguments"] == {"owner": value, "overdue": True}
    assert parse(question.text).as_json() == question.plan
    assert parse(question.text).arguments == plan_of("list_findings", question.plan["arguments"]).arguments


def test_a_command_says_a_day_and_a_no_as_people_do() -> None:
    plan: Any = plan_of("list_changes", {"since": date(2026, 11, 1)})
    assert command_of(plan) == "/changes since:2026-11-01"
    assert command_of(plan_of("list_sources", {"silent": False})) == "/sources silent:no"
