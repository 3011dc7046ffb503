"""Google Cloud Asset Inventory: an export (one asset per line), `gcloud asset list`, a search, or messages of a feed.

Names of members are read in both ways that Google writes them, `assetType` and `asset_type`. The time of an asset is
that of its last change and not of its reading, so rows carry none. Resources and policies may come on separate lines.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from accounts.journal.canonical.exact import Exact
from lineage.inventory.assets import Key
from lineage.inventory.formats import clouds
from lineage.inventory.formats.artifacts import image_of
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_lines import Placed, json_lines_format
from lineage.inventory.formats.look import at, flag, instant, objects, text, texts, whole
from lineage.inventory.formats.opaque import strip_opaque
from lineage.inventory.formats.sample import Sample

Item = Mapping[str, Any]
Data = Mapping[str, Any]
Attributes = Mapping[str, Any]
EVERYBODY = "allUsers"
ENGINES = {"POSTGRES": ("postgres", 5432), "MYSQL": ("mysql", 3306), "SQLSERVER": ("sqlserver", 1433)}
"""Engines of Cloud SQL as their versions begin, with name in lineage and port."""


@dataclass(frozen=True)
class Type:
    """What an asset type becomes, and what is read from its data beside what all have."""

    kind: str
    attributes: Callable[[Data], Attributes]


def tell(values: Iterator[Placed], found: Collected) -> None:
    """Tell the assets of an export. Keys of service accounts are told at the end: of several the oldest counts."""
    keys: dict[str, str] = {}
    for place, value in values:
        item = at(value, "asset") if isinstance(at(value, "asset"), Mapping) else value
        name, type_name = text(at(item, "name")), _type(item)
        if name is None or not name.startswith("//") or type_name is None:
            hint = "export the asset again"
            found.refuse(place, item, "an asset with name and assetType", hint)
        elif flag(at(value, "deleted")):
            found.leave(f"{type_name} (deleted)")
        elif type_name == "iam.googleapis.com/ServiceAccountKey":
            _note_key(item, keys)
        elif (type_ := TYPES.get(type_name)) is not None:
            _tell_one(place, item, name, type_, found)
        else:
            found.leave(type_name)
    for uid, issued in keys.items():
        found.add("keys", "identity", uid, attributes={"key_at": issued})


def _type(item: Any) -> str | None:
    return text(at(item, "assetType")) or text(at(item, "asset_type"))


def _tell_one(place: str, item: Item, name: str, type_: Type, found: Collected) -> None:
    given = at(item, "resource", "data")
    data: Data = given if isinstance(given, Mapping) else {}
    labels = next((at(data, *path) for path in LABELS if isinstance(at(data, *path), Mapping)), item.get("labels"))
    common = {"environment": clouds.environment(labels)}
    if type_.kind not in ("dataset", "identity"):
        common |= {"provider": "gcp", "region": _region(item, data)}
    uid = _uid(name, type_.kind, data)
    images = _images(place, data, common["environment"], found) if type_.kind == "service" else []
    relations: dict[str, list[Key]] = {"artifacts": images} if images else {}
    if type_.kind == "dataset":
        relations["stored_in"] = [("storage", name.partition("/tables/")[0])]
    if models := [text(each.get("model")) for _, each in objects(data.get("deployedModels"))]:
        relations["serves"] = [("model", f"//aiplatform.googleapis.com/{model}") for model in models if model]
    found.add(
        place,
        type_.kind,
        uid,
        name=text(data.get("displayName")) or text(item.get("displayName")) or name.rpartition("/")[2],
        attributes={**common, **type_.attributes(data), **_policy(item, type_)},
        relations=relations,
    )


LABELS = (("labels",), ("resourceLabels",), ("settings", "userLabels"), ("metadata", "labels"))


def _region(item: Item, data: Data) -> str | None:
    given = [
        at(item, "resource", "location"),
        item.get("location"),
        *(data.get(n) for n in ("location", "zone", "region")),
    ]
    said = next((found for each in given if (found := clouds.gcp_zone(each)) is not None), None)
    return said or clouds.gcp_name_region(item.get("name"))


def _uid(name: str, kind: str, data: Data) -> str:
    """Return the full resource name; a service account by its e-mail, a table as lineage names it."""
    if kind == "dataset":
        parts = name.split("/")
        return f"bigquery/{quote('.'.join(parts[index] for index in (4, 6, 8) if index < len(parts)), safe='')}"
    own = text(data.get("name")) or ""
    return f"//iam.googleapis.com/{own}" if kind == "identity" and own.startswith("projects/") else name


def _note_key(item: Item, keys: dict[str, str]) -> None:
    """Note when a key of a user was issued; those that Google changes by itself are none."""
    data = at(item, "resource", "data")
    account, issued = (text(at(data, "name")) or "").partition("/keys/")[0], instant(at(data, "validAfterTime"))
    if account and issued and text(at(data, "keyType")) in (None, "USER_MANAGED"):
        uid = f"//iam.googleapis.com/{account}"
        keys[uid] = min(issued, keys.get(uid, issued))


def _policy(item: Item, type_: Type) -> Attributes:
    policy = item.get("iamPolicy") or item.get("iam_policy")
    members = {member for _, binding in objects(at(policy, "bindings")) for member in texts(binding.get("members"))}
    return {"public_access": True} if type_.kind == "storage" and EVERYBODY in members else {}


def _images(place: str, data: Data, environment: str | None, found: Collected) -> list[Key]:
    holders = (("template", "containers"), ("spec", "template", "spec", "containers"))
    named = [text(each.get("image")) or "" for holder in holders for _, each in objects(at(data, *holder))]
    return [
        found.add(
            place, "software_artifact", image.uid, name=image.uid,
            attributes={**image.attributes, "environment": environment},
        )
        for image in map(image_of, named)
        if image is not None
    ]  # fmt: skip


def _key(*names: Any) -> Attributes:
    """A key that is named is the customer's own in Cloud KMS; without one nothing is said of it."""
    return {"encrypted_at_rest": True, "key_control": "customer_kms"} if any(text(name) for name in names) else {}


