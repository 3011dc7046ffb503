"""What the parts of a bill of materials (CycloneDX) say, in the words of the vocabulary; no part has to be there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from lineage.events.personal import find_personal
from lineage.inventory.formats.artifacts import host_of, image_of, image_of_package, package_of
from lineage.inventory.formats.look import at, objects, text, texts
from lineage.inventory.kinds.countries import COUNTRIES

Part = Mapping[str, Any]
"""A component, a service, or another object of a bill."""

CLASSES = {
    **{name: name for name in ("public", "internal", "confidential", "restricted", "personal", "personal_special")},
    "pii": "personal",  # personally identifiable information
    "pifi": "personal",  # the same, financial
    "phi": "personal_special",  # health information
}
"""Classifications of bills that are surely one of ours; the others are words of their authors, and left out."""
PERSONAL = frozenset({"personal", "personal_special"})
LABEL_LIMIT = 256
"""Characters of a property's value that is kept as a label; longer ones are documents of their own."""
KEYED_STORES = frozenset({"s3", "gs", "abfss", "wasbs"})
"""Stores in whose names lineage writes the key of an object without a slash before it."""


def title(part: Part) -> str | None:
    """Return `group/name`, or the name alone; None where there is none."""
    name, group = text(part.get("name")), text(part.get("group"))
    return f"{group}/{name}" if name and group else name


def shown(part: Part) -> str | None:
    """Return name and version for people."""
    name, version = text(part.get("name")), text(part.get("version"))
    return f"{name} {version}" if name and version else name


def artifact_of(part: Part) -> tuple[str, dict[str, Any]] | None:
    """Return the key of a piece of software and what its references tell; None where it has no name.

    1. An image by its reference: from the package URL, or from the name of a container and the digest or tag that
       stands as its version.
    2. A package by its package URL; other software by SWID tag, CPE, or type, group, name and version.
    3. Exact is a version that goes with a hash; a range of versions is not.
    """
    purl, name, version = text(part.get("purl")), text(part.get("name")), text(part.get("version"))
    package = package_of(purl) if purl else None
    image = image_of_package(package) if package else None  # 1
    if image is None and part.get("type") == "container" and name:
        reference = "/".join(filter(None, (text(part.get("group")), name)))
        is_digest = version is not None and ":" in version
        tagged = reference if version is None or is_digest or ":" in name else f"{reference}:{version}"
        image = image_of(tagged, version or "" if is_digest else "")
    if image is not None:
        return image.uid, image.attributes
    own = "/".join(filter(None, (text(part.get("type")), title(part))))
    key = purl or text(at(part, "swid", "tagId")) or text(part.get("cpe")) or (f"{own}@{version}" if version else own)
    if not name:
        return None
    exact = True if version and part.get("hashes") else False if text(part.get("versionRange")) else None
    repository = package.qualifiers.get("repository_url") if package else None
    return key, {"registry": host_of(repository) if repository else _distribution(part), "pinned": exact}  # 2, 3


def _distribution(part: Part) -> str | None:
    """Return the host that the software is taken from, where the bill gives its download address."""
    for _, reference in objects(part.get("externalReferences")):
        if reference.get("type") == "distribution" and (url := text(reference.get("url"))):
            return host_of(url) if "://" in url else None
    return None


def licence_of(part: Part) -> str | None:
    """Return the licence: what was concluded before what is declared, all of several joined by AND."""
    found = [(_licence(choice), choice) for _, choice in objects(part.get("licenses"))]
    concluded = [name for name, choice in found if name and "concluded" in _acknowledged(choice)]
    names = list(dict.fromkeys(concluded or [name for name, _ in found if name]))
    return " AND ".join(f"({name})" if len(names) > 1 and " " in name else name for name in names) or None


def _licence(choice: Part) -> str | None:
    licence = choice.get("license")
    return text(choice.get("expression")) or text(at(licence, "id")) or text(at(licence, "name"))


