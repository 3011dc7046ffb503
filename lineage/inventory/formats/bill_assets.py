"""Assets of a bill of materials (CycloneDX): what each of its parts is told as; the words are those of bill.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats import bill
from lineage.inventory.formats.bill import Part
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.look import flag, objects, text, texts

SUBTYPES = {"application": "package", "framework": "package", "library": "package", "container": "image"}


@dataclass
class Bill:
    """A bill while it is told.

    `made_at`: time of the bill. `origin`: that of its software, None = as of the rest. `serial`: the name by which
    links mean this bill. `crypto`: names of the cryptographic assets that a part depends on, by its reference. `refs`:
    what was told, by reference.
    """

    found: Collected
    made_at: str | None
    origin: str | None
    serial: str
    crypto: Mapping[str, Sequence[str]]
    refs: dict[str, list[Key]] = field(default_factory=dict)

    def add(self, place: str, part: Part, kind: str, uid: str, **said: Any) -> Key:
        """Note an asset as of the time of the bill, under the reference of the part that it is told from."""
        key = self.found.add(place, kind, uid, observed_at=self.made_at, **said)
        if ref := text(part.get("bom-ref")):
            self.refs.setdefault(ref, []).append(key)
        return key

    def organisation(self, place: str, name: str | None, **attributes: Any) -> list[Key] | None:
        """Note a supplier by its name; None where there is none."""
        if name is None:
            return None
        return [self.found.add(place, "vendor", name, name=name, observed_at=self.made_at, attributes=attributes)]

    def keys(self, ref: Any, kind: str) -> list[Key]:
        """Return the assets of a kind that a reference, or a link to this very bill, means."""
        name = text(ref) or ""
        if self.serial and name.startswith(f"urn:cdx:{self.serial}/"):
            name = name.partition("#")[2]
        return [key for key in self.refs.get(name, ()) if key[0] == kind]

    def tags(self, part: Part) -> list[str] | None:
        """Return the tags of a part, and the cryptography that it depends on."""
        return [*texts(part.get("tags")), *self.crypto.get(text(part.get("bom-ref")) or "", ())] or None


Told = Callable[[Bill, str, Part, bool], None]
"""Tell one component at a place; the flag says whether it is what the bill describes."""


def software(told: Bill, place: str, part: Part, is_subject: bool) -> None:
    """Tell a library, an application, a container image or the like. The subject of a bill is described at length."""
    if (artifact := bill.artifact_of(part)) is None:
        return
    uid, attributes = artifact
    listed = is_subject or any(each.get("type") == "bom" for _, each in objects(part.get("externalReferences")))
    about: dict[str, Any] = {
        "subtype": SUBTYPES.get(text(part.get("type")) or ""),
        "licence": bill.licence_of(part),
        "bill_of_materials": listed or None,
        "tags": told.tags(part),
    }
    if is_subject:
        about |= {
            "bill_at": told.made_at,
            "description": text(part.get("description")),
            "labels": bill.labels_of(part),
        }
    name = uid if attributes.get("subtype") == "image" else bill.shown(part)
    told.add(place, part, "software_artifact", uid, name=name, origin=told.origin, attributes=about | attributes)


def service(told: Bill, place: str, part: Part) -> None:
    """Tell a service, who provides it and the trust zone in which it runs."""
    uid = bill.service_uid(part)
    if uid is None:
        told.found.refuse(f"{place}.name", part.get("name"), "the name of the service", "name it in the bill")
        return
    flows = [each for _, each in objects(part.get("data"))]
    crosses, zone = flag(part.get("x-trust-boundary")), text(part.get("trustZone"))
    labels = bill.labels_of(
        part,
        version=text(part.get("version")),
        endpoints=" ".join(texts(part.get("endpoints"))),
        data=bill.flows_of(flows),
        x_trust_boundary=None if crosses is None else str(crosses).lower(),
    )
    attributes = {
        "description": text(part.get("description")),
        "auth_required": flag(part.get("authenticated")),
        "tags": told.tags(part),
        "labels": labels,
    }
    relations = {
        "supplier": _provider(told, place, part, flows),
        "in_zone": [told.found.add(place, "isolation_zone", zone, name=zone, observed_at=told.made_at)]
        if zone
        else None,
    }
    told.add(place, part, "service", uid, name=text(part.get("name")), attributes=attributes, relations=relations)


def _provider(told: Bill, place: str, part: Part, flows: Sequence[Part]) -> list[Key] | None:
    """Tell who provides a service. Personal data that crosses a trust boundary to get there is seen by the provider."""
    provider = part.get("provider")
    if not isinstance(provider, Mapping):
        return None
    personal = any(bill.class_of(each.get("classification")) in bill.PERSONAL for each in flows)
    sees = True if personal and flag(part.get("x-trust-boundary")) else None
    country = bill.country_of(provider)
    name = text(provider.get("name"))
    return told.organisation(f"{place}.provider", name, country=country, handles_personal_data=sees)


def data_of_service(told: Bill, place: str, part: Part) -> None:
    """Tell the data that a service names, with the data sets of the same bill that it comes from and goes to.

    Data without a name is no thing of its own: what flows is then said in a label of the service.
    """
    for index, each in objects(part.get("data")):
        name, uid = text(each.get("name")), bill.service_uid(part)
        if name is None or uid is None:
            continue
        key = told.add(
            f"{place}.data[{index}]",
            each,
            "dataset",
            bill.dataset_uid(None, uid, name),
            name=name,
            attributes=bill.classified(each),
        )
        relations = {"upstream": _ends(told, each.get("source")), "downstream": _ends(told, each.get("destination"))}
        told.found.add(place, *key, relations=relations)


def _ends(told: Bill, ends: Any) -> list[Key] | None:
    return [key for end in texts(ends) for key in told.keys(end, "dataset")] or None


def standard(told: Bill, place: str, part: Part) -> None:
    """Tell a standard as a document, with its requirements as labels: identifier and title."""
    name, version = text(part.get("name")), text(part.get("version"))
    if name is None:
        told.found.refuse(f"{place}.name", part.get("name"), "the name of the standard", "name it in the bill")
        return
    requirements = {
        key: text(each.get("title")) or text(each.get("text")) or ""
        for _, each in objects(part.get("requirements"))
        if (key := text(each.get("identifier")) or text(each.get("bom-ref")))
    }
    attributes = {
        "description": text(part.get("description")),
        "labels": {key: title[: bill.LABEL_LIMIT] for key, title in requirements.items()} or None,
    }
    uid = "/".join(filter(None, (text(part.get("owner")), f"{name}@{version}" if version else name)))
    told.add(place, part, "policy_document", uid, name=bill.shown(part), attributes=attributes)


def depends(told: Bill, place: str, dependency: Part) -> None:
    """Tell which software a service consists of and which models it serves, from what it depends on."""
    for key in told.keys(dependency.get("ref"), "service"):
        on = texts(dependency.get("dependsOn"))
        relations = {
            "artifacts": [each for ref in on for each in told.keys(ref, "software_artifact")] or None,
            "serves": [each for ref in on for each in told.keys(ref, "model")] or None,
        }
        told.found.add(place, *key, relations=relations)
