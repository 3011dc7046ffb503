"""AWS Config: a snapshot (`configurationItems`), a configuration history, or one configuration item.

`configuration` and the members of `supplementaryConfiguration` are JSON inside a string, sometimes twice. An item of a
resource that was deleted is left out: a full inventory retires it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, flag, instant, objects, text, whole
from lineage.inventory.formats.sample import Sample

GONE = frozenset({"ResourceDeleted", "ResourceDeletedNotRecorded"})
NESTED = 3
"""How often a value is JSON inside a string inside JSON, at most."""

Item = Mapping[str, Any]
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Type:
    """What a resource type becomes, and what is read from its item beside what all have."""

    kind: str
    attributes: Callable[[Item], Attributes]


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a document."""
    for place, item in _items(document):
        type_ = TYPES.get(text(item.get("resourceType")) or "")
        gone = text(item.get("configurationItemStatus")) in GONE
        if type_ is None or gone:
            found.leave(f"{text(item.get('resourceType'))}{' (deleted)' if gone else ''}")
            continue
        uid = text(item.get("arn"))
        if uid is None:
            found.refuse(f"{place}.arn", item.get("arn"), "the ARN of the resource", "export the item again")
            continue
        found.add(
            place,
            type_.kind,
            uid,
            name=text(item.get("resourceName")) or text(item.get("resourceId")),
            observed_at=instant(item.get("configurationItemCaptureTime")),
            attributes={"provider": "aws", "region": _region(item), **type_.attributes(item)},
        )


def _items(document: Any) -> Iterator[tuple[str, Item]]:
    if isinstance(document, Mapping) and "configurationItems" not in document:
        yield "$", document
        return
    for index, item in objects(at(document, "configurationItems")):
        yield f"configurationItems[{index}]", item


def _region(item: Item) -> str | None:
    region = text(item.get("awsRegion"))
    return None if region == "global" else region


def _inside(item: Item, *path: str) -> Any:
    """Return a value of `configuration` or `supplementaryConfiguration`, opening JSON inside strings on the way."""
    value: Any = item
    for step in path:
        value = _opened(at(value, step))
    return value


def _opened(value: Any) -> Any:
    for _ in range(NESTED):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    return value


def _bucket(item: Item) -> Attributes:
    extra = "supplementaryConfiguration"
    rules = _inside(item, extra, "ServerSideEncryptionConfiguration", "rules")
    algorithm = text(at(rules, 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"))
    grants = _inside(item, extra, "AccessControlList", "grantList")
    name = text(item.get("resourceName"))
    return {
        "lineage_namespaces": [f"s3://{name}"] if name else None,
        "encrypted_at_rest": True if algorithm else None,
        "key_control": {"AES256": "provider", "aws:kms": "customer_kms"}.get(algorithm or ""),
        "public_access": any(grant.get("grantee") == "AllUsers" for _, grant in objects(grants)) or None,
    }


def _database(item: Item) -> Attributes:
    endpoint = _inside(item, "configuration", "endpoint")
    host = text(at(endpoint, "address")) or text(endpoint)
    port = whole(at(endpoint, "port")) or whole(_inside(item, "configuration", "port"))
    scheme = _scheme(text(_inside(item, "configuration", "engine")) or "")
    return {
        "lineage_namespaces": [f"{scheme}://{host}:{port}"] if scheme and host and port else None,
        "encrypted_at_rest": flag(_inside(item, "configuration", "storageEncrypted")),
        "key_control": "customer_kms" if text(_inside(item, "configuration", "kmsKeyId")) else None,
        "public_access": flag(_inside(item, "configuration", "publiclyAccessible")),
    }


def _scheme(engine: str) -> str | None:
    """Return the scheme of OpenLineage's namespaces for a database engine (its specification, Naming)."""
    known = {"postgres": "postgres", "aurora-postgresql": "postgres", "mysql": "mysql", "aurora-mysql": "mysql"}
    return known.get(engine) or ("oracle" if engine.startswith("oracle") else None)


def _stream(item: Item) -> Attributes:
    encryption = text(_inside(item, "configuration", "EncryptionType"))
    return {
        "encrypted_at_rest": {"KMS": True, "NONE": False}.get(encryption or ""),
        "key_control": "customer_kms" if encryption == "KMS" else None,
    }


def _instance(item: Item) -> Attributes:
    return {"subtype": "server", "in_service_at": instant(_inside(item, "configuration", "launchTime"))}


def _plain(item: Item) -> Attributes:
    return {}


TYPES: Mapping[str, Type] = {
    "AWS::S3::Bucket": Type("storage", _bucket),
    "AWS::RDS::DBCluster": Type("storage", _database),
    "AWS::RDS::DBInstance": Type("storage", _database),
    "AWS::Kinesis::Stream": Type("storage", _stream),
    "AWS::EC2::Instance": Type("node", _instance),
    "AWS::EKS::Cluster": Type("cluster", _plain),
}
_OF_ALL = frozenset({"provider", "region"})


def _knows(sample: Sample) -> bool:
    item = sample.first("configurationItems") or sample.members
    return "resourceType" in item and bool({"awsRegion", "configurationItemStatus"} & item.keys())


FORMAT = json_format(
    "aws-config",
    "AWS Config snapshot",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    fills={
        "storage": _OF_ALL | {"lineage_namespaces", "encrypted_at_rest", "key_control", "public_access"},
        "node": _OF_ALL | {"subtype", "in_service_at"},
        "cluster": _OF_ALL,
    },
)
