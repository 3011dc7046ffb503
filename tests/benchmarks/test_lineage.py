"""The benchmark of the graph runs from end to end on small estates and measures what it says."""

import json

import pytest

from benchmarks.lineage import measure
from config.stack.embedded import Embedded


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_small_estates_are_measured_from_end_to_end(stack: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    result = measure(stack, [600, 1_200, 2_400], starts=12)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == result
    assert result["bench"] == "lineage"
    assert (result["met"], result["note"]) == (
        False, "a short form meets no target: flows 2,400 of 1,000,000, questions 12 of 200"
    )  # fmt: skip
    assert set(result["targets"]) == {
        "reach_2400_p95_ms", "search_600_p95_ms", "search_1200_p95_ms", "search_2400_p95_ms", "load_slope",
        "reach_same_answer_slope", "labels_2400_computed_s", "labels_2400_stored_s", "labels_stored_slope",
    }  # fmt: skip
    assert all(result["metrics"][name] > 0 for name in result["metrics"] if name.endswith("_ms"))
