"""Checks that read lineage are judged by what flows show: pass, fail, and unknown where it cannot be told."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from lineage.graph.derivations import TRACED
from lineage.inventory.models import Asset
from policies.checklists.queries import ready_checklists
from policies.evaluation.binding import asset_binding
from policies.evaluation.models import JudgedLeaf
from policies.evaluation.queries import current_verdicts
from policies.evaluation.subjects import checks_by_kind, load_subjects
from policies.rules.judge import judge_all
from policies.rules.sql.select import select_verdicts
from policies.rules.verdicts import Code
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import drain, send
from tests.support.openlineage import dataset, facet, new_run, run_event

pytestmark = pytest.mark.django_db

STORE: dict[str, Any] = {
    "kind": "storage", "uid": "db", "origin": "measured",
    "attributes": {"country": "DE", "replica_countries": [], "lineage_namespaces": ["postgres://db:5432"]},
}  # fmt: skip
ABROAD: dict[str, Any] = {
    "kind": "storage", "uid": "far", "origin": "measured",
    "attributes": {"country": "US", "replica_countries": [], "lineage_namespaces": ["postgres://far:5432"]},
}  # fmt: skip


def told(name: str, label: str, namespace: str = "db", **rest: Any) -> dict[str, Any]:
    """Return a line about a dataset of which everything is known; `rest` adds and replaces attributes."""
    said = {"classification": label, "environment": "prod", "residency_limited": False,
            "contains_personal_data": label == "personal", "is_origin": False}  # fmt: skip
    return {
        "kind": "dataset",
        "uid": f"postgres%3A%2F%2F{namespace}%3A5432/{name}",
        "name": name,
        "attributes": said | rest,
    }


def copy(source: str, *targets: str, other: str = "") -> dict[str, Any]:
    """Return a run that reads `source` for sure and `other` perhaps; targets with a colon name their store."""
    named = {"namespace": "postgres://db:5432", "name": source, "field": "x"}
    columns = {"columnLineage": facet(fields={"y": {"inputFields": [named]}})}
    outputs = [dataset(name.split(":")[-1], f"postgres://{name.split(':')[0] if ':' in name else 'db'}:5432", **columns)
               for name in targets]  # fmt: skip
    inputs = [dataset(source), *([dataset(other)] if other else [])]
    return run_event(run=new_run(), job=f"{source}-{targets[0]}", inputs=inputs, outputs=outputs)


def estate(cast: Cast, lines: list[dict[str, Any]], *events: dict[str, Any]) -> uuid.UUID:
    send_inventory(cast.api["pipeline"], STORE, ABROAD, *lines)
    send(cast.workspace.pk, events)
    drain(cast.workspace.pk)
    return cast.workspace.pk


def verdicts(workspace: uuid.UUID, check: str) -> dict[str, str]:
    with in_workspace(workspace):
        rows = current_verdicts(check=check).select_related("asset")
        return {row.asset.name: Code(row.code).name.lower() for row in rows}


ORIGIN: dict[str, Any] = {"is_origin": True}


def test_a_label_weaker_than_its_sources_fails_and_one_as_strict_passes(cast: Cast) -> None:
    lines = [told("a", "personal", **ORIGIN), told("weak", "internal"), told("strict", "personal")]
    where = estate(cast, lines, copy("a", "weak"), copy("a", "strict"))
    assert verdicts(where, "SOV-06") == {"a": "not_applicable", "weak": "fail", "strict": "pass"}
    with in_workspace(where):
        text = b"".join(bytes(row.leaf) for row in JudgedLeaf.objects.all()).decode()
    assert f'"name":"lineage.upstream_max_class_rank","origin":"derived","source":"{TRACED.label}"' in text


def test_where_something_upstream_is_not_known_nothing_passes(cast: Cast) -> None:
    lines = [told("a", "personal"), told("weak", "internal"), told("strict", "personal")]  # nobody says where a is from
    where = estate(cast, lines, copy("a", "weak"), copy("a", "strict"))
    assert verdicts(where, "SOV-06") == {"a": "not_applicable", "weak": "fail", "strict": "unknown"}


def test_a_source_that_only_may_flow_in_neither_fails_nor_passes(cast: Cast) -> None:
    lines = [told("a", "internal", **ORIGIN), told("b", "personal", **ORIGIN), told("c", "internal")]
    where = estate(cast, lines, copy("a", "c", other="b"))
    assert verdicts(where, "SOV-06")["c"] == "unknown"


def test_bound_data_that_flows_abroad_over_two_steps_fails_where_it_starts(cast: Cast) -> None:
    bound: dict[str, Any] = {"residency_limited": True, "allowed_countries": ["DE"]}
    lines = [told("a", "internal", **ORIGIN, **bound), told("b", "internal"), told("c", "internal", "far"),
             told("home", "internal", **ORIGIN, **bound), told("d", "internal")]  # fmt: skip
    where = estate(cast, lines, copy("a", "b"), copy("b", "far:c"), copy("home", "d"))
    assert {name: verdict for name, verdict in verdicts(where, "SOV-16").items() if name in ("a", "home")} == {
        "a": "fail", "home": "pass",
    }  # fmt: skip
    assert verdicts(where, "SOV-06")["c"] == "fail"  # no country is left for it


def test_personal_data_kept_too_long_further_down_fails_above(cast: Cast) -> None:
    old: dict[str, Any] = {"retention_days": 30, "oldest_record_at": "2020-01-01T00:00:00Z"}
    fresh: dict[str, Any] = {"retention_days": 36500, "oldest_record_at": "2026-01-01T00:00:00Z"}
    lines = [told("a", "personal", **ORIGIN, **fresh), told("b", "personal", **old),
             told("c", "personal", **ORIGIN, **fresh), told("d", "personal")]  # fmt: skip
    where = estate(cast, lines, copy("a", "b"), copy("c", "d"))
    assert {name: verdict for name, verdict in verdicts(where, "SOV-15").items() if name in "ac"} == {
        "a": "fail", "c": "unknown",
    }  # fmt: skip


def test_a_job_that_reads_personal_data_needs_an_entry_and_one_that_does_not_is_not_concerned(cast: Cast) -> None:
    lines = [told("a", "personal", **ORIGIN), told("b", "internal", **ORIGIN), told("c", "personal"),
             {"kind": "job", "uid": "airflow/a-c", "attributes": {"processing_record_id": ""}}]  # fmt: skip
    where = estate(cast, lines, copy("a", "c"), copy("b", "d"), copy("d", "e"))
    assert verdicts(where, "SOV-11") == {"a-c": "fail", "b-d": "not_applicable", "d-e": "unknown"}


def test_a_model_inherits_the_countries_of_what_it_learned_from(cast: Cast) -> None:
    bound: dict[str, Any] = {"residency_limited": True, "allowed_countries": ["DE"]}
    learned: dict[str, Any] = {"training_data": [{"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/b"}]}
    model: dict[str, Any] = {"storage_countries": ["DE"], "serving_countries": ["US"]}
    lines = [told("a", "internal", **ORIGIN, **bound), told("b", "internal"),
             {"kind": "model", "uid": "m", "name": "m", "attributes": model, "relations": learned}]  # fmt: skip
    where = estate(cast, lines, copy("a", "b"))
    with in_workspace(where):
        document = Asset.objects.get(kind="model").document
    assert document["trained_on_bound_data"] is True
    assert document["inherited_allowed_countries"] == ["DE"]
    assert verdicts(where, "SOV-12") == {"m": "fail"}


def test_both_engines_agree_over_the_stored_lineage(cast: Cast) -> None:
    bound: dict[str, Any] = {"residency_limited": True, "allowed_countries": ["DE"]}
    lines = [told("a", "personal", **ORIGIN, **bound), told("b", "internal", **ORIGIN), told("c", "internal"),
             told("d", "personal", "far", retention_days=30, oldest_record_at="2020-01-01T00:00:00Z")]  # fmt: skip
    where = estate(cast, lines, copy("a", "c", other="b"), copy("c", "far:d"), copy("e", "b"))
    now, compared = timezone.now(), 0
    with in_workspace(where):
        judged = checks_by_kind(ready_checklists())
        for kind in ("dataset", "job"):
            checks = [check for each in judged[kind] for check in each.checks if check.uses.reads_lineage]
            assert checks
            rows = list(Asset.objects.filter(kind=kind).order_by("pk"))
            with connection.cursor() as cursor:
                cursor.execute(select_verdicts(checks, asset_binding(kind), now).sql())
                by_sql = {row[0]: row[1:] for row in cursor.fetchall()}
            for loaded in load_subjects(rows, judged):
                by_row = [verdict.code.value for verdict in judge_all(checks, loaded.subject, now)]
                compared += sum(said is not None for said in by_sql[loaded.asset.pk])
                assert [
                    (check.check.id, said) for check, said in zip(checks, by_sql[loaded.asset.pk], strict=True)
                    if said is not None
                ] == [
                    (check.check.id, code) for check, code, said
                    in zip(checks, by_row, by_sql[loaded.asset.pk], strict=True) if said is not None
                ]  # fmt: skip
    assert compared > 10
