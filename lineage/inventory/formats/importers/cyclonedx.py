"""CycloneDX bills of materials in JSON, 1.4 to 1.7: software, services with their data, models, data, standards.

What a bill describes has a list of contents: the bill itself, as old as `metadata.timestamp`. A bill that names the
tool which made it is a measurement of its software; what it says of services, models, data and standards is somebody's
word.

The keys (bill.py, artifacts.py) hold in the next bill and in other sources: an image by its reference, other software
and models by package URL, a service by group, name and first host, data by its address as lineage names it, a supplier
by its name. References inside a bill are not kept: tools make new ones each time.

Devices and cryptographic assets are no assets of a kind of ours; what depends on cryptography carries it as a tag.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lineage.inventory.formats.bill import Part, nested
from lineage.inventory.formats.bill_assets import Bill, Told, data_of_service, depends, service, software, standard
from lineage.inventory.formats.bill_models import data, model
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, instant, objects, text, texts
from lineage.inventory.formats.sample import Sample

CRYPTO = "cryptographic-asset"
LEFT = frozenset({CRYPTO, "device"})
TYPES: Mapping[str, Told] = {
    "application": software,
    "container": software,
    "device-driver": software,
    "file": software,
    "firmware": software,
    "framework": software,
    "library": software,
    "operating-system": software,
    "platform": software,
    "data": data,
    "machine-learning-model": model,
}
FILLS = {
    "software_artifact": "subtype licence registry by_digest pinned bill_of_materials bill_at description labels tags",
    "service": "description auth_required labels tags rel:supplier rel:in_zone rel:artifacts rel:serves",
    "vendor": "country handles_personal_data",
    "isolation_zone": "",
    "model": "version description author card_version card_missing_fields base_model base_licence base_digest "
    "base_origin labels tags rel:training_data rel:base_vendor",
    "dataset": "classification contains_personal_data owner description version snapshot_digest tags rel:upstream "
    "rel:downstream",
    "policy_document": "description labels",
}


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a bill: its parts first, then what leads from one to another."""
    components = list(_components(document))
    told = Bill(
        found,
        made_at=instant(at(document, "metadata", "timestamp")),
        origin="measured" if at(document, "metadata", "tools") else None,
        serial=(text(at(document, "serialNumber")) or "").removeprefix("urn:uuid:"),
        crypto=_crypto(document, [part for _, part in components]),
    )
    subject = at(document, "metadata", "component")
    for place, part in sorted(components, key=_models_last):
        type_ = text(part.get("type")) or ""
        if type_ not in TYPES:
            found.leave(type_ if type_ in LEFT else f"component of type {type_}")
        elif text(part.get("name")) is None:
            found.refuse(f"{place}.name", part.get("name"), "the name of the component", "name it in the bill")
        else:
            TYPES[type_](told, place, part, part is subject)
    services = list(nested(at(document, "services"), "services", "services"))
    for place, part in services:
        service(told, place, part)
    for place, part in services:
        data_of_service(told, place, part)
    for index, part in objects(at(document, "definitions", "standards")):
        standard(told, f"definitions.standards[{index}]", part)
    for index, part in objects(at(document, "dependencies")):
        depends(told, f"dependencies[{index}]", part)


def _components(document: Any) -> Iterator[tuple[str, Part]]:
    """Yield what the bill describes, then all components, those inside others as well."""
    yield from nested([at(document, "metadata", "component")], "components", "metadata.component")
    yield from nested(at(document, "components"), "components", "components")


def _models_last(placed: tuple[str, Part]) -> bool:
    """Sort data before the models that refer to it."""
    return placed[1].get("type") == "machine-learning-model"


def _crypto(document: Any, components: Sequence[Part]) -> dict[str, list[str]]:
    """Return by reference of a part the names of the cryptographic assets that it depends on."""
    names = {text(each.get("bom-ref")): text(each.get("name")) for each in components if each.get("type") == CRYPTO}
    return {
        ref: [f"crypto:{names[on]}" for on in texts(each.get("dependsOn")) if names.get(on)]
        for _, each in objects(at(document, "dependencies"))
        if (ref := text(each.get("ref")))
    }


def _knows(sample: Sample) -> bool:
    return sample.members.get("bomFormat") == "CycloneDX"


FORMAT = json_format(
    "cyclonedx",
    "CycloneDX bill of materials",
    grade_class="code",
    origin="declared",
    knows=_knows,
    tell=tell,
    fills={kind: frozenset(names.split()) for kind, names in FILLS.items()},
)
