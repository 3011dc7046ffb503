"""Kubernetes: what kubectl get -o json or yaml writes, and manifests.

A list of one type (`DeploymentList`) has items without a kind, a `List` has items with one. YAML may hold several
documents. An export does not say when it was made, so it holds as of its receipt.

**Keys.** A file does not say of which cluster it is. So what a cluster tells is known by `metadata.uid`: the cluster
gives it to one object for ever, and no other cluster gives it again. The same workload is the same asset in the next
file, and workloads of the same name in two clusters never become one. What is deleted and made anew is another asset. A
manifest has no such identifier and is known by kind, namespace and name; what a cluster makes of it is another asset.
A node is known by its host name, as by other sources; an image by its reference (artifacts.py): a tag is not a digest.
The cluster itself is known by the identifier of its namespace kube-system, where the file holds that.

What refers to others by name (a namespace, a scaled workload) is joined inside the file alone, so an export of several
types at once tells more.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accounts.journal.canonical.exact import encode_exact
from lineage.inventory.formats import kubernetes_places as places
from lineage.inventory.formats import kubernetes_workloads as workloads
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.kubernetes_cluster import Cluster
from lineage.inventory.formats.kubernetes_objects import Object, documents_of, objects_of, strip
from lineage.inventory.formats.parsed import Format, Parameters, Parsed
from lineage.inventory.formats.per_line import clean_value, plain
from lineage.inventory.formats.sample import Sample

WORKLOADS = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "InferenceService",
        "Job",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    }
)
TYPES: Mapping[str, Callable[[Cluster, Object], None]] = {
    **dict.fromkeys(WORKLOADS, workloads.workload),
    "HorizontalPodAutoscaler": workloads.scaler,
    "LimitRange": places.limit("limits_set"),
    "Namespace": places.zone,
    "NetworkPolicy": places.policy,
    "Node": places.node,
    "PersistentVolume": places.volume,
    "ResourceQuota": places.limit("quota_set"),
    "StorageClass": places.storage_class,
}
FILLS = {
    "node": "subtype accelerators stack_version last_contact_at provider region labels",
    "isolation_zone": "subtype environment labels hosts_ai default_deny any_to_any_rules privileged_workloads "
    "quota_set limits_set rel:in_cluster",
    "service": "subtype environment labels scales_automatically rel:artifacts rel:in_zone rel:runs_on",
    "software_artifact": "subtype registry by_digest pinned runs_as_non_root environment",
    "storage": "provider region labels encrypted_at_rest key_control",
    "cluster": "rel:nodes",
}


def tell(documents: list[Any], found: Collected) -> None:
    """Tell the assets of documents: each object, then what several of them say together."""
    cluster = Cluster(found, WORKLOADS)
    several = list(objects_of(documents, found))
    for each in several:
        cluster.know(each)
    for each in several:
        if each.kind in TYPES:
            TYPES[each.kind](cluster, each)
        else:
            found.leave(each.kind)
    workloads.images(cluster)
    places.policies(cluster)
    places.privileges(cluster)
    places.whole_cluster(cluster)


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield the assets of a body as native rows. Raises InventoryRefused where it is no JSON and no YAML."""
    found = Collected("declared")
    tell(plain(documents_of(body)), found)
    yield from found.parsed()


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without what may be secret: as it came where there is none, else its documents as JSON."""
    documents = documents_of(body)
    clear, applied = clean_value(encode_exact(documents), documents, strip)
    return (encode_exact(clear), applied) if applied else (body, [])


def _knows(sample: Sample) -> bool:
    if sample.json is not None:
        members = sample.members
        return isinstance(members.get("apiVersion"), str) and ("kind" in members or "items" in members)
    return _VERSION.search(sample.text) is not None and _KIND.search(sample.text) is not None


_VERSION = re.compile(r"^apiVersion:[ \t]+[\w./\"'-]+[ \t]*\r?$", re.MULTILINE)
_KIND = re.compile(r"^(?:kind:[ \t]+\S|items:[ \t]*\r?$)", re.MULTILINE)

FORMAT = Format(
    "kubernetes",
    "Kubernetes list",
    "cloud_api",
    _knows,
    read,
    clean,
    media_type="application/yaml",
    fills={kind: frozenset(names.split()) for kind, names in FILLS.items()},
)
