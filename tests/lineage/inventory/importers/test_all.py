"""What holds of every importer: a file is known by one format, fills what it says, and no accident breaks it."""

import os
from pathlib import Path

import pytest

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.csv_per_kind import CSV_PER_KIND
from lineage.inventory.formats.known import IMPORTERS
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.formats.sample import Sample
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import PUBLISHED, mutated, ours, read

MUTATIONS = int(os.environ.get("AUDITLINE_MUTATIONS", "150"))
"""Accidents per importer."""
OURS = [(name, path) for name in IMPORTERS for path in ours(name)]
FOREIGN = [path for path in PUBLISHED.rglob("*.*") if path.suffix in (".json", ".yaml", ".csv")]


@pytest.mark.parametrize(("name", "path"), OURS, ids=lambda each: getattr(each, "name", each))
def test_a_sample_of_ours_is_known_by_its_format_alone_and_nothing_of_it_is_refused(name: str, path: Path) -> None:
    sample = Sample(path.read_bytes(), path.name)
    assert [each.name for each in (*IMPORTERS.values(), CSV_PER_KIND, NATIVE) if each.knows(sample)] == [name]
    rows, rejected, prepared = read(path)
    assert (prepared.parameters["format"], [each.message for each in rejected]) == (name, [])
    assert rows


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.name)
def test_no_two_formats_know_a_published_sample(path: Path) -> None:
    sample = Sample(path.read_bytes(), path.name)
    assert len([each.name for each in (*IMPORTERS.values(), CSV_PER_KIND, NATIVE) if each.knows(sample)]) <= 1


@pytest.mark.parametrize("name", IMPORTERS)
def test_a_format_fills_what_it_says_it_fills(name: str) -> None:
    kinds, fills = load_kinds(), IMPORTERS[name].fills
    for kind, names in fills.items():
        relations = {f"rel:{relation}" for relation in kinds[kind].relations}
        assert {each for each in names if kinds[kind].attribute(each) is None} <= relations
    filled: dict[str, set[str]] = {}
    for path in ours(name):
        for row in read(path)[0]:
            given = {*row.facts, *(f"rel:{relation}" for relation in row.relations)}
            filled.setdefault(row.kind, set()).update(given - {"name"})
    assert filled == {kind: set(names) for kind, names in fills.items()}


@pytest.mark.parametrize("name", IMPORTERS)
def test_accidents_are_told_and_break_nothing(name: str) -> None:
    samples = [path.read_bytes() for path in ours(name)]
    for seed in range(MUTATIONS):
        body = mutated(samples[seed % len(samples)], seed)
        try:
            prepared = prepare(body, source="dropped", format_name=name)
        except InventoryRefused:
            continue
        assert prepared.reading.accepted == len(list(prepared.reading.rows()))
