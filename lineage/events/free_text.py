"""Rewrite the free text of an event: what people or programs wrote in their own words, as against names and addresses.

Only members of facets that are listed here count. Names of jobs, datasets, columns and runs are identities: they stay,
and so do owners, who are named to be found.
"""

from collections.abc import Callable, Mapping

import re2

from accounts.journal.canonical.exact import Exact

FREE_TEXT: Mapping[str, frozenset[str]] = {
    "columnLineage": frozenset({"description", "transformationDescription"}),
    "dataQualityAssertions": frozenset({"actual", "content", "description", "expected", "params"}),
    "documentation": frozenset({"description"}),
    "errorMessage": frozenset({"message", "stackTrace"}),
    "executionParameters": frozenset({"description", "value"}),
    "extractionError": frozenset({"errorMessage", "stackTrace", "task"}),
    "lineage": frozenset({"description"}),
    "processing": frozenset({"purpose"}),
    "schema": frozenset({"description"}),
    "sourceCode": frozenset({"sourceCode"}),
    "sql": frozenset({"query"}),
    "subset": frozenset({"dimensions", "value"}),
    "test": frozenset({"actual", "content", "description", "expected", "params"}),
    "airflowDagRun": frozenset({"conf"}),
    "airflow": frozenset({"conf", "description", "doc_md"}),
    "spark.logicalPlan": frozenset(),
    "spark_properties": frozenset(),
    "spark_unknown": frozenset(),
    "unknownSourceAttribute": frozenset(),
}
"""Facet -> the members that hold free text, at any depth; none named = all of it. Descriptions are texts alone: an
object of that name is a column, under which the names of others stand."""

OF_FACETS = frozenset({"_producer", "_schemaURL", "_deleted"})
"""Members of every facet by the specification. What people name may begin as these do: `_to`, `_JAVA_OPTIONS`."""

_DESCRIBED = frozenset({"description", "transformationDescription"})
_NAMES = "|".join(
    name.replace(".", "[.]") for name, members in FREE_TEXT.items() if not members or members - _DESCRIBED
)
NAMED = rf'"(?:{_NAMES})"\s*:|"(?:description|transformationDescription)"\s*:\s*"[^"]'
"""A pattern of bytes that hold free text. Facets that only have descriptions are large and mostly without: these count
only where something is said. An escape could hide a name."""

HOLDS_FREE_TEXT = re2.compile(rf"{NAMED}|\\u".encode())

Rewrite = Callable[[str, str], str]
"""(text, its path) -> text."""


def rewrite_free_text(event: Exact, rewrite: Rewrite) -> Exact:
    """Return the event with every free text rewritten. Nothing is changed in place; what holds none is shared."""
    if not isinstance(event, dict):
        return event
    parts: dict[str, Exact] = {}
    for name in ("run", "job", "dataset"):
        if name in event:
            parts[name] = _of_part(event[name], f"$.{name}", rewrite)
    for name in ("inputs", "outputs"):
        if isinstance(datasets := event.get(name), list):
            parts[name] = [_of_part(each, f"$.{name}[{at}]", rewrite) for at, each in enumerate(datasets)]
    return {**event, **parts}


def _of_part(part: Exact, path: str, rewrite: Rewrite) -> Exact:
    if not isinstance(part, dict):
        return part
    changed: dict[str, Exact] = {}
    for name in ("facets", "inputFacets", "outputFacets"):
        facets = part.get(name)
        if isinstance(facets, dict) and not FREE_TEXT.keys().isdisjoint(facets):
            changed[name] = {
                key: _walk(facet, FREE_TEXT[key], not FREE_TEXT[key], f"{path}.{name}.{key}", rewrite)
                if key in FREE_TEXT
                else facet
                for key, facet in facets.items()
            }
    return {**part, **changed} if changed else part


def _walk(value: Exact, members: frozenset[str], inside: bool, path: str, rewrite: Rewrite) -> Exact:
    """Rewrite texts; `inside` a member that holds free text all of them, outside of one only in its members."""
    if isinstance(value, str):
        return rewrite(value, path) if inside else value
    if isinstance(value, list):
        return [_walk(item, members, inside, f"{path}[{at}]", rewrite) for at, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            key: item
            if key in OF_FACETS
            else _walk(item, members, inside or _begins(key, item, members), f"{path}.{key}", rewrite)
            for key, item in value.items()
        }
    return value


def _begins(key: str, item: Exact, members: frozenset[str]) -> bool:
    return key in members and (isinstance(item, str) or key not in _DESCRIBED)
