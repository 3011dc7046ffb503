"""What a benchmark reports is what it measured, and a missed target is said."""

import json

import pytest

from benchmarks.harness import Report, Target, percentile, shortened, slope


def test_the_last_line_is_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("example")
    report.put("latency_p95_ms", 80.0, Target("<=", 100))
    report.put("events_per_s", 900.0, Target(">=", 1000))
    report.put("rows", 5)
    result = report.finish()
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == result
    assert (result["bench"], result["met"]) == ("example", False)
    assert result["targets"] == {"latency_p95_ms": "<= 100", "events_per_s": ">= 1000"}
    assert {name: result["metrics"][name] for name in ("latency_p95_ms", "rows")} == {"latency_p95_ms": 80, "rows": 5}
    assert any("MISSED" in line and "events_per_s" in line for line in lines)


def test_all_targets_reached_are_met() -> None:
    report = Report("example")
    report.put("latency_p95_ms", 100.0, Target("<=", 100))
    assert report.finish()["met"] is True


def test_a_short_form_meets_no_target_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("example", shortened(flows=(2_000, 1_000_000), questions=(200, 200)))
    report.put("latency_p95_ms", 1.0, Target("<=", 100))
    result = report.finish()
    assert result["met"] is False
    assert result["note"] == "a short form meets no target: flows 2,000 of 1,000,000"
    assert not any(line.endswith("met") for line in capsys.readouterr().out.splitlines())


def test_a_run_of_full_size_is_no_short_form() -> None:
    assert shortened(flows=(1_000_000, 1_000_000), questions=(500, 200)) == ""


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile(values, 1)) == (50, 95, 100)
    assert percentile([7.0], 0.95) == 7


def test_the_slope_is_the_exponent_of_growth() -> None:
    sizes = [1e4, 1e5, 1e6]
    assert slope(sizes, [size * 3 for size in sizes]) == pytest.approx(1)
    assert slope(sizes, [size**2 for size in sizes]) == pytest.approx(2)
    assert slope(sizes, [0.1, 0.1, 0.1]) == pytest.approx(0)
