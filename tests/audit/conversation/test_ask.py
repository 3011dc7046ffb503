"""Slash commands answer with the numbers of the queries, and what cannot be grounded is refused with what would do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from audit.conversation.answer import Answer, ask
from audit.conversation.models import Question
from audit.conversation.planner.plan import BY_SLASH, TOOLS
from audit.conversation.tools import RUN
from audit.findings.queries import findings
from audit.tickets.queries import tickets
from lineage.inventory.queries import AssetFilters, count_assets, list_sources
from policies.checklists.models import Check
from policies.evaluation.queries import current_verdicts, posture, transitions, will_fail
from tests.support.cast import Cast
from tests.support.estate import judged_estate

pytestmark = pytest.mark.django_db(transaction=True)

COUNTS: dict[str, Callable[[], int]] = {
    "/findings": lambda: findings(state="open").count(),
    "/verdicts family:sovereignty": lambda: current_verdicts(family="SOV").count(),
    "/posture": lambda: len(posture()),
    "/assets dataset": lambda: count_assets(AssetFilters(kind="dataset")),
    "/tickets": lambda: tickets(state="open").count(),
    "/sources": lambda: len(list_sources(timezone.now())),
    "/changes check:SOV-04": lambda: transitions(check="SOV-04").count(),
    "/will-fail days:90": lambda: len(will_fail(timezone.now() + timedelta(days=90), 1000)),
    "/evidence": lambda: 1,
    "/checks residency": lambda: Check.objects.filter(version__active=True, question__icontains="residency").count(),
}
NEVER_EMPTY = {"/findings", "/verdicts family:sovereignty", "/posture", "/assets dataset", "/tickets", "/sources"}


def said(cast: Cast, text: str) -> Answer:
    principal = Principal(cast.workspace.pk, Role.OFFICER, f"member:{cast.officer.pk}", "officer")
    with in_workspace(cast.workspace.pk):
        return ask(text, principal)


def post(cast: Cast, who: str, body: dict[str, Any]) -> Any:
    return cast.api[who].post("/api/v1/questions", body, format="json")


def test_each_command_answers_with_the_count_of_its_query(cast: Cast) -> None:
    judged_estate(cast)
    assert {text.split()[0].removeprefix("/") for text in COUNTS} == set(BY_SLASH)
    for text, count in COUNTS.items():
        with in_workspace(cast.workspace.pk):
            expected = count()
            statement = Statement.objects.latest("id").pk
        answer = said(cast, f"{text} {statement}" if text == "/evidence" else text)
        assert answer.result is not None, answer.sentence
        assert answer.result.total == expected, text
        assert expected or text not in NEVER_EMPTY, text


def test_an_unknown_filter_is_refused_with_the_names_that_are_known(cast: Cast) -> None:
    answer = said(cast, "/findings colour:red")
    assert answer.result is None
    for name in TOOLS["list_findings"].takes.model_fields:
        assert name in answer.sentence


def test_free_words_are_not_grounded_and_commands_are_suggested(cast: Cast) -> None:
    answer = said(cast, "how are we doing?")
    assert answer.result is None
    assert answer.sentence.startswith("I cannot ground that.")
    assert set(answer.suggestions) == {f"/{name}" for name in BY_SLASH}
    with in_workspace(cast.workspace.pk):
        assert Question.objects.get().plan == {}


def test_every_tool_that_can_be_planned_can_be_run() -> None:
    assert set(RUN) == set(TOOLS)


def test_an_officer_may_ask_by_the_api_and_a_pipeline_may_not(cast: Cast) -> None:
    judged_estate(cast)
    answer = post(cast, "officer", {"text": "/findings"})
    assert answer.status_code == 200
    assert answer.json()["grounded"] is True
    assert answer.json()["total"] > 0
    assert post(cast, "pipeline", {"text": "/findings"}).status_code == 403
