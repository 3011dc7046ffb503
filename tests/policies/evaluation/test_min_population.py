"""A check that needs a number of subjects fails without them, once, on the organisation."""

import datetime
import itertools
import json
import uuid
from collections import Counter
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.journal.canonical.batch import leaf_proof, verify_leaf
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.tickets.models import Ticket
from policies.checklists.queries import ready_checklists
from policies.evaluation.evaluate import evaluate
from policies.evaluation.full import request_full_of
from policies.evaluation.lookups import count_of
from policies.evaluation.minimum import not_carried, subject_counts
from policies.evaluation.models import JudgedLeaf, Transition, VerdictCount, VerdictVector
from policies.evaluation.queries import change_in_leaf, current_verdicts, posture, transitions, verdict_row
from policies.rules.verdicts import Code
from tests.policies.checklists.support import bend, refused
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import drain

pytestmark = pytest.mark.django_db
CHECK = "SKL-07"  # at least one person of the management body, trained within a year
NEEDING = {"SEC-09", "SEC-11", "SKL-07"}


def organisation(uid: str = "bank", parent: str = "") -> dict[str, Any]:
    relations = {"organisation": [{"kind": "organisation", "uid": parent}]} if parent else {}
    return {"kind": "organisation", "uid": uid, "name": uid.title(), "relations": relations}


def person(uid: str = "director", **facts: object) -> dict[str, Any]:
    return {"kind": "person", "uid": uid, "name": uid, "attributes": facts}


