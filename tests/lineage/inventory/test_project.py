"""What becomes of a batch: assets, facts, retirements, results; in any order, and twice as well as once."""

import itertools
import json
from typing import Any

import pytest

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Asset, DerivedFact, FactSet, ImportResult, RejectedRow, Relation, Source
from lineage.inventory.queries import list_sources
from tests.lineage.inventory.door import ndjson, project, row, send
from tests.lineage.inventory.support import find
from tests.support.cast import Cast

DAY = "2025-11-0{}T00:00:00Z"
ORDERS = "s3%3A%2F%2Flake/orders"


def manifest(count: int | None = None, day: int = 1, **members: Any) -> dict[str, Any]:
    stated = {"generated_at": DAY.format(day), **members} | ({} if count is None else {"count": count})
    return {"manifest": stated}


def give(cast: Cast, *rows: Any, **parameters: str) -> Any:
    answer = send(cast.api["pipeline"], ndjson(*rows), **parameters)
    assert answer.status_code == 201, answer.content
    return answer.json()


def result(answer: Any) -> ImportResult:
    return ImportResult.objects.get(event=answer["receipt"]["event_id"])


def picture(cast: Cast) -> str:
    """Return all that is current, ids left out, so that two workspaces can be compared."""
    with in_workspace(cast.workspace.pk):
        assets = Asset.objects.order_by("kind", "uid").values_list("kind", "uid", "state", "document", "conflicts")
        edges = Relation.objects.filter(rev_to=None).values_list("from_asset__uid", "name", "to_asset__uid")
        shown = [
            [kind, uid, state, without_receipts(document), conflicts]
            for kind, uid, state, document, conflicts in assets
        ]
        return json.dumps([shown, sorted(edges)], sort_keys=True)


def without_receipts(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("first_seen_at", "last_seen_at")}


def test_a_row_becomes_an_asset_with_facts_and_relations(cast: Cast) -> None:
    answer = give(
        cast,
        row(
            "storage",
            "lake",
            {"country": "DE"},
            name="Lake",
            relations={"at": [{"kind": "site", "uid": "fra1"}]},
            origin="measured",
        ),
    )
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        lake = find("storage", "lake")
        assert (lake.name, lake.state, lake.country) == ("Lake", "reported", "DE")
        assert lake.provenance["country"]["event"] == answer["receipt"]["event_id"]
        assert lake.provenance["country"]["grade"] == "A"
        assert find("site", "fra1").state == "mentioned"
        done = result(answer)
        assert (done.rows, done.created, done.changed, done.unchanged, done.rejected) == (1, 1, 0, 0, 0)
        assert done.kinds == ["storage"]


def test_rejected_rows_are_kept_with_their_reason(cast: Cast) -> None:
    give(cast, row("site", "s"), row("sight", "x"), row("site", "t", {"paths": "2 paths"}))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        kept = RejectedRow.objects.order_by("line").values_list("line", "field", "got")
        assert list(kept) == [(2, "kind", '"sight" (string)'), (3, "paths", '"2 paths" (string)')]


def test_moving_a_storage_moves_its_datasets_and_moving_it_back_as_well(cast: Cast) -> None:
    serves = {"lineage_namespaces": ["s3://lake"], "replica_countries": []}
    give(cast, row("dataset", ORDERS), row("storage", "lake", {"country": "DE", **serves}))
    changed = project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert {find("dataset", ORDERS).pk, find("storage", "lake").pk} == changed
    for country in ("US", "DE"):
        give(cast, row("storage", "lake", {"country": country}))
        changed = project(cast.workspace)
        with in_workspace(cast.workspace.pk):
            orders = find("dataset", ORDERS)
            assert orders.pk in changed
            assert orders.document["storage_countries"] == [country]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_deltas_of_one_source_give_the_same_in_any_order(cast: Cast, order: tuple[int, ...]) -> None:
    at_fra, at_zrh = ({"at": [{"kind": "site", "uid": uid}]} for uid in ("fra1", "zrh1"))
    batches = [
        [row("storage", "lake", {"country": "DE", "tier": "hot"}, observed_at=DAY.format(1), relations=at_fra)],
        [row("storage", "lake", {"country": "US"}, observed_at=DAY.format(2)), row("site", "fra1", {"country": "DE"})],
        [row("storage", "lake", {"tier": None}, observed_at=DAY.format(3), relations=at_zrh)],
    ]
    for number in order:
        give(cast, *batches[number])
        project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        lake = find("storage", "lake")
        assert without_receipts(lake.document) == {"uid": "lake", "country": "US", "source": "cmdb"}
        assert set(Relation.objects.filter(rev_to=None, name="at").values_list("to_asset__uid", flat=True)) == {"zrh1"}


