"""What the inventories of clouds have in common: regions, kinds of machines, names of databases in lineage."""

import re
from collections.abc import Mapping
from typing import Any

from lineage.inventory.formats.look import text, whole

NOWHERE = frozenset({"global", "not available", "multiple regions", "aws-global"})
"""What providers write in place of a region, in small letters."""
_AWS_ZONE = re.compile(r"^([a-z]{2,5}(?:-[a-z]+)+-\d+)[a-z]?$", re.ASCII)
_GCP_PLACE = re.compile(r"/(?:zones|regions|locations)/([a-z0-9-]+)(?:/|$)", re.ASCII)
_GCP_ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$", re.ASCII)
_ACCELERATED = {
    "aws": re.compile(r"^(?:p|g|gr|trn|inf|dl)\d", re.ASCII),
    "azure": re.compile(r"^standard_n[cdgv]", re.ASCII),
    "gcp": re.compile(r"^(?:[ag][2-9]|ct\d)", re.ASCII),  # g1 shares a core, and has no accelerator
}
_ENVIRONMENT_TAGS = ("environment", "env", "stage")
_ENVIRONMENTS = {
    "prod": "prod", "production": "prod", "prd": "prod", "live": "prod",
    "staging": "staging", "stage": "staging", "preprod": "staging", "pre-production": "staging",
    "test": "test", "testing": "test", "qa": "test",
    "dev": "dev", "development": "dev", "sandbox": "dev",
}  # fmt: skip
_SCHEMES = {
    "postgres": "postgres", "postgresql": "postgres", "aurora-postgresql": "postgres",
    "mysql": "mysql", "aurora-mysql": "mysql", "aurora": "mysql",
    "sqlserver": "sqlserver", "oracle": "oracle",
}  # fmt: skip


def region(value: Any) -> str | None:
    """Return a region as its provider names it, without spaces and in small letters; None where it is no place."""
    found = (text(value) or "").replace(" ", "").lower()
    return None if not found or found in {each.replace(" ", "") for each in NOWHERE} else found


def aws_zone(value: Any) -> str | None:
    """Return the region of an availability zone of AWS."""
    found = _AWS_ZONE.match(text(value) or "")
    return found[1] if found else None


def gcp_zone(value: Any) -> str | None:
    """Return the region of a zone of Google Cloud; a region stays one. Names with a path before them are read."""
    last = (text(value) or "").rpartition("/")[2]
    found = _GCP_ZONE.match(last.lower())
    return found[1] if found else region(last)


def gcp_name_region(name: Any) -> str | None:
    """Return the region that stands in a full resource name of Google Cloud; None where it stands in none."""
    found = _GCP_PLACE.search(text(name) or "")
    return gcp_zone(found[1]) if found else None


def arn_region(arn: Any) -> str | None:
    """Return the region that stands in an ARN; None where it stands in none (buckets, global services)."""
    parts = (text(arn) or "").split(":")
    return region(parts[3]) if len(parts) > 5 and parts[0] == "arn" else None


def machine(provider: str, machine_type: Any) -> str | None:
    """Return the subtype of a node from its machine type: families with accelerators have names of their own."""
    name, families = (text(machine_type) or "").rpartition("/")[2].lower(), _ACCELERATED.get(provider)
    if not name or families is None:
        return None
    return "accelerator_node" if families.match(name) else "server"


def environment(tags: Any) -> str | None:
    """Return what a tag named environment, env or stage says, where it is one of ours by another name."""
    if not isinstance(tags, Mapping):
        return None
    named = {str(name).lower(): text(value) for name, value in tags.items()}
    said = next((named[tag] for tag in _ENVIRONMENT_TAGS if named.get(tag)), None)
    return _ENVIRONMENTS.get((said or "").lower())


def database_namespace(engine: Any, host: Any, port: Any) -> list[str] | None:
    """Return the namespace of a database server by OpenLineage's specification (Naming); None where a part is missing.

    Editions of an engine have its name at the beginning, as in `sqlserver-ee`.
    """
    name = (text(engine) or "").lower()
    scheme = _SCHEMES.get(name) or next((each for each in ("oracle", "sqlserver") if name.startswith(each)), None)
    address, number = text(host), whole(port)
    return [f"{scheme}://{address}:{number}"] if scheme and address and number else None
