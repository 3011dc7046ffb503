"""The benchmark of the way in runs from end to end in its short form and measures what it says."""

import json

import pytest

from benchmarks.ingest import measure
from config.stack.embedded import Embedded


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_doors_and_projection_are_measured_from_end_to_end(stack: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    result = measure(stack, [100, 200, 400], seconds=0.4)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == result
    assert result["bench"] == "ingest"
    assert (result["met"], result["note"]) == (
        False, "a short form meets no target: events 400 of 160,000, seconds 0.4 of 5"
    )  # fmt: skip
    assert set(result["targets"]) == {
        "single_to_bare_ratio", "single_p99_ms", "batch_per_s", "batch_to_single_ratio", "project_400_per_s",
        "project_slope",
    }  # fmt: skip
    assert all(result["metrics"][name] > 0 for name in result["metrics"] if name.endswith("_per_s"))
