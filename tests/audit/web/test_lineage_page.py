"""The Lineage page: its tables say what the API answers, whoever reads them, and what names hold does nothing."""

import html
import json
import re
from itertools import pairwise
from typing import Any

import pytest

from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, drain, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

PAGE = "/w/ours/lineage/"
HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7|add:7 }} \u202etxt"
NAMESPACE = "postgres://db:5432"


def step(source: str, target: str) -> dict[str, Any]:
    field = {"namespace": NAMESPACE, "name": source, "field": "id"}
    masked = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}]
    columns = facet(fields={"key": {"inputFields": [field | {"transformations": masked}]}})
    outputs = [dataset(target, columnLineage=columns)]
    return run_event(job=f"{source}-{target}", run=new_run(), inputs=[dataset(source)], outputs=outputs)


@pytest.fixture
def chain(cast: Cast) -> Cast:
    """a -> b -> c -> d, b -> x; all of it in Ireland."""
    send_and_project(cast.workspace.pk, [step(*pair) for pair in ("ab", "bc", "cd", "bx")])
    lake = {"kind": "storage", "uid": "lake", "attributes": {"country": "IE", "lineage_namespaces": ["postgres://"]}}
    send_inventory(cast.api["pipeline"], lake)
    drain(cast.workspace.pk)
    return cast


def key(cast: Cast, name: str, kind: str = "dataset") -> str:
    return str(asset(cast.workspace.pk, kind, name).pk)


