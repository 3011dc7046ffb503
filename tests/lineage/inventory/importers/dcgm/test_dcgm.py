"""NVIDIA DCGM exporter: what an instant tells of machines, and what it cannot tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import (
    by_key,
    checklist,
    from_catalogue,
    import_file,
    import_rows,
    read,
    verdict,
)
from tests.policies.evaluation.releases import releases
from tests.support.cast import Cast

METRICS = Path(__file__).parent / "metrics.prom"
ONE, TWO = "node:gpu-1.tern.example", "node:gpu-2.tern.example"


def test_a_machine_has_as_many_accelerators_as_are_listed_and_a_stack_where_they_agree() -> None:
    found = by_key(read(METRICS)[0])
    assert found[ONE] == {
        "name": "gpu-1.tern.example",
        "subtype": "accelerator_node",
        "accelerators": 2,
        "stack_version": "driver 550.1",
        "labels": {"accelerator_models": "Example 80GB"},
        "rel:in_pool": ["accelerator_pool:train"],
    }
    assert (found[TWO]["accelerators"], "stack_version" in found[TWO]) == (2, False)
    assert found[TWO]["labels"] == {"accelerator_models": 'Example "slice", 40GB'}


def test_an_instant_says_nothing_of_errors_in_seven_days_nor_of_use_in_thirty() -> None:
    rows, _, _ = read(METRICS)
    assert not {"accelerator_errors_7d", "throttle_share_7d"} & by_key(rows)[ONE].keys()
    assert by_key(rows)["accelerator_pool:train"] == {"name": "train", "subtype": "gpu"}
    assert {row.observed_at.isoformat() for row in rows if row.uid == "train"} == {"2026-10-01T08:00:00+00:00"}


def test_a_metric_that_names_no_machine_is_told_by_its_line() -> None:
    body = METRICS.read_bytes() + b'DCGM_FI_DEV_GPU_TEMP{gpu="0"} 40\n'
    prepared = prepare(body, source="dropped")
    list(prepared.reading.rows())
    (problem,) = prepared.reading.take_problems()
    assert (problem.line, "Hostname and UUID" in problem.message) == (12, True)


def test_text_of_another_exporter_is_refused() -> None:
    with pytest.raises(InventoryRefused, match="DCGM_FI_"):
        prepare(b"go_goroutines 12\n", source="dropped", format_name="dcgm")


@pytest.fixture
def cmp(tmp_path: Path) -> Iterator[None]:
    node = {"accelerators": 8, "certified_versions": ["driver 1"]}
    shown = {"pass": {**node, "stack_version": "driver 1"}, "fail": {**node, "stack_version": "driver 2"}}
    check = from_catalogue("CMP-11", **shown, unknown=node, not_applicable={"accelerators": 0})
    with releases(tmp_path) as ship:
        ship(checklist("CMP", check))
        yield


@pytest.mark.django_db
@pytest.mark.parametrize(("certified", "word"), [("driver 550.1", "pass"), ("driver 535.9", "fail")])
def test_the_stack_of_a_machine_is_judged_once_its_metrics_are_imported(
    cmp: None, cast: Cast, certified: str, word: str
) -> None:
    where = cast.workspace.pk
    known = {"certified_versions": [certified]}
    import_rows(where, {"kind": "node", "uid": ONE.partition(":")[2], "attributes": known})
    assert verdict(where, ONE, "CMP-11") == "unknown"
    import_file(where, METRICS.read_bytes(), source="exporter")
    assert verdict(where, ONE, "CMP-11") == word