def trained(days: int = 10) -> str:
    return (timezone.now() - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def tell(cast: Cast, *lines: dict[str, Any], source: str = "hr", mode: str = "delta") -> None:
    send_inventory(cast.api["pipeline"], *lines, source=source, mode=mode)
    drain(cast.workspace.pk)


def full(cast: Cast, source: str, *lines: dict[str, Any]) -> None:
    """Send a full inventory: what is not in it is retired."""
    stated = {"count": len(lines), "generated_at": timezone.now().isoformat()}
    tell(cast, {"manifest": stated}, *lines, source=source, mode="full")


def verdicts(cast: Cast, check: str = CHECK) -> dict[str, str]:
    with in_workspace(cast.workspace.pk):
        return {row.asset.uid: str(verdict_row(row)["verdict"]) for row in current_verdicts(check=check)}


def findings(cast: Cast, check: str = CHECK) -> list[tuple[str, str, int]]:
    with in_workspace(cast.workspace.pk):
        rows = Finding.objects.filter(check_id=check).order_by("uid")
        return list(rows.values_list("uid", "state", "reopened"))


def assert_roll_ups_equal_vectors(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        counted = dict(VerdictCount.objects.values_list("code").annotate(n=Sum("count")).filter(n__gt=0))
        assert counted == Counter(byte for row in VerdictVector.objects.all() for byte in bytes(row.codes) if byte)


def test_none_is_a_failure_until_one_arrives_and_again_when_it_is_gone(cast: Cast) -> None:
    tell(cast, organisation(), source="portfolio")
    assert verdicts(cast) == {"bank": "fail"}
    assert findings(cast) == [("bank", "open", 0)]

    full(cast, "hr", person(management_body=True, cyber_training_at=trained()))
    assert verdicts(cast) == {"bank": "pass", "director": "pass"}
    assert findings(cast) == [("bank", "resolved", 0)]

    full(cast, "hr", person("clerk", management_body=False))
    assert verdicts(cast) == {"bank": "fail", "clerk": "not_applicable"}
    assert findings(cast) == [("bank", "open", 1)]
    with in_workspace(cast.workspace.pk):
        assert list(Ticket.objects.filter(finding__check_id=CHECK).values_list("state", flat=True)) == ["open"]
    assert_roll_ups_equal_vectors(cast)


def test_a_subject_that_changes_its_part_changes_the_number(cast: Cast) -> None:
    tell(cast, organisation(), person(management_body=True, cyber_training_at=trained(400)))
    assert verdicts(cast) == {"bank": "pass", "director": "fail"}
    tell(cast, person(management_body=False))
    assert verdicts(cast) == {"bank": "fail", "director": "not_applicable"}
    assert findings(cast) == [("bank", "open", 0), ("director", "resolved", 0)]


def test_every_check_that_needs_subjects_is_reported_once(cast: Cast) -> None:
    tell(cast, organisation())
    tell(cast, organisation("another"))
    with in_workspace(cast.workspace.pk):
        open_ = Finding.objects.filter(state="open").values_list("check_id", "uid")
        assert sorted(open_) == [(check, "another") for check in sorted(NEEDING)]
        declared = {c.id for each in ready_checklists().values() for c in each.checklist.checks if c.min_population}
    assert declared == NEEDING


def test_one_whose_part_is_not_known_makes_it_unknown(cast: Cast) -> None:
    tell(cast, organisation(), person(cyber_training_at=trained()))
    assert verdicts(cast) == {"bank": "unknown", "director": "unknown"}
    assert findings(cast) == []
    with in_workspace(cast.workspace.pk):
        (count,) = [each for each in subject_counts() if each.check.id == CHECK]
        assert (count.counted, count.undecided, count.code) == (0, 1, Code.UNKNOWN)


def test_one_that_is_concerned_for_sure_counts_though_its_own_verdict_is_unknown(cast: Cast) -> None:
    tell(cast, organisation(), person(management_body=True))
    assert verdicts(cast) == {"bank": "pass", "director": "unknown"}
    tell(cast, {"kind": "policy_document", "uid": "p", "attributes": {"subtype": "playbook", "required": True}})
    assert verdicts(cast, "SEC-11") == {"bank": "pass", "p": "manual"}


def test_without_an_organisation_it_is_named_and_never_a_pass(cast: Cast) -> None:
    tell(cast, person("clerk", management_body=False))
    assert verdicts(cast) == {"clerk": "not_applicable"}
    with in_workspace(cast.workspace.pk):
        assert {each.check.id for each in not_carried()} == NEEDING
        tally = {family.family: family for family in posture()}["SKL"].checks[CHECK]
        assert (tally.pass_rate, tally.concerned, tally.population) == (None, 0, 1)
    told = cast.api["auditor"].get("/api/v1/posture").json()["too_few_subjects"]
    assert {row["check"]: (row["verdict"], row["organisation"]) for row in told} == dict.fromkeys(
        sorted(NEEDING), ("fail", None)
    )

    tell(cast, organisation())
    assert verdicts(cast) == {"bank": "fail", "clerk": "not_applicable"}
    with in_workspace(cast.workspace.pk):
        assert not_carried() == []
    told = cast.api["auditor"].get("/api/v1/posture").json()["too_few_subjects"]
    assert {row["organisation"] for row in told} == {str(carrier_id(cast, "bank"))}


def carrier_id(cast: Cast, uid: str) -> uuid.UUID:
    with in_workspace(cast.workspace.pk):
        return current_verdicts(check=CHECK).get(asset__uid=uid).asset_id  # type: ignore[no-any-return]


def test_pages_say_that_there_are_no_subjects_and_who_carries_it(cast: Cast) -> None:
    tell(cast, person("clerk", management_body=False))
    page = cast.page(cast.auditor)
    shown = {
        path: page.get(f"/w/{cast.workspace.slug}{path}").content.decode()
        for path in ("/", "/checklists/SKL/", f"/checklists/SKL/{CHECK}/")
    }
    for path, text in shown.items():
        assert "no organisation is reported" in text, path
        assert "100 %" not in text, path
    assert "no subjects" in shown["/checklists/SKL/"]
    assert "no subjects" in shown[f"/checklists/SKL/{CHECK}/"]

    tell(cast, organisation())
    for path in shown:
        text = page.get(f"/w/{cast.workspace.slug}{path}").content.decode()
        assert "no organisation is reported" not in text, path
    assert "Bank" in text
    assert "no subjects" in text  # the organisation is none


def test_the_organisation_above_the_others_carries_it(cast: Cast) -> None:
    tell(cast, organisation("branch", parent="group"))
    assert verdicts(cast) == {"branch": "fail"}  # the group is only named
    tell(cast, organisation("group"))
    assert verdicts(cast) == {"group": "fail"}
    assert findings(cast) == [("branch", "resolved", 0), ("group", "open", 0)]
    assert_roll_ups_equal_vectors(cast)


def test_a_retired_organisation_hands_it_on(cast: Cast) -> None:
    tell(cast, organisation("b"), source="other")
    full(cast, "portfolio", organisation("a"))
    assert verdicts(cast) == {"a": "fail"}
    full(cast, "portfolio")
    assert verdicts(cast) == {"b": "fail"}
    assert_roll_ups_equal_vectors(cast)


def test_the_order_of_arrival_decides_nothing(cast: Cast) -> None:
    ends = []
    estate = {"one": organisation("z"), "two": organisation("a"), "three": person("x", management_body=True)}
    for order in itertools.permutations(estate):
        for source in order:
            full(cast, source, estate[source])
        ends.append({check: verdicts(cast, check) for check in sorted(NEEDING)})
        for source in order:
            full(cast, source)
        assert verdicts(cast) == {}
    assert ends[0][CHECK] == {"a": "pass", "x": "unknown"}
    assert all(end == ends[0] for end in ends)


def test_the_leaf_states_the_counts_and_is_in_its_statement(cast: Cast) -> None:
    tell(cast, organisation(), person(cyber_training_at=trained()))
    with in_workspace(cast.workspace.pk):
        change = transitions(check=CHECK).get(asset__uid="bank")
        assert change.reason == "population"
        read = {fact["path"]: fact["value"] for fact in change_in_leaf(change)["facts"]}
        assert read == {"subjects.needed": 1, "subjects.counted": 0, "subjects.undecided": 1}
        rows = JudgedLeaf.objects.filter(statement=change.statement).order_by("leaf_index")
        leaves = [bytes(row.leaf) for row in rows]
        commitment = Statement.objects.get(pk=change.statement).body["leaves"]
        place = change.leaf_index
        assert json.loads(leaves[place])["asset"] == {"kind": "organisation", "uid": "bank"}
        assert verify_leaf(leaves[place], place, commitment, leaf_proof(leaves, place))
        forged = leaves[place].replace(b'"value":0', b'"value":1')
        assert not verify_leaf(forged, place, commitment, leaf_proof(leaves, place))


def test_nothing_is_written_again_where_the_numbers_stay(cast: Cast) -> None:
    tell(cast, organisation(), person(management_body=True, cyber_training_at=trained()))
    with in_workspace(cast.workspace.pk):
        before = Transition.objects.count()
    tell(cast, person("second", management_body=True, cyber_training_at=trained()))
    request_full_of(cast.workspace.pk)
    evaluate(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert {change.uid for change in Transition.objects.order_by("id")[before:]} == {"second"}


def test_lists_narrowed_by_kind_have_as_many_rows_as_their_total(cast: Cast) -> None:
    tell(cast, organisation(), person(management_body=True), person("clerk"))
    with in_workspace(cast.workspace.pk):
        for kind, check, verdict in itertools.product(("", "person", "organisation"), ("", CHECK), ("", "pass")):
            listed = current_verdicts(kind=kind, check=check, verdict=verdict).count()
            assert count_of(check, "", verdict, "none", kind) == listed, (kind, check, verdict)
        assert count_of(CHECK, "", "", "none", "organisation") == 1


def test_a_check_of_organisations_may_not_ask_for_a_number_of_them() -> None:
    problems = refused(bend("subject: identity", "subject: organisation\n    min_population: 1"))
    assert "no min_population" in " ".join(map(str, problems))
