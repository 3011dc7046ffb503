"""The benchmark of inventories runs from end to end in its short form and measures what it says."""

import json

import pytest

from benchmarks.inventories import native_lines
from benchmarks.inventory import measure
from config.stack.embedded import Embedded
from lineage.inventory.receive import prepare


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_imports_are_measured_from_end_to_end(stack: Embedded, capfd: pytest.CaptureFixture[str]) -> None:
    result = measure([20, 80])
    assert json.loads(capfd.readouterr().out.splitlines()[-1]) == result
    assert result["note"] == "a short form meets no target: assets 80 of 1,000,000"
    assert set(result["targets"]) == {
        "import_80_s", "import_80_peak_mib", "again_80_s", "again_80_changed_s", "again_80_changed_peak_mib",
        "import_slope",
    }  # fmt: skip
    assert all(value > 0 for name, value in result["metrics"].items() if name.endswith(("_s", "_mib")))


def test_the_lines_that_are_measured_with_are_inventories_without_a_fault() -> None:
    body = b"".join(native_lines(80, changed=3))
    prepared = prepare(body, source="cmdb", filename="assets.ndjson")
    assert (prepared.reading.accepted, prepared.reading.problems) == (80, 0)
    rows = list(map(json.loads, body.splitlines()))
    assert all(len(row["attributes"]) == 9 and len(row["relations"]) == 2 for row in rows)
    assert sum(row["attributes"]["criticality"] == "critical" for row in rows) == 3
