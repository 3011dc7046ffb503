"""AWS Config: a snapshot, a configuration history, one configuration item, or what a query of items returns.

`configuration` and the members of `supplementaryConfiguration` are JSON inside a string, sometimes twice. An item of a
resource that was deleted is left out: a full inventory retires it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats import clouds
from lineage.inventory.formats.artifacts import image_of
from lineage.inventory.formats.aws_items import Account, Item, first_of, inside, items_of, opened_json
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, epoch, flag, instant, objects, text, texts, whole
from lineage.inventory.formats.opaque import strip_opaque
from lineage.inventory.formats.sample import Sample

GONE = frozenset({"ResourceDeleted", "ResourceDeletedNotRecorded"})
READ_ALONG = frozenset({"AWS::KMS::Key"})
"""Types that are nothing by themselves, and tell something of others."""
EVERYBODY = "AllUsers"
ENCRYPTED = (
    ("storageEncrypted",), ("encrypted",), ("Encrypted",), ("EncryptionAtRestOptions", "Enabled"),
    ("encryptionAtRestOptions", "enabled"),
)  # fmt: skip
KEYS = (
    ("kmsKeyId",), ("KmsKeyId",), ("KMSKeyId",), ("EncryptionKeyArn",), ("EncryptionAtRestOptions", "KmsKeyId"),
    ("encryptionAtRestOptions", "kmsKeyId"), ("EncryptionInfo", "EncryptionAtRest", "DataVolumeKMSKeyId"),
)  # fmt: skip
"""Where stores say in their configuration whether they encrypt, and with which key."""
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Type:
    """What a resource type becomes, and what is read from its item beside what all have."""

    kind: str
    attributes: Callable[[Item, Account], Attributes]


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a document."""
    items = list(items_of(document))
    account = Account(items)
    for place, item in items:
        name = text(item.get("resourceType")) or ""
        type_, gone = TYPES.get(name), text(item.get("configurationItemStatus")) in GONE
        if gone or (type_ is None and name not in READ_ALONG and name != TASK):
            found.leave(f"{name or 'no type'}{' (deleted)' if gone else ''}")
            continue
        images = _images(place, item, found)
        if type_ is None:
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
            attributes={
                "provider": "aws",
                "region": clouds.region(item.get("awsRegion")),
                "environment": _environment(item),
                **type_.attributes(item, account),
            },
            relations=_relations(place, item, account, images, found) if type_.kind == "service" else None,
        )


def _environment(item: Item) -> str | None:
    return clouds.environment(item.get("tags"))


def _relations(
    place: str, item: Item, account: Account, images: list[Key], found: Collected
) -> Mapping[str, list[Key]]:
    """Return the images that a service runs, by itself or by its task definition, and the networks that it is in."""
    task = account.named(first_of(item, ("TaskDefinition",)))
    images = images or _images(place, task, found)
    return {name: keys for name, keys in (("artifacts", images), ("in_zone", account.zones(item))) if keys}


def _images(place: str, item: Item, found: Collected) -> list[Key]:
    """Tell the images of a task definition, with the time of its item."""
    named = [text(each.get("Image")) or "" for _, each in objects(first_of(item, ("ContainerDefinitions",)))]
    return [
        found.add(
            place, "software_artifact", image.uid, name=image.uid,
            observed_at=instant(item.get("configurationItemCaptureTime")),
            attributes={**image.attributes, "environment": _environment(item)},
        )
        for image in map(image_of, named)
        if image is not None
    ]  # fmt: skip


def _bucket(item: Item, account: Account) -> Attributes:
    extra, name = "supplementaryConfiguration", text(item.get("resourceName"))
    default = inside(item, extra, "ServerSideEncryptionConfiguration", "rules", 0, "applyServerSideEncryptionByDefault")
    algorithm, key = text(at(default, "sseAlgorithm")), text(at(default, "kmsMasterKeyID"))
    grants = inside(item, extra, "AccessControlList", "grantList")
    block = inside(item, extra, "PublicAccessBlockConfiguration")
    closed = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")
    is_open = any(text(grant.get("grantee")) == EVERYBODY for _, grant in objects(grants)) or _is_public(item)
    is_closed = all(flag(at(block, each)) for each in closed)
    rules = inside(item, extra, "BucketReplicationConfiguration", "rules")
    return {
        "lineage_namespaces": [f"s3://{name}"] if name else None,
        "encrypted_at_rest": True if algorithm else None,
        "key_control": "provider" if algorithm == "AES256" or (algorithm and not key) else account.key_control(key),
        "public_access": False if is_closed else True if is_open else None,
        "replica_countries": [] if rules in ([], {}) else None,
    }


