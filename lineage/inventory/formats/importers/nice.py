"""NICE Framework: the components as NIST publishes them in JSON, of which work roles become roles that are required.

Tasks, knowledge and skills describe a role; who holds it is counted by its code. Their codes are kept as labels of the
role, and nothing says by itself that a role is needed, filled or critical: a team does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, objects, text
from lineage.inventory.formats.sample import Sample

ROLE = "work_role"
PARTS = {"task": "tasks", "knowledge": "knowledge", "skill": "skills", "competency_area": "competency_areas"}
"""Types of elements that describe a role, and the label that counts them."""
GONE = "withdraw"
ROOTS: tuple[tuple[str, ...], ...] = (("response", "elements"), ("elements",), ())
"""Where the lists lie: in an answer of the service, in its inner part, or at the top."""


def tell(document: Any, found: Collected) -> None:
    """Tell the work roles of a document."""
    root: Any = next((each for each in (at(document, *path) for path in ROOTS) if _holds(each)), {})
    documents = [each for _, each in objects(at(root, "documents"))]
    versions = {text(each.get("doc_identifier")): text(each.get("version")) for each in documents}
    elements = list(_elements(root))
    types = {text(each.get("element_identifier")): text(each.get("element_type")) for _, each in elements}
    parts = _parts(root, types)
    for place, element in elements:
        kind, code = text(element.get("element_type")) or "no type", text(element.get("element_identifier"))
        if kind != ROLE or GONE in (text(element.get("title")) or "").lower():
            found.leave(kind)
        elif code is None:
            found.refuse(
                f"{place}.element_identifier", None, "the code of the work role", "export the components again"
            )
        else:
            document_id = text(element.get("doc_identifier"))
            labels = {"framework": document_id, "framework_version": versions.get(document_id), **parts.get(code, {})}
            found.add(
                place, "role_requirement", f"nice/{code}", name=text(element.get("title")),
                attributes={
                    "subtype": "role",
                    "skill_code": code,
                    "description": text(element.get("text")),
                    "labels": {name: value for name, value in labels.items() if value} or None,
                },
            )  # fmt: skip


def _holds(value: Any) -> bool:
    return isinstance(at(value, "elements"), list)


def _elements(root: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, element in objects(at(root, "elements")):
        yield f"elements[{index}]", element


def _parts(root: Any, types: Mapping[str | None, str | None]) -> dict[str, dict[str, str]]:
    """Return how many tasks, and so on, each role relates to, by its code."""
    related: dict[str, dict[str, set[str]]] = {}
    for _, each in objects(at(root, "relationships")):
        ends = text(each.get("source_element_identifier")), text(each.get("dest_element_identifier"))
        for role, part in (ends, ends[::-1]):
            if role and part and types.get(role) == ROLE and (label := PARTS.get(types.get(part) or "")):
                related.setdefault(role, {}).setdefault(label, set()).add(part)
    return {
        role: {label: str(len(codes)) for label, codes in sorted(labels.items())} for role, labels in related.items()
    }


def _knows(sample: Sample) -> bool:
    root = next((each for each in (at(sample.members, *path) for path in ROOTS) if _holds(each)), None)
    documents = at(root, "documents")
    named = [text(each.get("doc_identifier")) or "" for _, each in objects(documents)]
    first = at(root, "elements", 0)
    return any(each.upper().startswith(("NICE", "SP_800_181", "SP800-181", "SP 800-181")) for each in named) or (
        "element_identifier" in (first if isinstance(first, dict) else {}) and at(first, "element_type") == ROLE
    )


FORMAT = json_format(
    "nice",
    "NICE Framework components",
    grade_class="spreadsheet",
    origin="declared",
    knows=_knows,
    tell=tell,
    fills={"role_requirement": frozenset({"subtype", "skill_code", "description", "labels"})},
)
