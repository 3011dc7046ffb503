"""NetBox: what its lists tell of sites, racks, machines and circuits, and what they leave open."""

import json
from pathlib import Path

import pytest

from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import (
    by_key,
    read,
)

HERE = Path(__file__).parent
EXPORT = HERE / "export.json"
NODE, LINK, RACK = "node:gpu-1.tern.example", "network_link:netbox/9", "rack:netbox/7"


def test_a_country_is_read_from_its_custom_field_and_from_no_address() -> None:
    found = by_key(read(EXPORT)[0])
    assert found["site:north"] == {"name": "North", "country": "SE", "labels": {"status": "active"}}
    assert "country" not in found["site:south"]
    assert "site:later" not in found  # planned


def test_a_machine_names_its_rack_site_and_accelerators_and_a_switch_is_none() -> None:
    rows, rejected, prepared = read(EXPORT)
    assert by_key(rows)[NODE] == {
        "name": "gpu-1.tern.example",
        "subtype": "accelerator_node",
        "accelerators": 8,
        "in_service_at": "2025-03-01T00:00:00Z",
        "labels": {"role": "gpu-server", "status": "active"},
        "rel:at": ["site:north"],
        "rel:in_rack": [RACK],
    }
    assert (rejected, "device (switch)" in prepared.reading.left) == ([], True)


def test_a_rack_has_as_many_feeds_as_panels_and_the_power_of_the_primary_ones() -> None:
    rack = by_key(read(EXPORT)[0])[RACK]
    assert (rack["feeds"], rack["power_budget_kw"]) == (2, pytest.approx(400 * 32 * 3**0.5 * 0.8 / 1000, abs=1e-3))
    assert rack["labels"] == {"status": "active", "tenant": "risk", "u_height": "42"}


def test_a_circuit_names_its_speed_end_carrier_and_both_sites_in_either_version() -> None:
    assert by_key(read(EXPORT)[0])[LINK] == {
        "name": "EX-9",
        "subtype": "circuit",
        "bandwidth_mbps": 10_000.0,
        "contract_ends_at": "2026-11-30T00:00:00Z",
        "labels": {"status": "active"},
        "rel:carrier": ["vendor:example-carrier"],
        "rel:from_site": ["site:north"],
        "rel:to_site": ["site:south"],
    }


def test_a_page_that_is_not_the_last_says_what_is_missing() -> None:
    page = json.loads(EXPORT.read_bytes())["dcim/devices"]
    page |= {"count": 52, "next": "https://netbox.example/api/dcim/devices/?offset=2"}
    prepared = prepare(json.dumps(page).encode(), source="dropped")
    assert (prepared.parameters["format"], prepared.reading.accepted) == ("netbox", 1)
    assert prepared.reading.manifest is not None
    assert prepared.reading.manifest.kept() == {"query": "dcim/devices of NetBox", "count": 51}
    assert not prepared.reading.is_complete
    assert read(EXPORT)[2].reading.manifest is None