def _acknowledged(choice: Part) -> tuple[Any, Any]:
    return choice.get("acknowledgement"), at(choice, "license", "acknowledgement")


def sha256_of(part: Part) -> str | None:
    """Return the SHA-256 among the hashes, in small letters."""
    for _, each in objects(part.get("hashes")):
        if each.get("alg") == "SHA-256" and (content := text(each.get("content"))):
            return content.lower()
    return None


def labels_of(part: Part, **more: str | None) -> dict[str, str] | None:
    """Return the properties as labels, and `more`. A value with personal data in it, or a long one, is left out."""
    found: dict[str, list[str]] = {}
    for _, each in objects(part.get("properties")):
        name, value = text(each.get("name")), text(each.get("value"))
        if name and value and value not in found.get(name, ()):
            found.setdefault(name, []).append(value)
    joined = {name: ", ".join(values) for name, values in found.items()} | {
        name.replace("_", "-"): value for name, value in more.items() if value
    }
    return {
        name: value for name, value in joined.items() if len(value) <= LABEL_LIMIT and not find_personal(value)
    } or None


def organisation_of(part: Part) -> str | None:
    """Return who made or supplied something, where that is an organisation."""
    makers = (at(part, "manufacturer", "name"), at(part, "supplier", "name"), part.get("publisher"))
    return next((name for each in makers if (name := text(each))), None)


def class_of(value: Any) -> str | None:
    """Return a classification in our words; None where it is none of them."""
    return CLASSES.get((text(value) or "").lower())


def classified(part: Part) -> dict[str, Any]:
    """Return what data is, as its classification and its governance tell it."""
    found = class_of(part.get("classification"))
    owners = [text(at(owner, "organization", "name")) for _, owner in objects(at(part, "governance", "owners"))]
    return {
        "classification": found,
        "contains_personal_data": found in PERSONAL or None,
        "owner": next(filter(None, owners), None),
        "description": text(part.get("description")),
    }


def country_of(part: Part) -> str | None:
    """Return the country of an organisation's address where it is given as a code."""
    country = (text(at(part, "address", "country")) or "").upper()
    return country if country in COUNTRIES else None


def dataset_uid(address: str | None, namespace: str, name: str) -> str:
    """Return the key of data: as lineage names what lies at its address; else by `namespace` and `name`.

    What stands behind `?` in an address is no part of a name: it changes, and it may hold a signature.
    """
    scheme, netloc, path = _split(address or "")
    if scheme in KEYED_STORES:
        namespace, name = f"{scheme}://{netloc}", path.strip("/") or name
    elif scheme and netloc:
        namespace, name = f"{scheme}://{netloc.rpartition('@')[2]}", path.rstrip("/") or name
    return f"{quote(namespace, safe='')}/{quote(name, safe='')}"


def _split(address: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", "", ""
    return parts.scheme.lower(), parts.netloc, parts.path


def nested(parts: Any, member: str, place: str) -> Iterator[tuple[str, Part]]:
    """Yield (place, part) of a list of parts, and of the lists of parts inside them under the same name."""
    for index, part in objects(parts):
        here = f"{place}[{index}]"
        yield here, part
        yield from nested(part.get(member), member, f"{here}.{member}")


def service_uid(part: Part) -> str | None:
    """Return the key of a service: group, name, and the first host of its endpoints; its version changes over time."""
    name = title(part)
    hosts = sorted(filter(None, (host_of(each) for each in texts(part.get("endpoints")))))
    return f"{name}@{hosts[0]}" if name and hosts else name


def flows_of(data: Sequence[Part]) -> str | None:
    """Return which classes of data a service exchanges, and in which direction, for people."""
    each = (" ".join(filter(None, (text(one.get("flow")), text(one.get("classification"))))) for one in data)
    return "; ".join(dict.fromkeys(filter(None, each))) or None
