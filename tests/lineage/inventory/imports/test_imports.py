"""A large file comes in in parts, and is in whole or not at all; what it does is what it would do as one batch."""

import gzip
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts.members.manage import create_workspace
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from lineage.events.models import Event
from lineage.graph.project import project, project_events
from lineage.inventory.imports import judge, receive
from lineage.inventory.imports.models import Import, ImportPart
from lineage.inventory.imports.receive import Sending, receive_file
from lineage.inventory.imports.spool import spooled
from lineage.inventory.models import Asset, RejectedRow, Retirement, Source
from lineage.inventory.receive import Prepared, record
from tests.lineage.inventory.door import ndjson, problems, row, send
from tests.lineage.inventory.test_project import manifest, picture
from tests.support.cast import Cast

DAY = "2025-11-0{}T00:00:00Z"


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files of some kilobytes as others of many megabytes are cut."""
    monkeypatch.setattr(receive, "WHOLE", 300)
    monkeypatch.setattr(judge, "PART", 400)


pytestmark = pytest.mark.usefixtures("_small_parts")


def sites(*numbers: int, day: int = 1, **attributes: Any) -> Iterator[dict[str, Any]]:
    for number in numbers:
        at = DAY.format(day)
        yield row("site", f"site-{number}", {"country": "DE", **attributes}, observed_at=at, name=f"Site {number}")


def started(cast: Cast, answer: Any) -> Import:
    assert answer.status_code == 201, answer.content
    with in_workspace(cast.workspace.pk):
        return Import.objects.get(pk=answer.json()["import_id"])


def told(cast: Cast, answer: Any) -> Any:
    return cast.api["officer"].get(f"/api/v1/imports/{answer.json()['import_id']}").json()


def known(cast: Cast) -> dict[str, str]:
    with in_workspace(cast.workspace.pk):
        return dict(Asset.objects.order_by("uid").values_list("uid", "state"))


def test_a_large_file_is_recorded_in_parts_and_all_of_it_is_projected(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(*sites(*range(20))))
    assert (answer.json()["rows"], answer.json()["accepted"]) == (20, 20)
    before = told(cast, answer)
    assert (before["state"], before["parts_projected"]) == ("projecting", 0)
    assert before["parts"] > 3
    assert before["read"] == before["size"] == len(ndjson(*sites(*range(20))))
    project(cast.workspace.pk)
    after = told(cast, answer)
    assert (after["state"], after["created"], after["parts_projected"]) == ("done", 20, before["parts"])
    assert after["finished_at"] is not None
    assert len(known(cast)) == 20


def test_parts_say_what_one_batch_says(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        manifest(12, day=3),
        *sites(*range(6), day=1),
        *(row("rack", f"rack-{n}", relations={"at": [{"kind": "site", "uid": "site-2"}]}) for n in range(6)),
    ]
    pictures = []
    for whole in (300, 10**9):
        monkeypatch.setattr(receive, "WHOLE", whole)
        workspace = create_workspace(f"of-{whole}", "", actor="command")
        for body in (ndjson(*sites(3, 30, day=2, subtype="edge")), ndjson(*rows)):
            give(workspace, body, mode="full")
        project(workspace.pk)
        with in_workspace(workspace.pk):
            assert (Import.objects.count() > 0) == (whole == 300)
            assert Source.objects.get().received_count == 12
        pictures.append(picture(replace(cast, workspace=workspace)))
    assert pictures[0] == pictures[1]


def give(workspace: Workspace, body: bytes, **said: str) -> None:
    with spooled([body]) as file:
        received = receive_file(Sending(workspace.pk, "command", "cmdb", **said), file)
    if isinstance(received, Prepared):
        with in_workspace(workspace.pk):
            record(received, "command")


def test_the_same_file_again_changes_nothing_and_says_so(cast: Cast) -> None:
    body = ndjson(*sites(*range(20)))
    first = send(cast.api["pipeline"], body)
    project(cast.workspace.pk)
    seen = picture(cast)
    again = send(cast.api["pipeline"], body)
    assert again.json()["receipt"]["duplicate"]
    assert again.json()["import_id"] == first.json()["import_id"]
    assert again.json()["receipt"]["event_id"] == first.json()["receipt"]["event_id"]
    project(cast.workspace.pk)
    assert picture(cast) == seen
    with in_workspace(cast.workspace.pk):
        assert Import.objects.count() == 1


def test_a_file_that_does_not_say_when_it_holds_says_something_new_after_another(cast: Cast) -> None:
    undated = [row("site", f"site-{number}", {"country": "DE"}) for number in range(20)]
    first = send(cast.api["pipeline"], ndjson(*undated))
    same = send(cast.api["pipeline"], ndjson(*undated))
    send(cast.api["pipeline"], ndjson(row("site", "site-1", {"country": "FR"})))
    later = send(cast.api["pipeline"], ndjson(*undated))
    assert same.json()["import_id"] == first.json()["import_id"]
    assert later.json()["import_id"] != first.json()["import_id"]
    project(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.get(uid="site-1").document["country"] == "DE"


def test_a_full_file_retires_once_its_last_part_is_projected_and_not_before(cast: Cast) -> None:
    send(cast.api["pipeline"], ndjson(*sites(1, 2, 77)))
    project(cast.workspace.pk)
    answer = send(cast.api["pipeline"], ndjson(manifest(20, day=2), *sites(*range(20), day=2)), mode="full")
    parts = started(cast, answer).parts
    with in_workspace(cast.workspace.pk):
        events = list(Event.objects.filter(parameters__has_key="import").order_by("id").values_list("pk", flat=True))
    for event in events[:-1]:
        project_one(cast, event)
        assert known(cast)["site-77"] == "reported"
    project_one(cast, events[-1])
    assert known(cast)["site-77"] == "retired"
    assert (told(cast, answer)["retired"], told(cast, answer)["parts_projected"]) == (1, parts)
    with in_workspace(cast.workspace.pk):
        assert not any(ImportPart.objects.values_list("named", flat=True))
        source = Source.objects.get(name="cmdb")
        assert (source.declared_count, source.received_count) == (20, 20)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_parts_may_be_projected_in_any_order(cast: Cast, order: tuple[int, ...]) -> None:
    send(cast.api["pipeline"], ndjson(*sites(1, 77)))
    project(cast.workspace.pk)
    answer = send(cast.api["pipeline"], ndjson(manifest(8, day=2), *sites(*range(8), day=2)), mode="full")
    with in_workspace(cast.workspace.pk):
        events = list(Event.objects.filter(parameters__has_key="import").order_by("id").values_list("pk", flat=True))
    assert len(events) == 3
    for index in order:
        project_one(cast, events[index])
    assert told(cast, answer)["retired"] == 1
    assert sorted(uid for uid, state in known(cast).items() if state == "reported") == [f"site-{n}" for n in range(8)]


def test_a_full_file_that_would_withdraw_much_asks_once_with_its_last_part(cast: Cast) -> None:
    send(cast.api["pipeline"], ndjson(manifest(60, day=1), *sites(*range(60))), mode="full")
    project(cast.workspace.pk)
    send(cast.api["pipeline"], ndjson(manifest(20, day=2), *sites(*range(20), day=2)), mode="full")
    project(cast.workspace.pk)
    assert set(known(cast).values()) == {"reported"}
    with in_workspace(cast.workspace.pk):
        question = Retirement.objects.get()
        assert (question.withdraws, question.known) == (40, 60)
    wanted = {"kind": "retirement.confirm", "payload": {"question": str(question.pk)}, "reason": "It was closed."}
    act = cast.api["engineer"].post("/api/v1/approvals", wanted, format="json").json()
    assert cast.api["officer"].post(f"/api/v1/approvals/{act['id']}/approve", {}, format="json").status_code == 200
    project(cast.workspace.pk)
    assert sorted(known(cast).values()) == ["reported"] * 20 + ["retired"] * 40


def test_a_full_file_of_which_a_line_is_cut_off_retires_nothing(cast: Cast) -> None:
    send(cast.api["pipeline"], ndjson(*sites(1, 77)))
    cut = ndjson(*sites(*range(20), day=2))[:-30]
    answer = send(cast.api["pipeline"], cut, mode="full")
    project(cast.workspace.pk)
    assert (told(cast, answer)["complete"], told(cast, answer)["retired"]) == (False, 0)
    assert known(cast)["site-77"] == "reported"
    assert problems(answer) == [(20, "")]


def test_an_asset_whose_row_was_refused_is_not_retired(cast: Cast) -> None:
    send(cast.api["pipeline"], ndjson(*sites(1, 2)))
    bad = row("site", "site-2", {"country": "DE"}, observed_at="yesterday")
    send(cast.api["pipeline"], ndjson(*sites(*range(10, 20), day=2), bad), mode="full")
    project(cast.workspace.pk)
    assert (known(cast)["site-1"], known(cast)["site-2"]) == ("retired", "reported")


def test_problems_name_their_line_in_the_whole_file_at_the_door_and_when_projected(cast: Cast) -> None:
    rows: list[Any] = list(sites(*range(20)))
    rows[15]["attributes"]["country"] = "Germany"
    rows[18] = "{"
    answer = send(cast.api["pipeline"], ndjson(*rows))
    assert problems(answer) == [(16, "country"), (19, "")]
    project(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert list(RejectedRow.objects.order_by("line").values_list("line", "field")) == problems(answer)
    assert told(cast, answer)["rejected"] == 2


def test_an_asset_that_two_parts_name_for_one_instant_counts_once_and_is_told(cast: Cast) -> None:
    rows = [*sites(*range(15)), *sites(3, subtype="other")]
    answer = send(cast.api["pipeline"], ndjson(manifest(16), *rows), mode="full")
    assert (answer.json()["accepted"], answer.json()["population"]["complete"]) == (15, False)
    assert answer.json()["rejected_total"] == 1
    project(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert list(RejectedRow.objects.values_list("line", "got")) == [(17, '"site-3" again')]
        assert "subtype" not in Asset.objects.get(uid="site-3").document


def test_csv_of_any_size_comes_in_too(cast: Cast) -> None:
    lines = ["uid,name,country,oddity", *(f'site-{number},"Site\n{number}",DE,x' for number in range(40))]
    answer = send(cast.api["pipeline"], "\n".join(lines).encode(), format="csv", kind="site")
    assert (answer.json()["accepted"], answer.json()["rejected_total"]) == (40, 1)
    project(cast.workspace.pk)
    assert (told(cast, answer)["created"], told(cast, answer)["state"]) == (40, "done")
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.get(uid="site-39").name == "Site\n39"
        assert RejectedRow.objects.count() == 1


def test_a_compressed_file_is_read_as_what_it_holds(cast: Cast) -> None:
    packed = gzip.compress(ndjson(*sites(*range(20))))
    assert send(cast.api["pipeline"], packed).json()["accepted"] == 20


def test_a_compressed_file_that_is_cut_off_leaves_nothing_behind(cast: Cast) -> None:
    packed = gzip.compress(ndjson(*sites(*range(500))))
    answer = send(cast.api["pipeline"], packed[: len(packed) // 2])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "gzip_malformed")
    nothing_of_it(cast)


def test_a_file_that_grows_a_hundredfold_is_refused_while_it_grows(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], gzip.compress(b" " * 40_000_000))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert "MAX_INVENTORY_FILE_MIB" in answer.json()["error"]["message"]
    nothing_of_it(cast)


def test_a_file_beyond_the_limit_is_refused(cast: Cast, settings: Any) -> None:
    settings.AUDITLINE_MAX_INVENTORY_FILE = 1000
    answer = send(cast.api["pipeline"], ndjson(*sites(*range(20))))
    assert (answer.status_code, answer.json()["error"]["details"]["limit"]) == (413, 1000)
    nothing_of_it(cast)


def test_a_document_that_is_read_whole_has_its_own_limit(cast: Cast, settings: Any) -> None:
    settings.AUDITLINE_MAX_INVENTORY_BODY = 1000
    answer = send(cast.api["pipeline"], json.dumps(list(sites(*range(20)))).encode())
    assert answer.status_code == 413
    assert "MAX_INVENTORY_MIB" in answer.json()["error"]["message"]


def test_a_file_without_one_usable_row_fails_and_says_why(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(*(row("castle", f"c-{number}") for number in range(40))))
    assert answer.json()["error"]["code"] == "inventory_no_row"
    [failed] = cast.api["officer"].get("/api/v1/imports").json()["results"]
    assert (failed["state"], failed["rejected"]) == ("failed", 40)
    assert "None of 40 rows can be used" in failed["error"]
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()


def test_a_file_that_failed_half_way_can_be_sent_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    body = ndjson(*sites(*range(20)))
    with monkeypatch.context() as broken:
        broken.setattr(receive, "AT_ONCE", 0)  # no statement can be made: the step after judging breaks off
        with pytest.raises(ValueError, match="arg 3"):
            send(cast.api["pipeline"], body)
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()
        assert Import.objects.get().state == "failed"
    answer = send(cast.api["pipeline"], body)
    project(cast.workspace.pk)
    assert told(cast, answer)["created"] == 20


def test_an_import_that_nobody_reads_any_more_shows_as_failed(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(*sites(*range(20))))
    with in_workspace(cast.workspace.pk):
        Import.objects.update(state="judging", touched_at="2020-01-01T00:00:00Z")
    assert told(cast, answer)["state"] == "failed"
    send(cast.api["pipeline"], ndjson(*sites(*range(21))))
    with in_workspace(cast.workspace.pk):
        assert Import.objects.filter(state="failed", error__contains="send it again").count() == 1


def nothing_of_it(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()
        assert not Import.objects.exists()


def project_one(cast: Cast, event: Any) -> None:
    """Project one event as the stage does, whatever else waits."""
    with in_workspace(cast.workspace.pk):
        project_events([event])
