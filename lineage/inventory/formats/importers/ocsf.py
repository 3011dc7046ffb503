"""OCSF: findings and inventories of other scanners, one event per line or as one array; Prowler writes an array.

A flaw counts from the day on which it was published. Of an asset with an open critical flaw without that day the oldest
is not known. OCSF has no mark for flaws that are known to be used by attackers, and no findings is no statement that
there are no flaws: neither is filled. A finding that was suppressed is still open: a waiver is given here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.formats import clouds
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_lines import Placed, json_lines_format
from lineage.inventory.formats.look import at, epoch, instant, objects, text, whole
from lineage.inventory.formats.sample import Sample

COMPLIANCE, DETECTION, VULNERABILITY, DEVICES, RESOURCES = 2003, 2004, 2002, 5001, 5023
CLASSES = frozenset({COMPLIANCE, DETECTION, VULNERABILITY, DEVICES, RESOURCES})
CLOSED, CLOSE, CRITICAL, SERVER = frozenset({4, 5, 6}), 3, frozenset({5, 6}), 1
"""status_id Resolved, Archived, Deleted; activity_id Close; severity_id Critical, Fatal; device.type_id Server."""
FLAW = "oldest_critical_vuln_at"
Stated = Mapping[str, Any]
CHECKS: Mapping[str, Mapping[str, Stated]] = {
    "s3_bucket_default_encryption": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "rds_instance_storage_encrypted": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "rds_cluster_storage_encrypted": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "ec2_ebs_volume_encryption": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "efs_encryption_at_rest_enabled": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "redshift_cluster_encrypted_at_rest": {"PASS": {"encrypted_at_rest": True}, "FAIL": {"encrypted_at_rest": False}},
    "s3_bucket_public_access": {"PASS": {"public_access": False}, "FAIL": {"public_access": True}},
    "cloudstorage_bucket_public_access": {"PASS": {"public_access": False}, "FAIL": {"public_access": True}},
    "rds_instance_no_public_access": {
        "PASS": {"public_access": False}
    },  # an address in public may still ask for a login
}
"""What a check of Prowler states of a store, by its result; what is not listed states nothing."""
KINDS = {
    "storage": (
        "awss3bucket", "awsrdsdbinstance", "awsrdsdbcluster", "awsec2volume", "awsefsfilesystem", "awsredshiftcluster",
        "storage.googleapis.com/bucket", "microsoft.storage/storageaccounts",
    ),
    "node": (
        "awsec2instance", "compute.googleapis.com/instance", "microsoft.compute/virtualmachines", "virtualmachine",
    ),
    "service": (
        "awslambdafunction", "awsecsservice", "awssagemakerendpoint", "run.googleapis.com/service",
    ),
    "cluster": ("awsekscluster", "container.googleapis.com/cluster", "microsoft.containerservice/managedclusters"),
}  # fmt: skip
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}
PROVIDERS = {"aws": "aws", "azure": "azure", "gcp": "gcp", "oraclecloud": "oracle", "alibabacloud": "alibaba"}
Flaws = dict[tuple[str, str], set[str | None]]
"""When the open critical flaws of an asset were published; None = one does not say when."""


def tell(events: Iterator[Placed], found: Collected) -> None:
    """Tell the assets that events speak of, and the oldest of their open critical flaws."""
    flaws: Flaws = {}
    for place, event in events:
        class_ = whole(at(event, "class_uid"))
        if not isinstance(event, Mapping):
            found.refuse(place, event, "an OCSF event", "export the events again")
        elif class_ not in CLASSES:
            found.leave(text(event.get("class_name")) or f"class_uid {class_}")
        elif class_ == DEVICES:
            _device(place, event, found)
        else:
            _resources(place, event, found, flaws)
    for (kind, uid), published in flaws.items():
        if None not in published:
            found.add("", kind, uid, attributes={FLAW: min(each for each in published if each)})


def _device(place: str, event: Stated, found: Collected) -> tuple[str, str] | None:
    device = event.get("device")
    uid = text(at(device, "uid")) or text(at(device, "instance_uid")) or text(at(device, "hostname"))
    if uid is None:
        found.refuse(f"{place}.device.uid", at(device, "uid"), "the key of the device", "export the events again")
        return None
    return found.add(
        place, "node", uid, name=text(at(device, "name")) or text(at(device, "hostname")), observed_at=_time(event),
        attributes={
            **_place_of(event, device),
            "subtype": "server" if whole(at(device, "type_id")) == SERVER else None,
            "last_contact_at": _moment(device, "last_seen_time"),
        },
    )  # fmt: skip


def _resources(place: str, event: Stated, found: Collected, flaws: Flaws) -> None:
    """Tell the resources of a finding or an inventory that are assets."""
    published = list(_published(event))
    listed = [*objects(event.get("resources")), *objects([event.get("resource")])]
    keys = []
    for index, resource in listed:
        kind, uid = (
            KIND_OF.get((text(resource.get("type")) or "").replace("_", "").replace("::", "").lower()),
            _uid(resource),
        )
        if kind is None:
            found.leave(text(resource.get("type")) or "no type")
        elif uid is None:
            found.refuse(f"{place}.resources[{index}].uid", None, "the key of the resource", "export the events again")
        else:
            stated = _stated(event) if kind == "storage" else {}
            keys.append(
                found.add(
                    place, kind, uid, name=text(resource.get("name")), observed_at=_time(event),
                    attributes={**_place_of(event, resource), **stated},
                )
            )  # fmt: skip
    if not listed and isinstance(event.get("device"), Mapping) and (key := _device(place, event, found)):
        keys.append(key)
    for key in keys:
        if published and key[0] in ("node", "service"):
            flaws.setdefault(key, set()).update(published)


def _uid(resource: Stated) -> str | None:
    """Return the key as other inventories of the cloud have it: those of Azure in small letters."""
    uid = text(resource.get("uid"))
    return uid.lower() if uid and uid.lower().startswith("/subscriptions/") else uid


def _place_of(event: Stated, thing: Any) -> Stated:
    provider = PROVIDERS.get((text(at(event, "cloud", "provider")) or "").lower())
    named = text(at(thing, "region")) or text(at(event, "cloud", "region"))
    return {"provider": provider, "region": clouds.region(named) if provider else None}


def _stated(event: Stated) -> Stated:
    """Return what the result of a known check states; Prowler names the check in the metadata of its events."""
    check = text(at(event, "metadata", "event_code")) or text(at(event, "compliance", "control")) or ""
    result = text(event.get("status_code")) or text(at(event, "compliance", "status")) or ""
    return CHECKS.get(check, {}).get(result.upper(), {})


def _published(event: Stated) -> Iterator[str | None]:
    """Yield when each critical flaw of an open finding was published; None where it does not say."""
    if whole(event.get("status_id")) in CLOSED or whole(event.get("activity_id")) == CLOSE:
        return
    for _, flaw in objects(event.get("vulnerabilities")):
        severity = text(flaw.get("severity"))
        if severity.lower() == "critical" if severity else whole(event.get("severity_id")) in CRITICAL:
            yield _moment(flaw.get("cve"), "created_time") or _moment(flaw.get("advisory"), "created_time")


def _time(event: Stated) -> str | None:
    return _moment(event, "time")


def _moment(value: Any, name: str) -> str | None:
    """Return an instant that stands as text in `<name>_dt`, or in `<name>` as ms, or seconds, since 1970."""
    number = whole(at(value, name))
    if number is not None and abs(number) < 10**15:
        number = number // 1000 if number > 10**11 else number
    return instant(at(value, f"{name}_dt")) or epoch(number) or instant(at(value, name))


def _knows(sample: Sample) -> bool:
    members = sample.members
    return "class_uid" in members and isinstance(members.get("metadata"), Mapping)


FORMAT = json_lines_format(
    "ocsf",
    "OCSF events",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    fills={
        "storage": frozenset({"provider", "region", "encrypted_at_rest", "public_access"}),
        "node": frozenset({"provider", "region", "subtype", "last_contact_at", FLAW}),
        "service": frozenset({"provider", "region", FLAW}),
        "cluster": frozenset({"provider", "region"}),
    },
)