def _is_public(item: Item) -> bool:
    """Tell whether the policy of a bucket lets anybody in without a condition."""
    policy = opened_json(inside(item, "supplementaryConfiguration", "BucketPolicy", "policyText"))
    for _, statement in objects(at(policy, "Statement")):
        principal = statement.get("Principal")
        named = {text(principal), text(at(principal, "AWS")), *texts(at(principal, "AWS"))}
        if text(statement.get("Effect")) == "Allow" and "*" in named and not statement.get("Condition"):
            return True
    return False


def _database(item: Item, account: Account) -> Attributes:
    endpoint = first_of(item, ("endpoint",))
    host = text(at(endpoint, "address")) or text(at(endpoint, "value")) or text(endpoint)
    port = at(endpoint, "port") or first_of(item, ("port",))
    return {
        "lineage_namespaces": clouds.database_namespace(first_of(item, ("engine",)), host, port),
        **_store(item, account),
        "last_backup_at": _time(first_of(item, ("latestRestorableTime",))),
    }


def _redshift(item: Item, account: Account) -> Attributes:
    name, place = text(first_of(item, ("clusterIdentifier",))), clouds.region(item.get("awsRegion"))
    port = whole(first_of(item, ("endpoint", "port")))
    served = [f"redshift://{name}.{place}:{port}"] if name and place and port else None
    return {"lineage_namespaces": served, **_store(item, account)}


def _store(item: Item, account: Account) -> Attributes:
    """Read what most stores say in the same words; one that asks for a login is not open to anybody."""
    key = first_of(item, *KEYS)
    encrypted = flag(first_of(item, *ENCRYPTED))
    return {
        "encrypted_at_rest": True if encrypted is None and text(key) else encrypted,
        "key_control": account.key_control(key),
        "public_access": False if flag(first_of(item, ("publiclyAccessible",))) is False else None,
    }


def _backup(item: Item, account: Account) -> Attributes:
    return {"tier": "backup", **_store(item, account)}


def _table(item: Item, account: Account) -> Attributes:
    own = first_of(item, ("ssedescription",), ("sSEDescription",))
    key = text(at(own, "kmsmasterKeyArn")) or text(at(own, "kMSMasterKeyArn"))
    is_on = text(at(own, "status")) == "ENABLED"
    return {
        "encrypted_at_rest": True if is_on else None,
        "key_control": account.key_control(key) if is_on else None,
        "replica_countries": [] if first_of(item, ("replicas",)) == [] else None,
    }


def _stream(item: Item, account: Account) -> Attributes:
    kind = text(first_of(item, ("StreamEncryption", "EncryptionType"), ("EncryptionType",)))
    return {
        "encrypted_at_rest": {"KMS": True, "NONE": False}.get(kind or ""),
        "key_control": account.key_control(first_of(item, ("StreamEncryption", "KeyId"), ("KeyId",))),
    }


def _instance(item: Item, account: Account) -> Attributes:
    disks = account.disks(item) or []
    states = {flag(first_of(disk, ("encrypted",))) for disk in disks}
    return {
        "subtype": clouds.machine("aws", first_of(item, ("instanceType",))),
        "in_service_at": _time(first_of(item, ("launchTime",))),
        "disk_encrypted": False if False in states else True if states == {True} else None,
    }


def _time(value: Any) -> str | None:
    """Return an instant that is written as text, or as milliseconds since 1970."""
    number = whole(value) if not isinstance(value, str) else None
    return epoch(number / 1000) if number is not None and abs(number) < 10**15 else instant(value)


def _plain(item: Item, account: Account) -> Attributes:
    return {}