def test_the_same_content_again_changes_no_row(cast: Cast) -> None:
    rows = [manifest(2), row("storage", "lake", {"country": "DE"}), row("site", "fra1", {"country": "DE"})]
    give(cast, *rows)
    project(cast.workspace)
    before = picture(cast)
    with in_workspace(cast.workspace.pk):
        revisions = list(Asset.objects.order_by("id").values_list("id", "rev_changed"))
        counts = [model.objects.count() for model in (FactSet, Relation, DerivedFact)]
    give(cast, *rows)  # the same receipt: nothing to project
    assert project(cast.workspace) == set()
    answer = give(cast, *rows, format="ndjson")  # another event with the same content
    assert not answer["receipt"]["duplicate"]
    assert project(cast.workspace) == set()
    with in_workspace(cast.workspace.pk):
        assert [model.objects.count() for model in (FactSet, Relation, DerivedFact)] == counts
        assert list(Asset.objects.order_by("id").values_list("id", "rev_changed")) == revisions
        assert result(answer).unchanged == 2
    assert picture(cast) == before


def test_a_full_inventory_retires_what_it_does_not_name(cast: Cast) -> None:
    give(cast, manifest(2, 1), row("node", "n1", {"accelerators": 8}), row("node", "n2"), mode="full")
    project(cast.workspace)
    answer = give(cast, manifest(1, 2), row("node", "n2"), mode="full")
    changed = project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").state == "retired"
        assert find("node", "n1").pk in changed
        assert "accelerators" not in find("node", "n1").document
        assert FactSet.objects.filter(asset__uid="n1", rev_to=None).count() == 0
        assert FactSet.objects.get(asset__uid="n1").facts["accelerators"]["v"] == 8  # the record stays
        assert result(answer).retired == 1


def test_a_retired_asset_comes_back_with_a_newer_report_and_not_with_an_older_one(cast: Cast) -> None:
    give(cast, manifest(0, 3), mode="full")
    give(cast, row("node", "n1", {"accelerators": 8}, observed_at=DAY.format(2)))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert "accelerators" not in find("node", "n1").document
    give(cast, row("node", "n1", {"accelerators": 8}, observed_at=DAY.format(4)))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").document["accelerators"] == 8
        assert find("node", "n1").state == "reported"


def test_an_asset_that_another_source_reports_is_not_retired(cast: Cast) -> None:
    give(cast, manifest(1, 1), row("node", "n1", {"accelerators": 8}), mode="full")
    give(cast, row("node", "n1", {"stack_version": "7"}), source="scanner")
    give(cast, manifest(0, 2), mode="full")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").state == "reported"
        assert "accelerators" not in find("node", "n1").document
        assert find("node", "n1").document["stack_version"] == "7"


def test_a_full_report_of_an_asset_replaces_what_it_leaves_out(cast: Cast) -> None:
    give(cast, manifest(1, 1), row("node", "n1", {"accelerators": 8, "stack_version": "7"}), mode="full")
    give(cast, manifest(1, 2), row("node", "n1", {"accelerators": 8}), mode="full")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert "stack_version" not in find("node", "n1").document


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_receipt_decides_between_no_values(cast: Cast, order: tuple[int, ...]) -> None:
    """A full table that states no time is received long after it saw what it says."""
    batches = [
        ({"country": "DE"}, 1, "full"),
        ({"country": "FR"}, 2, "full"),
        ({"country": "US"}, 3, "delta"),
    ]
    for number in order:
        facts, day, mode = batches[number]
        give(cast, row("site", "s", facts, observed_at=DAY.format(day)), mode=mode)
        project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("site", "s").document["country"] == "US"


