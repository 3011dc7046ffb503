"""The estate is the same for the same seed, as large as it says, and as a customer's files would be."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

from config.demo.estate import SOURCES
from config.demo.generate import SEED, Manifest, generate
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.validate import validate_attributes
from tests.config.demo.conftest import ANCHOR
from tests.config.demo.estate_reading import inventory_rows
from tests.config.demo.recount import events, recount

Made = tuple[Path, Manifest]
SPEC = Path(__file__).parents[4] / "shared" / "data" / "openlineage" / "spec" / "OpenLineage.json"


def test_same_seed_and_anchor_give_the_same_bytes(estate: Made, tmp_path: Path) -> None:
    folder, manifest = estate
    again = generate(tmp_path, anchor=ANCHOR)
    assert again == manifest
    for file in manifest.files:
        assert (tmp_path / file.path).read_bytes() == (folder / file.path).read_bytes()
    assert (tmp_path / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


@pytest.mark.parametrize("change", [{"seed": SEED + 1}, {"anchor": ANCHOR + timedelta(days=7)}])
def test_another_seed_or_anchor_gives_other_files_of_the_same_size(
    estate: Made, tmp_path: Path, change: dict[str, Any]
) -> None:
    other = generate(tmp_path, **({"anchor": ANCHOR} | change))
    assert not {file.sha256 for file in other.files} & {f.sha256 for f in estate[1].files if "lineage/" in f.path}
    assert {k: n for k, n in other.assets.items() if k != "run"} == {
        k: n for k, n in estate[1].assets.items() if k != "run"
    }


def test_estate_has_the_size_that_it_promises(estate: Made) -> None:
    assets = estate[1].assets
    assert 380 <= assets["dataset"] <= 440
    assert 110 <= assets["job"] <= 130
    assert assets["model"] == 25
    assert assets["organisation"] == 2
    assert 4_000 <= estate[1].runs <= 4_600
    assert estate[1].events == 2 * estate[1].runs
    assert len(load_kinds().keys() - assets.keys() - {"finding", "waiver"}) == 0


def test_smaller_scale_shortens_the_history_and_larger_scale_multiplies_the_blocks(
    estate: Made, tmp_path: Path
) -> None:
    small, large = generate(tmp_path / "s", anchor=ANCHOR, scale=0.2), generate(tmp_path / "l", anchor=ANCHOR, scale=2)
    assert small.assets["dataset"] == estate[1].assets["dataset"]
    assert small.runs < estate[1].runs / 3
    assert large.assets["dataset"] > 1.6 * estate[1].assets["dataset"]


def test_scale_of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give a number above 0"):
        generate(tmp_path, anchor=ANCHOR, scale=0)


def test_independent_recount_equals_the_manifest(estate: Made) -> None:
    folder, manifest = estate
    counted = recount(folder)
    assert counted["assets"] == dict(manifest.assets)
    assert (counted["events"], counted["runs"], counted["flows"]) == (manifest.events, manifest.runs, manifest.flows)
    listed: dict[str, dict[str, int]] = {}
    for row in manifest.expected:
        if row.flips_in_days is None:
            of_check = listed.setdefault(row.check, {})
            of_check[row.expected] = of_check.get(row.expected, 0) + 1
    assert counted["expected"] == listed


def test_every_inventory_line_is_valid_against_its_kind(estate: Made) -> None:
    kinds = load_kinds()
    problems: list[tuple[str, str, object]] = []
    for kind, uid, attributes, relations in inventory_rows(estate[0]):
        checked = validate_attributes(kinds[kind], attributes, ANCHOR)
        problems += [(kind, uid, problem) for problem in checked.problems]
        for name, targets in relations.items():
            declared = kinds[kind].relations.get(name)
            if declared is None or any(target != declared.target for target, _ in targets):
                problems.append((kind, uid, name))
    assert problems == []


def test_every_reference_names_an_asset_of_the_estate(estate: Made) -> None:
    rows = list(inventory_rows(estate[0]))
    known = {(kind, uid) for kind, uid, _, _ in rows}
    known |= {("run", event["run"]["runId"]) for event in events(estate[0])}
    dangling = {
        (kind, uid, name, target)
        for kind, uid, _, relations in rows
        for name, targets in relations.items()
        for target in targets
        if target not in known
    }
    assert dangling == set()
    people = {uid for kind, uid in known if kind == "person"}
    owners = {attributes["owner"] for _, _, attributes, _ in rows if "owner" in attributes}
    assert owners <= people


def test_nothing_measured_lies_after_the_anchor(estate: Made) -> None:
    assert max(datetime.fromisoformat(event["eventTime"]) for event in events(estate[0])) <= ANCHOR
    assert max(datetime.fromisoformat(row["observed_at"]) for row in native_lines(estate[0])) <= ANCHOR


def test_manifests_state_the_population_and_one_is_short(estate: Made) -> None:
    short, silent = [], []
    for path in sorted((estate[0] / "inventory").glob("*.ndjson")):
        first, *lines = path.read_text(encoding="utf-8").splitlines()
        stated = json.loads(first)["manifest"]
        if stated["count"] != len(lines):
            short.append((path.stem, stated["count"] - len(lines)))
        if ANCHOR - datetime.fromisoformat(stated["generated_at"]) > timedelta(days=7):
            silent.append(path.stem)
    assert short == [("cmdb-sg", 3)]
    assert silent == ["edge-fleet-sg"]


def test_every_source_reports_something(estate: Made) -> None:
    inventories = [file for file in estate[1].files if file.path.startswith("inventory/")]
    assert {file.source for file in inventories if file.lines} == set(SOURCES)


def test_newest_run_of_every_job_ended_well(estate: Made) -> None:
    newest: dict[tuple[str, str], tuple[str, str]] = {}
    for event in events(estate[0]):
        job = (event["job"]["namespace"], event["job"]["name"])
        newest[job] = max(newest.get(job, ("", "")), (event["eventTime"], event["eventType"]))
    assert {state for _, state in newest.values()} == {"COMPLETE"}


@pytest.mark.skipif(not SPEC.exists(), reason=f"the published schema is not beside the checkout: {SPEC.name}")
def test_events_are_valid_against_the_published_schema(estate: Made) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SPEC.read_text(encoding="utf-8")))
    for event in events_of_the_last_days(estate[0], 9):
        validator.validate(event)


def test_events_are_what_the_official_client_makes(estate: Made) -> None:
    for event in events_of_the_last_days(estate[0], 3):
        built = RunEvent(
            eventTime=event["eventTime"],
            eventType=RunState[event["eventType"]],
            run=Run(**event["run"]),
            job=Job(**event["job"]),
            inputs=[InputDataset(**one) for one in event["inputs"]],
            outputs=[OutputDataset(**one) for one in event["outputs"]],
            producer=event["producer"],
        )
        assert built.schemaURL == event["schemaURL"]


def native_lines(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "inventory").glob("*.ndjson")):
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:])


def events_of_the_last_days(folder: Path, days: int) -> Iterator[dict[str, Any]]:
    since = ANCHOR - timedelta(days=days)
    return (event for event in events(folder) if datetime.fromisoformat(event["eventTime"]) >= since)
