"""Azure Resource Graph: resources as `az graph query -o json`, its REST interface and the portal's export give them.

Ids compare without regard to letters, so the uid is the id in small ones. A list of the resource manager
(`az resource list`, `value` of its REST interface) has the same form and says less.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lineage.inventory.assets import Key
from lineage.inventory.formats import clouds
from lineage.inventory.formats.artifacts import image_of
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, flag, instant, objects, text, texts, whole
from lineage.inventory.formats.opaque import strip_opaque
from lineage.inventory.formats.sample import Sample

Item = Mapping[str, Any]
Attributes = Mapping[str, Any]
ANYWHERE = frozenset({"*", "0.0.0.0/0", "internet", "any"})
ALL_PORTS = frozenset({"*", "0-65535"})


@dataclass(frozen=True)
class Type:
    """What a resource type becomes, and what is read from its item beside what all have."""

    kind: str
    attributes: Callable[[Item], Attributes]


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a document."""
    for place, item in _items(document):
        type_ = TYPES.get((text(item.get("type")) or "").lower())
        if type_ is None:
            found.leave(text(item.get("type")) or "no type")
            continue
        uid = text(item.get("id"))
        if uid is None:
            found.refuse(f"{place}.id", item.get("id"), "the id of the resource", "project id in the query")
            continue
        common = {
            "provider": "azure",
            "region": clouds.region(item.get("location")),
            "environment": clouds.environment(item.get("tags")),
        }
        images = _images(place, item, common["environment"], found)
        found.add(
            place,
            type_.kind,
            uid.lower(),
            name=text(item.get("name")),
            attributes={**common, **type_.attributes(item)},
            relations={"artifacts": images} if images and type_.kind == "service" else None,
        )


def _items(document: Any) -> Iterator[tuple[str, Item]]:
    """Yield the resources of a list, of `data` or `value`, or of a table (`data.columns` and `data.rows`)."""
    member = next((name for name in ("data", "value") if at(document, name) is not None), "")
    data = at(document, member) if member else document
    if isinstance(rows := at(data, "rows"), list):
        names = [text(column.get("name")) or "" for _, column in objects(at(data, "columns"))]
        data = [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]
    for index, item in objects([data] if isinstance(data, Mapping) else data):
        yield f"{member}[{index}]", item


def _images(place: str, item: Item, environment: str | None, found: Collected) -> list[Key]:
    holders = (("properties", "template", "containers"), ("properties", "containers"))
    containers = [each for holder in holders for _, each in objects(at(item, *holder))]
    named = [text(each.get("image")) or text(at(each, "properties", "image")) or "" for each in containers]
    return [
        found.add(
            place, "software_artifact", image.uid, name=image.uid,
            attributes={**image.attributes, "environment": environment},
        )
        for image in map(image_of, named)
        if image is not None
    ]  # fmt: skip


def _account(item: Item) -> Attributes:
    """Of all sorts of replication two stay within the region."""
    encryption = at(item, "properties", "encryption")
    services = at(encryption, "services")
    states = [flag(at(each, "enabled")) for each in services.values()] if isinstance(services, Mapping) else []
    sku = (text(at(item, "sku", "name")) or "").rpartition("_")[2]
    return {
        "encrypted_at_rest": False if False in states else True if states and None not in states else None,
        "key_control": _control(at(encryption, "keySource"), at(encryption, "keyvaultproperties", "keyvaulturi")),
        "public_access": False if flag(at(item, "properties", "allowBlobPublicAccess")) is False else None,
        "replica_countries": [] if sku in ("LRS", "ZRS") and not text(_property(item, "secondaryLocation")) else None,
    }


def _control(source: Any, vault: Any = None) -> str | None:
    """Return who controls a key from what Azure calls its source: its own services, or a vault of the customer."""
    name = (text(source) or "").lower()
    if name in ("microsoft.storage", "systemmanaged", "encryptionatrestwithplatformkey", "microsoft.cognitiveservices"):
        return "provider"
    if name in ("microsoft.keyvault", "azurekeyvault") or name.endswith(("customerkey", "customerkeys")):
        return "customer_hsm" if ".managedhsm.azure.net" in (text(vault) or "") else "customer_kms"
    return None