def test_a_count_that_differs_retires_nothing_and_marks_the_source_incomplete(cast: Cast) -> None:
    give(cast, manifest(2, 1), row("node", "n1", {"accelerators": 8}), row("node", "n2"), mode="full")
    answer = give(cast, manifest(5, 2), row("node", "n2", {"accelerators": 4}), mode="full")
    assert answer["population"] == {"declared": 5, "received": 1, "complete": False}
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").state == "reported"
        assert find("node", "n2").document["accelerators"] == 4
        source = Source.objects.get(name="cmdb")
        assert (source.declared_count, source.received_count) == (5, 1)
        assert [line.complete for line in list_sources(source.last_seen_at)] == [False]
        assert result(answer).retired == 0


@pytest.mark.parametrize("bad", ["{not json", '{"kind": "node"}', '{"kind": "nodde", "uid": "n1"}'])
def test_a_full_inventory_with_a_line_that_names_nothing_retires_nothing(cast: Cast, bad: str) -> None:
    give(cast, manifest(None, 1), row("node", "n1"), row("node", "n2"), mode="full")
    give(cast, manifest(None, 2), row("node", "n2"), bad, mode="full")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").state == "reported"


def test_a_row_that_is_refused_but_named_is_not_retired(cast: Cast) -> None:
    give(cast, manifest(None, 1), row("node", "n1"), row("node", "n2"), row("node", "n3"), mode="full")
    give(cast, manifest(None, 2), row("node", "n2"), row("node", "n1", observed_at="yesterday"), mode="full")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert (find("node", "n1").state, find("node", "n3").state) == ("reported", "retired")


def test_a_late_older_manifest_does_not_speak_over_a_newer_one(cast: Cast) -> None:
    give(cast, manifest(1, 3), row("node", "n1"), mode="full")
    project(cast.workspace)
    give(cast, manifest(9, 2), row("node", "n2"), mode="full")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        source = Source.objects.get(name="cmdb")
        assert (source.declared_count, source.received_count) == (1, 1)
        assert source.last_seen_at.isoformat() == "2025-11-03T00:00:00+00:00"


def test_a_cadence_that_the_manifest_states_is_kept_and_leaves_a_statement(cast: Cast) -> None:
    give(cast, manifest(1, 1, expected_every_hours=24), row("node", "n1"))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        source = Source.objects.get(name="cmdb")
        assert source.expected_every_hours == 24
        statement = Statement.objects.get(action="lineage:source:changed")
        assert statement.body["expected_every_hours"] == [None, 24]


@pytest.mark.parametrize(("format_name", "grade_class"), [("csv", "spreadsheet"), ("native", "asset_database")])
def test_a_source_starts_with_the_class_of_its_format(cast: Cast, format_name: str, grade_class: str) -> None:
    body = b"uid,country\nlake,DE" if format_name == "csv" else ndjson(row("storage", "lake"))
    send(cast.api["pipeline"], body, format=format_name, kind="storage")
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert Source.objects.get().grade_class == grade_class


def test_facts_are_declared_unless_the_row_says_otherwise(cast: Cast) -> None:
    give(cast, row("node", "n1", {"accelerators": 8}), row("node", "n2", {"accelerators": 8}, origin="attested"))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("node", "n1").provenance["accelerators"]["origin"] == "declared"
        assert find("node", "n2").provenance["accelerators"]["origin"] == "attested"


def test_an_age_becomes_the_instant_that_it_stands_for(cast: Cast) -> None:
    give(cast, row("storage", "lake", {"restore_test_age_days": 10}, observed_at="2025-11-11T00:00:00Z"))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("storage", "lake").document["restore_test_at"] == "2025-11-01T00:00:00Z"


def test_a_batch_larger_than_a_part_is_projected_whole(cast: Cast) -> None:
    answer = give(cast, *(row("node", f"n{number}", {"accelerators": 8}) for number in range(5200)))
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert result(answer).created == 5200
        assert Asset.objects.filter(kind="node").exclude(document__accelerators=8).count() == 0
