"""The page of approvals: what waits in plain words, who may decide it, and what was decided."""

import datetime
import re
import uuid
from typing import Any

from django.utils import timezone

from accounts.approvals.models import GovernedAct
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from lineage.graph.masking import approved_jobs
from lineage.graph.project import project
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.openlineage import post, run_event

PAGE = "/w/ours/approvals/"


def page(cast: Cast, role: str) -> str:
    return cast.page(getattr(cast, role)).get(PAGE).content.decode()


def send(cast: Cast, role: str, path: str, **fields: str) -> Any:
    return cast.page(getattr(cast, role)).post(f"{PAGE}{path}", fields)


def propose_off(cast: Cast) -> GovernedAct:
    answer = send(cast, "admin", "propose/workspace.four_eyes/", on="off", reason="Alone <b>this</b> week.")
    assert answer.status_code == 302, answer.content
    with in_workspace(cast.workspace.pk):
        return GovernedAct.objects.get()


def four_eyes(cast: Cast) -> bool:
    return Workspace.objects.get(pk=cast.workspace.pk).four_eyes


def test_an_act_waits_in_plain_words_and_officer_may_decide_it(cast: Cast) -> None:
    act = propose_off(cast)
    seen = page(cast, "officer")
    assert "Turn four eyes off: from then on one person alone" in seen
    assert "Alone &lt;b&gt;this&lt;/b&gt; week." in seen
    assert "admin@ours.example" in seen
    assert f'action="{PAGE}{act.pk}/approve/"' in seen
    assert f'formaction="{PAGE}{act.pk}/reject/"' in seen
    assert "withdraw/" not in seen
    assert re.search(r'Approvals<span class="count">1<span class="unseen"> waiting', seen)


def test_the_proposer_sees_that_another_decides_and_may_withdraw(cast: Cast) -> None:
    act = propose_off(cast)
    seen = page(cast, "admin")
    assert "Another person decides" in seen
    assert "/approve/" not in seen
    assert f'action="{PAGE}{act.pk}/withdraw/"' in seen
    assert send(cast, "admin", f"{act.pk}/withdraw/").status_code == 302
    assert "withdrawn" in page(cast, "admin")


def test_the_proposer_who_posts_all_the_same_is_refused_in_words(cast: Cast) -> None:
    act = propose_off(cast)
    answer = send(cast, "admin", f"{act.pk}/approve/")
    assert answer.status_code == 403
    assert "another person" in answer.content.decode()
    assert four_eyes(cast)


def test_officer_approves_and_the_page_says_what_was_decided_by_whom(cast: Cast) -> None:
    act = propose_off(cast)
    answer = send(cast, "officer", f"{act.pk}/approve/", digest=bytes(act.digest).hex(), note="Seen.")
    assert answer.status_code == 302
    assert not four_eyes(cast)
    seen = page(cast, "auditor")
    assert "Four eyes are off" in seen
    assert "“<bdi>Seen.</bdi>”" in seen
    assert "officer@ours.example" in seen
    assert "Nothing waits" in seen


def test_a_page_that_showed_another_act_decides_nothing(cast: Cast) -> None:
    act = propose_off(cast)
    assert send(cast, "officer", f"{act.pk}/reject/", digest="0" * 64).status_code == 400
    with in_workspace(cast.workspace.pk):
        assert GovernedAct.objects.get().state == "proposed"


def approve_a_masking(cast: Cast) -> GovernedAct:
    """Let the masking of the job "hash names" be approved, as people do it on the page; return the act."""
    post(cast.api["pipeline"], run_event(job="hash names"))
    project(cast.workspace.pk)
    until = (timezone.now() + datetime.timedelta(days=30)).date().isoformat()
    fields = {"job": "hash names", "purpose": "Figures", "until": until, "reason": "Names are hashed."}
    assert send(cast, "engineer", "propose/masking.approve/", **fields).status_code == 302
    with in_workspace(cast.workspace.pk):
        act, job = GovernedAct.objects.get(), Asset.objects.get(kind="job").pk
    assert send(cast, "officer", f"{act.pk}/approve/").status_code == 302
    with in_workspace(cast.workspace.pk):
        assert approved_jobs(timezone.now()) == {job}
    return act


def test_engineer_proposes_a_masking_by_the_name_of_its_job_and_officer_approves(cast: Cast) -> None:
    act = approve_a_masking(cast)
    assert "hash names: Figures" in page(cast, "officer")  # offered to be revoked
    revoke = send(cast, "officer", "propose/masking.revoke/", act=str(act.pk), reason="The hash was reversed.")
    assert revoke.status_code == 302
    assert "pass it again" in page(cast, "admin")


def test_a_proposal_that_cannot_be_meant_comes_back_with_what_to_correct(cast: Cast) -> None:
    fields = {"job": "nowhere", "purpose": "", "until": "soon", "reason": ""}
    answer = send(cast, "engineer", "propose/masking.approve/", **fields)
    seen = answer.content.decode()
    assert answer.status_code == 400
    for said in ("of which there is no job", "Got no purpose", "Got something that is no day", "Got no reason"):
        assert said in seen
    late = {"job": "x", "purpose": "x", "until": "2020-01-01", "reason": "x"}
    assert send(cast, "engineer", "propose/masking.approve/", **late).status_code == 400
    assert send(cast, "engineer", "propose/nothing.such/").status_code == 400


def offered_to(cast: Cast, *roles: str) -> dict[str, list[str]]:
    return {role: re.findall(r"/propose/([a-z_.]+)/", page(cast, role)) for role in roles}


def test_a_revocation_is_offered_only_where_there_is_something_to_revoke(cast: Cast) -> None:
    assert offered_to(cast, "officer") == {"officer": ["masking.approve"]}
    send(cast, "officer", "propose/masking.revoke/", act="nothing", reason="x")
    assert offered_to(cast, "officer") == {"officer": ["masking.approve"]}


def test_the_form_of_four_eyes_says_what_holds_now(cast: Cast) -> None:
    assert "Now: two persons." in page(cast, "admin")


def test_each_role_is_offered_what_it_may_propose(cast: Cast) -> None:
    approve_a_masking(cast)
    assert offered_to(cast, "admin", "officer", "auditor") == {
        "admin": ["workspace.four_eyes", "masking.approve", "masking.revoke"],
        "officer": ["masking.approve", "masking.revoke"],
        "auditor": [],
    }


def test_auditor_and_engineer_decide_nothing_and_outsider_sees_nothing(cast: Cast) -> None:
    act = propose_off(cast)
    for role in ("auditor", "engineer"):
        assert "/approve/" not in page(cast, role)
        assert send(cast, role, f"{act.pk}/approve/").status_code == 403
    assert cast.page(cast.outsider).get(PAGE).status_code == 404
    assert cast.page(cast.officer).post(f"{PAGE}{uuid.uuid4()}/approve/").status_code == 404
    assert four_eyes(cast)