def _property(item: Item, *path: str) -> Any:
    return at(item, "properties", *path)


def _server(engine: str, port: int) -> Callable[[Item], Attributes]:
    """Return what reads a database server of this engine."""

    def read(item: Item) -> Attributes:
        host = _property(item, "fullyQualifiedDomainName")
        access = text(_property(item, "publicNetworkAccess")) or text(_property(item, "network", "publicNetworkAccess"))
        control = _control(_property(item, "dataEncryption", "type"))
        return {
            "lineage_namespaces": clouds.database_namespace(engine, host, port),
            "encrypted_at_rest": True if control else None,
            "key_control": control,
            "public_access": False if access == "Disabled" else None,
        }

    return read


def _cosmos(item: Item) -> Attributes:
    host = urlsplit(text(_property(item, "documentEndpoint")) or "").hostname
    places = [text(each.get("locationName")) for _, each in objects(_property(item, "locations"))]
    key = text(_property(item, "keyVaultKeyUri"))
    return {
        "lineage_namespaces": [f"azurecosmos://{host}"] if host else None,
        "encrypted_at_rest": True if key else None,
        "key_control": _control("azurekeyvault", key) if key else None,
        "public_access": False if text(_property(item, "publicNetworkAccess")) == "Disabled" else None,
        "replica_countries": [] if len(places) == 1 and places[0] else None,
    }


def _disk(item: Item) -> Attributes:
    control = _control(_property(item, "encryption", "type"))
    return {"encrypted_at_rest": True if control else None, "key_control": control}


def _vault(item: Item) -> Attributes:
    return {"public_access": False if text(_property(item, "publicNetworkAccess")) == "Disabled" else None}


def _backup_vault(item: Item) -> Attributes:
    return {"tier": "backup", **_vault(item)}


def _machine(item: Item) -> Attributes:
    size = text(_property(item, "hardwareProfile", "vmSize"))
    return {
        "subtype": clouds.machine("azure", size),
        "secure_boot": flag(_property(item, "securityProfile", "uefiSettings", "secureBootEnabled")),
        "disk_encrypted": True if flag(_property(item, "securityProfile", "encryptionAtHost")) else None,
        "in_service_at": instant(_property(item, "timeCreated")),
    }


def _cluster(item: Item) -> Attributes:
    counts = [whole(pool.get("count")) for _, pool in objects(_property(item, "agentPoolProfiles"))]
    known = [count for count in counts if count is not None]
    return {"node_count": sum(known) if known and len(known) == len(counts) else None}


def _network(item: Item) -> Attributes:
    rules = _property(item, "securityRules")
    count = sum(_is_open(at(rule, "properties")) for _, rule in objects(rules)) if isinstance(rules, list) else None
    return {"subtype": "network_segment", "any_to_any_rules": count}


def _is_open(rule: Any) -> bool:
    """Tell whether a rule lets anything in from anywhere."""
    sources = {text(at(rule, "sourceAddressPrefix")), *texts(at(rule, "sourceAddressPrefixes"))}
    ports = {text(at(rule, "destinationPortRange")), *texts(at(rule, "destinationPortRanges"))}
    is_in = (text(at(rule, "access")), text(at(rule, "direction")), text(at(rule, "protocol"))) == (
        "Allow",
        "Inbound",
        "*",
    )
    return is_in and bool({(each or "").lower() for each in sources} & ANYWHERE) and bool(ports & ALL_PORTS)


def _service(subtype: str | None) -> Callable[[Item], Attributes]:
    """Return what reads a running component of this subtype."""
    return lambda item: {"subtype": subtype}


def _workspace(item: Item) -> Attributes:
    is_features = text(item.get("kind")) == "FeatureStore"
    return {"subtype": "feature_store" if is_features else "notebook_platform"}


