"""Objects of Kubernetes in the forms in which kubectl writes them, and what of them is never kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from accounts.journal.canonical.exact import BodyRefused, Exact, parse_exact
from lineage.events.redact import REDACTED, SECRET_MEMBER
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.look import at, flag, objects, text
from lineage.inventory.formats.per_line import BOM
from lineage.inventory.formats.yaml_documents import TAKEN, read_documents

UNREADABLE = "unreadable document"
"""The one member of what stands in the place of a document that could not be read: its text is not kept."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation that repeats the whole object as text, values of variables included."""
SECRET_PARTS: Mapping[str, tuple[str, ...]] = {
    "Secret": ("data", "stringData"),
    "ConfigMap": ("data", "binaryData"),
}
"""Members whose values are taken out, by the kind of the object. Nothing is read from them."""


@dataclass(frozen=True)
class Object:
    """An object with its place. `listed`: it came in a list, which names all of its kind that were asked for."""

    place: str
    kind: str
    value: Mapping[str, Any]
    listed: bool

    @cached_property
    def name(self) -> str | None:
        """The name, unique among objects of the kind in the namespace at one time."""
        return text(at(self.value, "metadata", "name"))

    @cached_property
    def namespace(self) -> str | None:
        """The namespace, where it is named."""
        return text(at(self.value, "metadata", "namespace"))

    @cached_property
    def id(self) -> str | None:
        """The identifier that its cluster gave it, unique over all clusters; None in a manifest."""
        return text(at(self.value, "metadata", "uid"))

    @property
    def uid(self) -> str:
        """The key of its asset: the identifier, or kind, namespace and name of a manifest."""
        return self.id or "/".join(filter(None, (self.kind, self.namespace, self.name)))

    @property
    def origin(self) -> str:
        """Measured where a cluster tells it, declared where a manifest does."""
        return "measured" if self.id else "declared"

    @property
    def shown(self) -> str | None:
        """The name for people."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @cached_property
    def labels(self) -> dict[str, str]:
        """The labels; those that are no text are left out."""
        labels = at(self.value, "metadata", "labels")
        given = labels.items() if isinstance(labels, Mapping) else ()
        return {name: value for name, value in given if isinstance(value, str)}

    @cached_property
    def owner(self) -> Mapping[str, Any] | None:
        """The reference to the object that controls it."""
        owners = [each for _, each in objects(at(self.value, "metadata", "ownerReferences"))]
        return next((each for each in owners if flag(each.get("controller"))), owners[0] if owners else None)


def documents_of(body: bytes) -> list[Exact]:
    """Return the documents of a body: one JSON value, the members of a JSON array, or a stream of YAML documents.

    Raises InventoryRefused where the body as a whole is neither.
    """
    content = body.removeprefix(BOM).lstrip()
    if content[:1] not in (b"{", b"["):
        return [
            {UNREADABLE: each.problem} if each.problem else each.value
            for each in read_documents(body)
            if each.problem or each.value is not None
        ]
    try:
        value = parse_exact(content)
    except BodyRefused as error:
        raise InventoryRefused(
            f"The file is no list of Kubernetes: {error.message} Expected what kubectl get -o json writes, or YAML. "
            "Export it again and send it whole.",
            code="json_malformed",
        ) from None
    return value if isinstance(value, list) else [value]


def strip(documents: Exact) -> list[str]:
    """Take out in place what may be secret: data of secrets and config maps, values of environment variables.

    Also words after flags that name a secret, the annotation that repeats an object, and what could not be read. Return
    the paths.
    """
    found: list[str] = []
    pending: list[tuple[str, Exact, str]] = [("$", documents, "")]
    while pending:
        path, value, kind = pending.pop()
        if isinstance(value, list):
            pending += [(f"{path}[{index}]", member, kind) for index, member in enumerate(value)]
        elif isinstance(value, dict):
            own = value.get("kind", kind)
            kind = own if isinstance(own, str) else kind
            found += _strip_one(path, value, kind)
            below = kind.removesuffix("List") if isinstance(value.get("items"), list) else ""
            pending += [(f"{path}.{name}", member, below if name == "items" else "") for name, member in value.items()]
    return sorted(found)


def _strip_one(path: str, value: dict[str, Exact], kind: str) -> list[str]:
    found = [f"{path}.{UNREADABLE}"] if set(value) == {UNREADABLE} else []
    for part in SECRET_PARTS.get(kind, ()):
        found += _blank(f"{path}.{part}", value.get(part))
    for index, each in enumerate(env if isinstance(env := value.get("env"), list) else ()):
        if isinstance(each, dict) and each.get("value") not in (None, "", REDACTED):
            each["value"] = REDACTED
            found.append(f"{path}.env[{index}].value")
    for part in ("args", "command"):
        found += _flags(f"{path}.{part}", value.get(part))
    if value.get(LAST_APPLIED) not in (None, REDACTED):
        value[LAST_APPLIED] = REDACTED
        found.append(f"{path}.{LAST_APPLIED}")
    return found


def _flags(path: str, words: Exact) -> list[str]:
    """Take out the word after a flag that names a secret, as in `--password word`."""
    found: list[str] = []
    for index, (flag_, word) in enumerate(pairwise(words if isinstance(words, list) else ()), start=1):
        is_secret = isinstance(flag_, str) and flag_.startswith("-") and SECRET_MEMBER.search(flag_.lstrip("-"))
        if is_secret and isinstance(words, list) and isinstance(word, str) and word != REDACTED:
            words[index] = REDACTED
            found.append(f"{path}[{index}]")
    return found


def _blank(path: str, values: Exact) -> list[str]:
    if not isinstance(values, dict):
        return []
    names = [name for name, value in values.items() if value not in (None, REDACTED)]
    values |= dict.fromkeys(names, REDACTED)
    return [f"{path}.{name}" for name in names]


def objects_of(documents: list[Any], found: Collected) -> Iterator[Object]:
    """Yield the objects of documents: those of a list have its kind where they do not name their own.

    A document without a kind, and one that could not be read, is noted as refused.
    """
    for index, document in enumerate(documents):
        place = f"document {index + 1}" if len(documents) > 1 else ""
        if isinstance(document, Mapping) and (problem := text(document.get(UNREADABLE))):
            found.refuse(place or "document 1", problem, TAKEN, "correct it and send it again", line=index + 1)
        else:
            yield from _objects(document, place, "", found, listed=False)


def _objects(value: Any, place: str, kind: str, found: Collected, *, listed: bool) -> Iterator[Object]:
    kind = (text(value.get("kind")) or kind) if isinstance(value, Mapping) else kind
    if not kind or not isinstance(value, Mapping):
        found.refuse(place or "$", value, "an object with kind and apiVersion", "export it with kubectl get -o json")
    elif kind.endswith("List") and isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            here = ".".join(filter(None, (place, f"items[{index}]")))
            yield from _objects(item, here, kind.removesuffix("List"), found, listed=True)
    elif text(at(value, "metadata", "name")) is None:
        got = at(value, "metadata", "name")
        where = ".".join(filter(None, (place, "metadata.name")))
        found.refuse(where, got, "the name of the object", "export it with kubectl get -o json")
    else:
        yield Object(place or "$", kind, value, listed)
