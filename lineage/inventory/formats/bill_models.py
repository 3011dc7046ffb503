"""Models and data of a bill of materials (CycloneDX): what these parts are told as; the words are those of bill.py."""

from collections.abc import Mapping
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats import bill
from lineage.inventory.formats.artifacts import package_of
from lineage.inventory.formats.bill import Part
from lineage.inventory.formats.bill_assets import Bill
from lineage.inventory.formats.look import at, objects, text

CARD = (
    ("modelParameters", "task"),
    ("modelParameters", "datasets"),
    ("quantitativeAnalysis", "performanceMetrics"),
    ("considerations", "users"),
    ("considerations", "useCases"),
    ("considerations", "technicalLimitations"),
    ("considerations", "ethicalConsiderations"),
    ("considerations", "fairnessAssessments"),
)
"""Fields of a model card without which it counts as incomplete: our choice, the format demands none."""


def model(told: Bill, place: str, part: Part, is_subject: bool) -> None:
    """Tell a model with its card and the model that it starts from."""
    version, name = text(part.get("version")), bill.title(part)
    uid = text(part.get("purl")) or (f"{name}@{version}" if version else str(name))
    attributes = {
        "version": version,
        "description": text(part.get("description")),
        "author": bill.organisation_of(part),
        "tags": told.tags(part),
        **_card(part),
        **_base(part),
    }
    base = _ancestor(part)
    relations = {
        "training_data": _trained_on(told, place, part),
        "base_vendor": told.organisation(f"{place}.pedigree", bill.organisation_of(base)),
    }
    told.add(place, part, "model", uid, name=bill.shown(part), attributes=attributes, relations=relations)


def _card(part: Part) -> dict[str, Any]:
    card = part.get("modelCard")
    parameters = at(card, "modelParameters")
    metrics = [
        " ".join(filter(None, (text(each.get("type")), text(each.get("value")), text(each.get("slice")))))
        for _, each in objects(at(card, "quantitativeAnalysis", "performanceMetrics"))
    ]
    labels = bill.labels_of(
        part,
        licence=bill.licence_of(part),
        sha256=bill.sha256_of(part),
        task=text(at(parameters, "task")),
        approach=text(at(parameters, "approach", "type")),
        architecture=text(at(parameters, "modelArchitecture")) or text(at(parameters, "architectureFamily")),
        performance="; ".join(filter(None, metrics)),
    )
    if not isinstance(card, Mapping):
        return {"labels": labels}
    missing = sum(not at(card, *path) for path in CARD)
    return {"labels": labels, "card_version": text(part.get("version")), "card_missing_fields": missing}


def _ancestor(part: Part) -> Part:
    base = at(part, "pedigree", "ancestors", 0)
    return base if isinstance(base, Mapping) else {}


def _base(part: Part) -> dict[str, Any]:
    base = _ancestor(part)
    artifact = bill.artifact_of(base)
    return {
        "base_model": bill.shown(base),
        "base_licence": bill.licence_of(base),
        "base_digest": bill.sha256_of(base),
        "base_origin": artifact[1].get("registry") if artifact else None,
    }


def _trained_on(told: Bill, place: str, part: Part) -> list[Key] | None:
    """Return the data of a model card; None where it names none, or one that is not in this bill."""
    keys: list[Key] = []
    for index, each in objects(at(part, "modelCard", "modelParameters", "datasets")):
        if "ref" not in each:
            here = f"{place}.modelCard.modelParameters.datasets[{index}]"
            name = text(each.get("name")) or bill.title(part) or ""
            keys.append(_dataset(told, here, each, str(bill.title(part)), name))
        elif known := told.keys(each["ref"], "dataset"):
            keys += known
        else:
            return None
    return keys or None


def data(told: Bill, place: str, part: Part, is_subject: bool) -> None:
    """Tell the data sets of a component, or the component as one. Configuration and code are no data sets."""
    package = package_of(text(part.get("purl")) or "")
    name = str(text(part.get("name")))
    namespace = text(part.get("group")) or bill.organisation_of(part) or name
    if package is not None:
        namespace, name = "/".join(filter(None, (f"pkg:{package.type}", package.namespace))), package.name
    about = {"version": text(part.get("version")), "snapshot_digest": bill.sha256_of(part), "tags": told.tags(part)}
    entries = [each for each in objects(part.get("data")) if each[1].get("type") in ("dataset", None)]
    for index, each in entries:
        here, own = f"{place}.data[{index}]", text(each.get("name")) or name
        key = _dataset(told, here, each, namespace, own, about if len(entries) == 1 else {})
        told.refs.setdefault(text(part.get("bom-ref")) or "", []).append(key)
    if not part.get("data"):
        _dataset(told, place, part, namespace, name, about)


def _dataset(
    told: Bill, place: str, each: Part, namespace: str, name: str, about: Mapping[str, Any] | None = None
) -> Key:
    uid = bill.dataset_uid(text(at(each, "contents", "url")), namespace, name)
    return told.add(place, each, "dataset", uid, name=name, attributes={**bill.classified(each), **(about or {})})
