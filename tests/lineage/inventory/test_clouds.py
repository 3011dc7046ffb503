"""What inventories of clouds have in common: regions, machines, environments and names in lineage."""

from typing import Any

import pytest

from lineage.inventory.formats import clouds


@pytest.mark.parametrize(
    ("given", "region"),
    [("eu-central-1", "eu-central-1"), ("Germany West Central", "germanywestcentral"), ("EUROPE-WEST3", "europe-west3"),
     ("global", None), ("Multiple Regions", None), ("", None), ("null", None), (None, None), (7, "7"), (["x"], None)],
)  # fmt: skip
def test_a_region_is_named_as_its_provider_names_it_and_global_is_none(given: Any, region: str | None) -> None:
    assert clouds.region(given) == region


def test_zones_and_full_names_lead_to_their_region() -> None:
    told = [clouds.aws_zone(each) for each in ("eu-central-1a", "eu-central-1", "us-gov-west-1b", "Regional", None)]
    assert told == ["eu-central-1", "eu-central-1", "us-gov-west-1", None, None]
    zones = ("europe-west3-b", "projects/p/zones/europe-west3-b", "europe-west3", "EU", "global")
    assert [clouds.gcp_zone(each) for each in zones] == ["europe-west3", "europe-west3", "europe-west3", "eu", None]
    names = (
        "//c.googleapis.com/projects/p/zones/us-east1-b/instances/a",
        "//c.googleapis.com/projects/p/regions/global/x",
    )
    assert [clouds.gcp_name_region(each) for each in (*names, "//s.googleapis.com/b")] == ["us-east1", None, None]
    arns = ("arn:aws:rds:eu-central-1:1:db:x", "arn:aws:s3:::x", "arn:aws:iam::1:role/x", "x", None)
    assert [clouds.arn_region(each) for each in arns] == ["eu-central-1", None, None, None, None]


@pytest.mark.parametrize(
    ("provider", "machine_type", "subtype"),
    [("aws", "p4d.24xlarge", "accelerator_node"), ("aws", "inf2.xlarge", "accelerator_node"),
     ("aws", "m7i.large", "server"),
     ("azure", "Standard_NC24ads_A100_v4", "accelerator_node"), ("azure", "Standard_D4s_v5", "server"),
     ("gcp", "a2-highgpu-1g", "accelerator_node"), ("gcp", "zones/z/machineTypes/g1-small", "server"),
     ("gcp", None, None), ("elsewhere", "p4d.24xlarge", None)],
)  # fmt: skip
def test_families_with_accelerators_are_told_by_their_names(provider: str, machine_type: Any, subtype: Any) -> None:
    assert clouds.machine(provider, machine_type) == subtype


@pytest.mark.parametrize(
    ("tags", "environment"),
    [({"Environment": "Production"}, "prod"), ({"env": "qa"}, "test"), ({"stage": "live"}, "prod"),
     ({"env": "blue"}, None), ({"team": "prod"}, None), ({"env": ["prod"]}, None), ({}, None), ("prod", None)],
)  # fmt: skip
def test_an_environment_is_what_a_tag_of_that_name_says_by_a_word_of_ours(tags: Any, environment: str | None) -> None:
    assert clouds.environment(tags) == environment


@pytest.mark.parametrize(
    ("engine", "host", "port", "namespaces"),
    [("aurora-postgresql", "db", 5432, ["postgres://db:5432"]), ("sqlserver-ee", "db", "1433", ["sqlserver://db:1433"]),
     ("postgres", "db", None, None), ("postgres", None, 5432, None), ("docdb", "db", 27017, None)],
)  # fmt: skip
def test_a_database_is_named_as_lineage_names_it_where_all_parts_are_known(
    engine: str, host: Any, port: Any, namespaces: Any
) -> None:
    assert clouds.database_namespace(engine, host, port) == namespaces