def _bucket(data: Data) -> Attributes:
    name, sort = text(data.get("name")) or text(data.get("id")), text(data.get("locationType"))
    is_closed = text(at(data, "iamConfiguration", "publicAccessPrevention")) == "enforced"
    is_open = any(text(entry.get("entity")) == EVERYBODY for _, entry in objects(data.get("acl")))
    return {
        "lineage_namespaces": [f"gs://{name}"] if name else None,
        **_key(at(data, "encryption", "defaultKmsKeyName")),
        "public_access": False if is_closed else True if is_open else None,
        "replica_countries": [] if sort in ("region", "zone") else None,
    }


def _sql(data: Data) -> Attributes:
    engine, port = ENGINES.get((text(data.get("databaseVersion")) or "").partition("_")[0], ("", 0))
    hosts = [text(each.get("ipAddress")) for _, each in objects(data.get("ipAddresses"))]
    hosts.append((text(data.get("dnsName")) or "").rstrip("."))
    served = [each for host in hosts for each in clouds.database_namespace(engine, host, port) or ()]
    return {
        "lineage_namespaces": sorted(set(served)) or None,
        **_key(at(data, "diskEncryptionConfiguration", "kmsKeyName")),
    }


def _bigquery(data: Data) -> Attributes:
    public = any(EVERYBODY in (text(each.get("specialGroup")), text(each.get("iamMember")))
                 for _, each in objects(data.get("access")))  # fmt: skip
    return {**_key(at(data, "defaultEncryptionConfiguration", "kmsKeyName")), "public_access": True if public else None}


def _table(data: Data) -> Attributes:
    key = _key(at(data, "encryptionConfiguration", "kmsKeyName"))
    return {"subtype": "table", "description": text(data.get("description")), **key}


def _spanner(data: Data) -> Attributes:
    parts = (text(data.get("name")) or "").split("/")
    is_whole = len(parts) == 4 and parts[0] == "projects"
    return {"lineage_namespaces": [f"spanner://{parts[1]}:{parts[3]}"] if is_whole else None}


def _store(data: Data) -> Attributes:
    return _key(at(data, "diskEncryptionKey", "kmsKeyName"), data.get("kmsKeyName"), data.get("customerManagedKey"))


def _machine(data: Data) -> Attributes:
    counts = [whole(each.get("acceleratorCount")) for _, each in objects(data.get("guestAccelerators"))]
    known = [count for count in counts if count is not None]
    return {
        "subtype": "accelerator_node" if counts else clouds.machine("gcp", data.get("machineType")),
        "accelerators": sum(known) if known and len(known) == len(counts) else None,
        "secure_boot": flag(at(data, "shieldedInstanceConfig", "enableSecureBoot")),
        "in_service_at": instant(data.get("creationTimestamp")),
    }


def _cluster(data: Data) -> Attributes:
    return {"node_count": whole(data.get("currentNodeCount"))}


def _network(data: Data) -> Attributes:
    return {"subtype": "network_segment"}