def _network(item: Item, account: Account) -> Attributes:
    """A network; the rules of a group that let anything in from anywhere are counted."""
    rules = first_of(item, ("ipPermissions",))
    count = sum(_is_open(rule) for _, rule in objects(rules)) if isinstance(rules, list) else None
    return {"subtype": "network_segment", "any_to_any_rules": count}


def _is_open(rule: Mapping[str, Any]) -> bool:
    ranges = [text(each.get("cidrIp")) for _, each in objects(rule.get("ipv4Ranges"))]
    ranges += [text(each.get("cidrIpv6")) for _, each in objects(rule.get("ipv6Ranges"))]
    return text(rule.get("ipProtocol")) == "-1" and bool(
        {"0.0.0.0/0", "::/0"} & {*ranges, *texts(rule.get("ipRanges"))}
    )


def _service(subtype: str | None) -> Callable[[Item, Account], Attributes]:
    """Return what reads a running component of this subtype."""
    return lambda item, account: {"subtype": subtype}


TASK = "AWS::ECS::TaskDefinition"
TYPES: Mapping[str, Type] = {
    "AWS::S3::Bucket": Type("storage", _bucket),
    "AWS::RDS::DBCluster": Type("storage", _database),
    "AWS::RDS::DBInstance": Type("storage", _database),
    "AWS::Redshift::Cluster": Type("storage", _redshift),
    "AWS::DynamoDB::Table": Type("storage", _table),
    "AWS::Kinesis::Stream": Type("storage", _stream),
    "AWS::EFS::FileSystem": Type("storage", _store),
    "AWS::EC2::Volume": Type("storage", _store),
    "AWS::OpenSearch::Domain": Type("storage", _store),
    "AWS::Elasticsearch::Domain": Type("storage", _store),
    "AWS::MSK::Cluster": Type("storage", _store),
    "AWS::SecretsManager::Secret": Type("storage", _store),
    "AWS::Backup::BackupVault": Type("storage", _backup),
    "AWS::EC2::Instance": Type("node", _instance),
    "AWS::EKS::Cluster": Type("cluster", _plain),
    "AWS::ECS::Cluster": Type("cluster", _plain),
    "AWS::EC2::VPC": Type("isolation_zone", _network),
    "AWS::EC2::Subnet": Type("isolation_zone", _network),
    "AWS::EC2::SecurityGroup": Type("isolation_zone", _network),
    "AWS::SageMaker::Endpoint": Type("service", _service("model_endpoint")),
    "AWS::SageMaker::NotebookInstance": Type("service", _service("notebook_platform")),
    "AWS::SageMaker::Domain": Type("service", _service("notebook_platform")),
    "AWS::SageMaker::FeatureGroup": Type("service", _service("feature_store")),
    "AWS::ECR::Repository": Type("service", _service("registry")),
    "AWS::ECS::Service": Type("service", _service(None)),
    "AWS::Lambda::Function": Type("service", _service(None)),
    "AWS::ApiGateway::RestApi": Type("service", _service("gateway")),
    "AWS::ApiGatewayV2::Api": Type("service", _service("gateway")),
    "AWS::CloudFront::Distribution": Type("service", _service("gateway")),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Type("service", _service("gateway")),
}
_OF_ALL = frozenset({"provider", "region", "environment"})


def _knows(sample: Sample) -> bool:
    if "QueryInfo" in sample.members and "Results" in sample.members:
        return True
    lists = (sample.first("configurationItems"), sample.first("baseConfigurationItems"))
    item = next((first for first in lists if first), sample.members)
    return "resourceType" in item and bool({"awsRegion", "configurationItemStatus"} & item.keys())


FORMAT = json_format(
    "aws-config",
    "AWS Config snapshot",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    strip=strip_opaque,
    fills={
        "storage": _OF_ALL
        | {"lineage_namespaces", "encrypted_at_rest", "key_control", "public_access", "replica_countries", "tier"}
        | {"last_backup_at"},
        "node": _OF_ALL | {"subtype", "in_service_at", "disk_encrypted"},
        "cluster": _OF_ALL,
        "isolation_zone": _OF_ALL | {"subtype", "any_to_any_rules"},
        "service": _OF_ALL | {"subtype", "rel:artifacts", "rel:in_zone"},
        "software_artifact": frozenset({"subtype", "registry", "by_digest", "pinned", "environment"}),
    },
)
