"""Read facts out of standard facets: the few that mean an attribute of the vocabulary.

A facet that was sent replaces the former one whole, so each facet names all attributes that it can give: what it does
not give is None, "no longer said". Values that the vocabulary does not take are left out; a redacted one is no value.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from lineage.events.redact import REDACTED
from lineage.graph.regions import region_of, region_of_namespace
from lineage.graph.shapes import items, json_bytes, members, parse, text
from lineage.graph.tag_facts import DATASET_TAGS, GOVERNANCE, JOB_TAGS, dataset_tags, job_tags, run_tags
from lineage.graph.told import Facts, Ref
from lineage.inventory.effective import LONG_AGO
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.validate import validate_attributes

Values = dict[str, Any]
Origin = Literal["measured", "declared"]
ORIGINS: tuple[Origin, ...] = ("measured", "declared")
_DATASET_TYPES = {"TABLE": "table", "VIEW": "table", "FILE": "file_set", "TOPIC": "stream", "STREAM": "stream"}
_JOB_TYPES = {"BATCH": "batch", "STREAMING": "stream"}
QUALITY = ("dataQualityAssertions", "dataQualityMetrics")
"""Facets that are sent with the use of a dataset as well, and mean the same there."""


def facts_of(about: Ref, facets: object) -> Iterator[Facts]:
    """Yield what the facets of one job, dataset or run say about it."""
    readers = _READERS[about.kind]
    known = {name: facet for name, facet in members(facets).items() if name in readers and facet is not None}
    if known:
        for values, origin in _facts(about.kind, json_bytes(known)):
            yield Facts(about, values, origin)


def facts_of_dataset(dataset: Ref, facets: object, used: object, of_run: object) -> Iterator[Facts]:
    """Yield what an event says about a dataset: by its facets, by those of its use, by the region in its namespace.

    `of_run`: the tags of the run that wrote it, None where it only read it. dbt sends the tags of a model so; what the
    dataset's own tags say in the same event stands before them.
    """
    use, own = members(used), members(facets)
    quality = {name: use[name] for name in QUALITY if name in use}
    said = list(facts_of(dataset, quality | own if quality else own))
    yield from said
    if region := region_of_namespace(dataset.uid.partition("/")[0]):
        yield Facts(dataset, _region(region), "measured")
    if of_run is not None and (values := _of_run(json_bytes(of_run))):
        known = {name for facts in said for name, value in facts.values.items() if value is not None}
        if known & values.keys():
            values = {name: value for name, value in values.items() if name not in known}
        yield Facts(dataset, values, "declared")


@lru_cache(maxsize=256)
def _region(region: str) -> Values:
    return {"region": region}


@lru_cache(maxsize=4096)
def _of_run(content: bytes) -> Values:
    said = run_tags(parse(content))
    return {name: value for name, value in _valid("dataset", said).items() if name in GOVERNANCE and value is not None}


@lru_cache(maxsize=4096)
def _facts(kind: str, content: bytes) -> tuple[tuple[Values, Origin], ...]:
    """Read facets that were written to JSON; producers send the same ones with every event."""
    facets = members(parse(content))
    found: list[tuple[Values, Origin]] = []
    for origin in ORIGINS:
        values: Values = {}
        for name, facet in facets.items():
            read, its_origin, names = _READERS[kind][name]
            if its_origin == origin:
                given = dict.fromkeys(names) | _read(read, facet)
                values |= {
                    name: value for name, value in given.items() if value not in (None, "") or name not in values
                }
        if values:
            found.append((_valid(kind, values), origin))
    return tuple(found)


def _read(reader: Callable[[dict[str, Any]], Values], facet: object) -> Values:
    return {} if members(facet).get("_deleted") is True else reader(members(facet))


def _valid(kind: str, values: Mapping[str, Any]) -> Values:
    """Return the values that the kind takes, and None for each that was named and gave nothing.

    No facet gives an age, so that the time of the event does not matter.
    """
    said = {name: value for name, value in values.items() if value not in (None, "", []) and REDACTED not in str(value)}
    checked = validate_attributes(load_kinds()[kind], said, LONG_AGO).values
    return dict.fromkeys(values) | dict(checked)


# ---- one function per facet: its members -> attributes


def _ownership(facet: dict[str, Any]) -> Values:
    return {
        "owner": next((name for owner in items(facet.get("owners")) if (name := text(members(owner).get("name")))), "")
    }


def _documentation(facet: dict[str, Any]) -> Values:
    return {"description": text(facet.get("description"))}


def _job_type(facet: dict[str, Any]) -> Values:
    return {"subtype": _JOB_TYPES.get(text(facet.get("processingType")).upper(), "")}


def _processing(facet: dict[str, Any]) -> Values:
    return {"purpose": text(facet.get("purpose"))}


def _dataset_type(facet: dict[str, Any]) -> Values:
    return {"subtype": _DATASET_TYPES.get(text(facet.get("datasetType")).upper(), "")}


def _version(facet: dict[str, Any]) -> Values:
    return {"version": text(facet.get("datasetVersion"))}


def _source_code(facet: dict[str, Any]) -> Values:
    return {"git_sha": text(facet.get("version"))}


def _assertions(facet: dict[str, Any]) -> Values:
    """Read the checks of the last run: how many, and which part of them found no issue."""
    checks = [members(check) for check in items(facet.get("assertions"))]
    passed = sum(check.get("success") is True for check in checks)
    return {"assertions": len(checks), "assertion_pass_share": passed / len(checks) if checks else None}


def _metrics(facet: dict[str, Any]) -> Values:
    return {"record_count": facet.get("rowCount")}


def _data_source(facet: dict[str, Any]) -> Values:
    return {"region": region_of(text(facet.get("uri")))}


def _catalog(facet: dict[str, Any]) -> Values:
    addresses = (text(facet.get(name)) for name in ("warehouseUri", "metadataUri"))
    return {"region": next((region for address in addresses if (region := region_of(address))), "")}


_Reader = tuple[Callable[[dict[str, Any]], Values], str, tuple[str, ...]]
_READERS: Mapping[str, Mapping[str, _Reader]] = {
    "job": {
        "ownership": (_ownership, "declared", ("owner",)),
        "documentation": (_documentation, "declared", ("description",)),
        "jobType": (_job_type, "measured", ("subtype",)),
        "processing": (_processing, "declared", ("purpose",)),
        "tags": (job_tags, "declared", JOB_TAGS),
    },
    "dataset": {
        "ownership": (_ownership, "declared", ("owner",)),
        "documentation": (_documentation, "declared", ("description",)),
        "datasetType": (_dataset_type, "measured", ("subtype",)),
        "version": (_version, "measured", ("version",)),
        "tags": (dataset_tags, "declared", DATASET_TAGS),
        "dataQualityAssertions": (_assertions, "measured", ("assertions", "assertion_pass_share")),
        "dataQualityMetrics": (_metrics, "measured", ("record_count",)),
        "dataSource": (_data_source, "measured", ("region",)),
        "catalog": (_catalog, "measured", ("region",)),
    },
    "run": {"sourceCodeLocation": (_source_code, "measured", ("git_sha",))},
}
