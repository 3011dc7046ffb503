"""Bring an inventory in by the page: previewed before it is sent, followed while it is read, accounted for then."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.events.models import Event
from lineage.inventory.imports.models import Import
from tests.lineage.inventory.door import ndjson, row
from tests.support.cast import Cast

PAGE = "/w/ours/inventories/"
GOOD = ndjson(row("storage", "lake", {"country": "DE"}, relations={"at": [{"kind": "site", "uid": "fra1"}]}))
MIXED = ndjson(row("storage", "lake", {"country": "Germany"}), "{broken", row("castle", "x"))


def bring(cast: Cast, body: bytes, name: str = "assets.ndjson", who: str = "engineer", **fields: str) -> Any:
    given = {"source": "cmdb", "mode": "delta"} | fields
    return cast.page(getattr(cast, who)).post(PAGE, given | {"file": SimpleUploadedFile(name, body)})


def preview(cast: Cast, body: bytes, **query: str) -> str:
    given = {"filename": "x", "size": str(len(body))} | query
    client = cast.page(cast.admin)
    answer = client.post(
        f"{PAGE}preview/", body, content_type="application/octet-stream", query_params=given
    )  # fmt: skip
    assert answer.status_code == 200
    return str(answer.content.decode()).replace("<bdi>", "").replace("</bdi>", "")


def test_a_preview_shows_the_format_the_first_rows_and_their_problems_and_keeps_nothing(cast: Cast) -> None:
    shown = preview(cast, MIXED)
    assert "native lines" in shown
    assert "1 of 3 rows can be used" in shown
    assert "expected an assigned ISO 3166" in shown or "country" in shown
    assert "castle" in shown
    shown = preview(cast, GOOD)
    assert "site:fra1" in shown
    assert "1 of 1 row can be used" in shown
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()


def test_a_preview_of_a_beginning_reads_whole_lines_alone(cast: Cast) -> None:
    shown = preview(cast, GOOD + b"\n" + GOOD[:20], size="9000000")
    assert "of its beginning 1 of 1 row can be used" in shown
    plan = json.dumps({"configurationItems": [{"resourceType": "AWS::S3::Bucket", "awsRegion": "eu-west-1"}]}).encode()
    assert "read as a whole once it is sent" in preview(cast, plan, size="9000000")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x00\x01\x02 nothing", "cannot be told"),
        (b'{"kind": "castle", "uid": "x"}', "0 of 1 row"),
        (b"", "0 of 0 rows"),
    ],
)
def test_a_preview_says_why_a_file_cannot_be_used(cast: Cast, body: bytes, said: str) -> None:
    shown = preview(cast, body)
    assert said in shown
    assert "Traceback" not in shown


def test_a_file_is_followed_to_its_result_and_its_problems_can_be_fetched(cast: Cast) -> None:
    sent = bring(cast, MIXED)
    assert sent.status_code == 302
    page = cast.page(cast.engineer)
    waiting = page.get(sent["Location"]).content.decode()
    assert "Received, and waiting to be read." in waiting
    assert f'hx-get="{sent["Location"]}"' in waiting
    run_due(cast.workspace.pk)
    assert "See what became of it" in page.get(sent["Location"], HTTP_HX_REQUEST="true").content.decode()
    done = page.get(sent["Location"]).content.decode()
    assert "What was refused" in done
    problems = page.get(f"{sent['Location']}problems.csv")
    lines = problems.content.decode().splitlines()
    assert lines[0] == "line,field,got,expected,message"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert sent["Location"] in page.get(PAGE).content.decode()


def test_a_large_file_is_an_import_and_is_followed_by_its_parts(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.inventory.imports.receive.WHOLE", 100)
    sent = bring(cast, b"\n".join(ndjson(row("storage", f"lake-{number}")) for number in range(9)))
    with in_workspace(cast.workspace.pk):
        made = Import.objects.get()
    assert sent["Location"] == f"{PAGE}import/{made.pk}/"
    page = cast.page(cast.auditor)
    assert "Taking it in" in page.get(sent["Location"]).content.decode()
    run_due(cast.workspace.pk)
    done = page.get(sent["Location"]).content.decode()
    assert "What became of assets.ndjson" in done
    assert page.get(f"{sent['Location']}problems.csv").content.decode() == "line,field,got,expected,message\r\n"


def test_what_cannot_be_used_is_told_on_the_page_and_nothing_is_kept(cast: Cast) -> None:
    refused = bring(cast, b'{"kind": "castle", "uid": "x"}')
    assert (refused.status_code, "None of 1 row can be used" in refused.content.decode()) == (400, True)
    unknown = bring(cast, b"hello there", name="notes.txt")
    assert (unknown.status_code, "The format cannot be told" in unknown.content.decode()) == (400, True)
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()


def test_a_csv_named_after_its_kind_needs_no_word_about_it(cast: Cast) -> None:
    assert bring(cast, b"uid,country\nlake,DE\n", name="storage.csv").status_code == 302
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Event.objects.get().parameters["kind"] == "storage"


def test_who_may_bring_in_and_who_may_look(cast: Cast) -> None:
    assert bring(cast, GOOD, who="auditor").status_code == 403
    sent = bring(cast, GOOD)
    assert cast.page(cast.auditor).get(sent["Location"]).status_code == 200
    assert cast.page(cast.outsider).get(sent["Location"]).status_code == 404
    assert cast.page(cast.auditor).get(f"{PAGE}import/{uuid.uuid4()}/").status_code == 404