def open_page(cast: Cast, **query: Any) -> str:
    answer = cast.page(cast.auditor).get(PAGE, query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def rows(page: str, table: str) -> list[list[str]]:
    """Return the cells of a table as text."""
    body = re.search(rf'<table[^>]*id="{table}".*?<tbody>(.*?)</tbody>', page, re.S)
    found = re.findall(r"<tr.*?</tr>", body[1], re.S) if body else []
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.S) for row in found]
    return [[" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def drawn(page: str) -> dict[str, Any]:
    said = re.search(r'<script id="lineage-data" type="application/json">(.*?)</script>', page, re.S)
    assert said is not None
    found: dict[str, Any] = json.loads(said[1])
    return found


def test_the_tables_and_the_drawing_say_what_the_api_answers(chain: Cast) -> None:
    query = {"asset": key(chain, "b"), "up": "1", "down": "1"}
    page = open_page(chain, **query)
    answer = chain.api["auditor"].get("/api/v1/graph/neighbourhood", query).json()
    names = {node["id"]: node["name"] for node in answer["nodes"]}
    assert [row[0].split()[0] for row in rows(page, "lineage-nodes")] == list(names.values())
    assert [node["id"] for node in drawn(page)["nodes"]] == list(names)
    flows = [(names[edge["from"]], names[edge["to"]]) for edge in answer["edges"]]
    assert [(row[0], row[1]) for row in rows(page, "lineage-edges")] == flows
    assert [(edge["from"], edge["to"]) for edge in drawn(page)["edges"]] == [
        (edge["from"], edge["to"]) for edge in answer["edges"]
    ]
    for edge, row in zip(answer["edges"], rows(page, "lineage-edges"), strict=True):
        assert row[3].startswith(f"{edge['basis']}, proven masked, as columnLineage declares; not approved")
    assert {row[2] for row in rows(page, "lineage-nodes")} == {"IE"}
    assert len(flows) == 3
    assert answer["reasons"]
    for reason in answer["reasons"]:
        assert html.escape(reason) in page


def test_more_is_a_link_that_shows_more(chain: Cast) -> None:
    page = open_page(chain, asset=key(chain, "b"), up="0", down="1")
    link = re.search(r'<a href="([^"]*)" data-view>1 more downstream</a>', page)
    assert link is not None
    more = chain.page(chain.auditor).get(html.unescape(link[1])).content.decode()
    assert {row[0].split()[0] for row in rows(more, "lineage-nodes")} == {"b", "c", "d", "x"}


def test_the_path_by_which_a_label_came_is_lit_up_and_told(chain: Cast) -> None:
    inventory = {"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/a", "attributes": {"classification": "personal"}}
    send_inventory(chain.api["pipeline"], inventory)
    drain(chain.workspace.pk)
    page = open_page(chain, asset=key(chain, "d"), up="0", label="class:personal")
    path = [key(chain, name) for name in "abcd"]
    lit = {(edge["from"], edge["to"]) for edge in drawn(page)["edges"] if edge["lit"]}
    assert lit == set(pairwise(path))
    told = re.search(r'<ol class="lineage-path">(.*?)</ol>', page, re.S)
    assert told is not None
    assert re.findall(r"<bdi>(\w)</bdi>", told[1]) == list("abcd")
    assert "a-b" in told[1]
    by_ids = open_page(chain, asset=key(chain, "b"), path=",".join(path[:2]))
    assert [(edge["from"], edge["to"]) for edge in drawn(by_ids)["edges"] if edge["lit"]] == [tuple(path[:2])]
    nothing = open_page(chain, asset=key(chain, "d"), label="country:US")
    assert "Nothing that feeds it, over all steps known at revision" in nothing
    assert "is known to carry country:US." in nothing
    assert 'class="lineage-path"' not in nothing
    own = open_page(chain, asset=key(chain, "a"), label="class:personal")
    assert "is known to carry class:personal. It carries class:personal itself." in own


def test_the_columns_of_a_flow_are_a_table(chain: Cast) -> None:
    page = open_page(chain, asset=key(chain, "b"), flow=f"{key(chain, 'a')},{key(chain, 'b')}")
    assert rows(page, "lineage-columns") == [["id", "key", "direct, TRANSFORMATION masked", "a-b"]]


def test_an_older_revision_is_shown_as_it_was_and_says_so(chain: Cast) -> None:
    page = open_page(chain, asset=key(chain, "b"), rev="0")
    assert rows(page, "lineage-edges") == []
    assert "You see revision 0" in page


def test_colours_are_told_in_words_and_the_legend_counts(chain: Cast) -> None:
    page = open_page(chain, asset=key(chain, "b"), colour="class")
    legend = re.search(r'class="lineage-legend".*?</div>', page, re.S)
    assert legend is not None
    assert "not reported" in legend[0]
    assert {node["hue"] for node in drawn(page)["nodes"]} == {0}
    assert {node["hue"] for node in drawn(open_page(chain, asset=key(chain, "b")))["nodes"]} == {1}


def test_hostile_names_are_text_in_tables_and_in_the_drawing(cast: Cast) -> None:
    event = run_event(job=HOSTILE, inputs=[dataset(HOSTILE, HOSTILE)], outputs=[dataset("out", HOSTILE)])
    send_and_project(cast.workspace.pk, [event])
    for query in ({"asset": key(cast, HOSTILE)}, {"asset": key(cast, HOSTILE, "job")}, {"q": "alert"}, {}):
        page = open_page(cast, **query)
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    data = drawn(open_page(cast, asset=key(cast, HOSTILE), collapse="namespace"))
    assert "\\u202etxt" in data["nodes"][0]["name"], "what is painted shows what cannot be seen"


def test_a_dataset_and_a_job_have_a_link_to_their_lineage(chain: Cast) -> None:
    for kind, name in (("dataset", "b"), ("job", "b-c")):
        page = chain.page(chain.auditor).get(f"/w/ours/assets/{key(chain, name, kind)}/").content.decode()
        assert f'href="/w/ours/lineage/?asset={key(chain, name, kind)}"' in page
        assert open_page(chain, asset=key(chain, name, kind))


@pytest.mark.parametrize(
    "query",
    [
        {"up": "11"},
        {"collapse": "country"},
        {"basis": "guess"},
        {"colour": "red"},
        {"expand": "x"},
        {"path": "x"},
        {"label": "colour:red"},
        {"flow": "x"},
        {"zzz": "1"},
        {"as_of": "yesterday"},
    ],
    ids=str,
)
def test_what_an_address_cannot_ask_is_refused_in_words(chain: Cast, query: dict[str, str]) -> None:
    answer = chain.page(chain.auditor).get(PAGE, {"asset": key(chain, "b"), **query})
    assert answer.status_code == 400
    said = re.search(r'<p class="lede">(.*?)</p>', answer.content.decode(), re.S)
    assert said is not None
    assert next(iter(query)) in said[1]


def test_every_member_sees_it_and_outsider_cannot_see_that_the_dataset_exists(chain: Cast) -> None:
    for user in (chain.officer, chain.auditor, chain.engineer, chain.admin):
        assert chain.page(user).get(PAGE, {"asset": key(chain, "b")}).status_code == 200
    outside = chain.page(chain.outsider)
    assert outside.get(PAGE, {"asset": key(chain, "b")}).status_code == 404
    assert outside.get("/w/elsewhere/lineage/", {"asset": key(chain, "b")}).status_code == 404
    everything = {kind: key(chain, name, kind) for kind, name in (("dataset", "b"), ("job", "b-c"))}
    within, outside_it = (
        client.get(f"/w/{slug}/lineage/", {"q": "b"}).content.decode()
        for client, slug in ((chain.page(chain.auditor), "ours"), (outside, "elsewhere"))
    )
    for kind, identifier in everything.items():
        assert identifier in within, kind
        assert identifier not in outside_it, kind


def test_what_is_no_dataset_and_no_job_has_no_picture(chain: Cast) -> None:
    assert chain.page(chain.auditor).get(PAGE, {"asset": key(chain, "lake", "storage")}).status_code == 404