def _service(subtype: str | None) -> Callable[[Data], Attributes]:
    """Return what reads a running component of this subtype."""
    return lambda data: {
        "subtype": subtype,
        "request_log_enabled": flag(at(data, "predictRequestResponseLoggingConfig", "enabled")),
    }


def _model(data: Data) -> Attributes:
    return {"version": text(data.get("versionId"))}


def _account(data: Data) -> Attributes:
    return {"subtype": "service"}


TYPES: Mapping[str, Type] = {
    "storage.googleapis.com/Bucket": Type("storage", _bucket),
    "sqladmin.googleapis.com/Instance": Type("storage", _sql),
    "bigquery.googleapis.com/Dataset": Type("storage", _bigquery),
    "bigquery.googleapis.com/Table": Type("dataset", _table),
    "spanner.googleapis.com/Instance": Type("storage", _spanner),
    "bigtableadmin.googleapis.com/Instance": Type("storage", _store),
    "file.googleapis.com/Instance": Type("storage", _store),
    "redis.googleapis.com/Instance": Type("storage", _store),
    "compute.googleapis.com/Disk": Type("storage", _store),
    "secretmanager.googleapis.com/Secret": Type("storage", _store),
    "compute.googleapis.com/Instance": Type("node", _machine),
    "container.googleapis.com/Cluster": Type("cluster", _cluster),
    "dataproc.googleapis.com/Cluster": Type("cluster", _cluster),
    "compute.googleapis.com/Network": Type("isolation_zone", _network),
    "compute.googleapis.com/Subnetwork": Type("isolation_zone", _network),
    "aiplatform.googleapis.com/Endpoint": Type("service", _service("model_endpoint")),
    "aiplatform.googleapis.com/Featurestore": Type("service", _service("feature_store")),
    "aiplatform.googleapis.com/Model": Type("model", _model),
    "notebooks.googleapis.com/Instance": Type("service", _service("notebook_platform")),
    "composer.googleapis.com/Environment": Type("service", _service("orchestrator")),
    "artifactregistry.googleapis.com/Repository": Type("service", _service("registry")),
    "apigateway.googleapis.com/Gateway": Type("service", _service("gateway")),
    "run.googleapis.com/Service": Type("service", _service(None)),
    "iam.googleapis.com/ServiceAccount": Type("identity", _account),
}


def _strip(value: Exact) -> list[str]:
    """Take out settings of programs, and who of the persons may do what: neither is read."""
    done = strip_opaque(value)
    for place, policy in _policies(value, "$"):
        for index, binding in objects(at(policy, "bindings")):
            members = binding.get("members")
            listed: list[Any] = members if isinstance(members, list) else []
            for number, member in enumerate(listed):
                if isinstance(member, str) and member.removeprefix("deleted:").startswith("user:"):
                    listed[number] = "user:"
                    done.append(f"{place}.bindings[{index}].members[{number}]")
    return done


def _policies(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    for name in ("iamPolicy", "iam_policy"):
        if isinstance(policy := at(value, name), Mapping):
            yield f"{place}.{name}", policy
    for member in ("asset", *WITHIN):
        inner = at(value, member)
        for index, each in objects([inner] if isinstance(inner, Mapping) else inner):
            yield from _policies(each, f"{place}.{member}[{index}]")


WITHIN = ("assets", "results")
_OF_ALL = frozenset({"provider", "region", "environment"})


def _knows(sample: Sample) -> bool:
    members = sample.members
    item = next((first for name in WITHIN if (first := sample.first(name))), members)
    item = item["asset"] if isinstance(item.get("asset"), Mapping) else item
    return (text(item.get("name")) or "").startswith("//") and "googleapis.com/" in (_type(item) or "")


FORMAT = json_lines_format(
    "gcp-asset-inventory",
    "Google Cloud Asset Inventory",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    strip=_strip,
    within=WITHIN,
    fills={
        "storage": _OF_ALL
        | {"lineage_namespaces", "encrypted_at_rest", "key_control", "public_access", "replica_countries"},
        "dataset": frozenset(
            {"subtype", "description", "encrypted_at_rest", "key_control", "environment", "rel:stored_in"}
        ),
        "node": _OF_ALL | {"subtype", "accelerators", "secure_boot", "in_service_at"},
        "cluster": _OF_ALL | {"node_count"},
        "isolation_zone": frozenset({"provider", "region", "subtype"}),
        "service": _OF_ALL | {"subtype", "request_log_enabled", "rel:artifacts", "rel:serves"},
        "model": _OF_ALL | {"version"},
        "software_artifact": frozenset({"subtype", "registry", "by_digest", "pinned", "environment"}),
        "identity": frozenset({"subtype", "key_at"}),
    },
)