def _endpoint(item: Item) -> Attributes:
    """An online endpoint: every way of authentication that it has refuses callers without an identity."""
    known = (text(_property(item, "authMode")) or "").lower() in ("key", "amltoken", "aadtoken")
    return {"subtype": "model_endpoint", "auth_required": True if known else None}


def _registry(item: Item) -> Attributes:
    anonymous = flag(_property(item, "anonymousPullEnabled"))
    return {"subtype": "registry", "auth_required": None if anonymous is None else not anonymous}


def _identity(item: Item) -> Attributes:
    return {"subtype": "service"}


TYPES: Mapping[str, Type] = {
    "microsoft.storage/storageaccounts": Type("storage", _account),
    "microsoft.sql/servers": Type("storage", _server("sqlserver", 1433)),
    "microsoft.dbforpostgresql/flexibleservers": Type("storage", _server("postgres", 5432)),
    "microsoft.dbformysql/flexibleservers": Type("storage", _server("mysql", 3306)),
    "microsoft.documentdb/databaseaccounts": Type("storage", _cosmos),
    "microsoft.compute/disks": Type("storage", _disk),
    "microsoft.cache/redis": Type("storage", _vault),
    "microsoft.keyvault/vaults": Type("storage", _vault),
    "microsoft.recoveryservices/vaults": Type("storage", _backup_vault),
    "microsoft.compute/virtualmachines": Type("node", _machine),
    "microsoft.containerservice/managedclusters": Type("cluster", _cluster),
    "microsoft.network/virtualnetworks": Type("isolation_zone", _network),
    "microsoft.network/networksecuritygroups": Type("isolation_zone", _network),
    "microsoft.cognitiveservices/accounts": Type("service", _service("model_endpoint")),
    "microsoft.machinelearningservices/workspaces": Type("service", _workspace),
    "microsoft.machinelearningservices/workspaces/onlineendpoints": Type("service", _endpoint),
    "microsoft.databricks/workspaces": Type("service", _service("platform")),
    "microsoft.synapse/workspaces": Type("service", _service("platform")),
    "microsoft.datafactory/factories": Type("service", _service("orchestrator")),
    "microsoft.containerregistry/registries": Type("service", _registry),
    "microsoft.apimanagement/service": Type("service", _service("gateway")),
    "microsoft.app/containerapps": Type("service", _service(None)),
    "microsoft.containerinstance/containergroups": Type("service", _service(None)),
    "microsoft.managedidentity/userassignedidentities": Type("identity", _identity),
}
_OF_ALL = frozenset({"provider", "region", "environment"})


def _knows(sample: Sample) -> bool:
    data = sample.members.get("data")
    if isinstance(rows := at(data, "rows"), list) and rows:
        return {"id", "type"} <= {at(column, "name") for column in at(data, "columns") or ()}
    first = sample.first("data") or sample.first("value") or sample.members
    is_resource = (text(first.get("id")) or "").lower().startswith(("/subscriptions/", "/providers/"))
    return is_resource and (text(first.get("type")) or "").lower().startswith("microsoft.")


FORMAT = json_format(
    "azure-resource-graph",
    "Azure Resource Graph",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    strip=strip_opaque,
    fills={
        "storage": _OF_ALL
        | {"lineage_namespaces", "encrypted_at_rest", "key_control", "public_access", "replica_countries", "tier"},
        "node": _OF_ALL | {"subtype", "secure_boot", "disk_encrypted", "in_service_at"},
        "cluster": _OF_ALL | {"node_count"},
        "isolation_zone": _OF_ALL | {"subtype", "any_to_any_rules"},
        "service": _OF_ALL | {"subtype", "auth_required", "rel:artifacts"},
        "software_artifact": frozenset({"subtype", "registry", "by_digest", "pinned", "environment"}),
        "identity": _OF_ALL | {"subtype"},
    },
)
