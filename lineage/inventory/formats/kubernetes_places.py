"""Machines, namespaces and stores of a cluster: what each object of Kubernetes that is a place is told as."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lineage.inventory.formats.clouds import aws_zone, environment, gcp_zone
from lineage.inventory.formats.kubernetes_cluster import ACCELERATORS, Cluster
from lineage.inventory.formats.kubernetes_objects import Object
from lineage.inventory.formats.look import at, flag, instant, objects, text, texts, whole

PROVIDERS = {
    "alicloud": "alibaba",
    "aws": "aws",
    "azure": "azure",
    "digitalocean": "digitalocean",
    "exoscale": "exoscale",
    "gce": "gcp",
    "hcloud": "hetzner",
    "ibm": "ibm",
    "linode": "linode",
    "oci": "oracle",
    "scaleway": "scaleway",
    "vultr": "vultr",
}
"""Providers, by their names in the region table, by the scheme of a node's provider id."""
DRIVERS = {
    "ebs.csi.aws.com": "aws",
    "efs.csi.aws.com": "aws",
    "kubernetes.io/aws-ebs": "aws",
    "disk.csi.azure.com": "azure",
    "file.csi.azure.com": "azure",
    "kubernetes.io/azure-disk": "azure",
    "pd.csi.storage.gke.io": "gcp",
    "filestore.csi.storage.gke.io": "gcp",
    "kubernetes.io/gce-pd": "gcp",
}
"""Providers by the driver of a volume."""
CUSTOMER_KEYS = frozenset({"kmskeyid", "diskencryptionsetid", "disk-encryption-kms-key"})
"""Parameters of a volume, in small letters, that name a key which the customer manages."""
REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
ZONES: Mapping[str, Callable[[Any], str | None]] = {"aws": aws_zone, "gcp": gcp_zone}
"""How the region of a zone is read, for providers whose zones carry the name of their region."""


def node(cluster: Cluster, each: Object) -> None:
    """Tell a machine. It is known by its host name, as other sources know it."""
    capacity, info = at(each.value, "status", "capacity"), at(each.value, "status", "nodeInfo")
    counted = [whole(at(capacity, name)) or 0 for name in ACCELERATORS]
    count = whole(each.labels.get("nvidia.com/gpu.count")) or sum(counted) if isinstance(capacity, Mapping) else None
    driver = each.labels.get("nvidia.com/cuda.driver-version.full")
    versions = (f"driver {driver}" if driver else None, *(text(at(info, name)) for name in _VERSIONS))
    ready = [one for _, one in objects(at(each.value, "status", "conditions")) if one.get("type") == "Ready"]
    is_up = bool(ready) and text(ready[0].get("status")) == "True"
    cluster.found.add(
        each.place,
        "node",
        str(each.name),
        name=each.name,
        origin=each.origin,
        attributes={
            "subtype": None if count is None else "accelerator_node" if count else "server",
            "accelerators": count,
            "stack_version": "; ".join(filter(None, versions)) or None,
            "last_contact_at": instant(ready[0].get("lastHeartbeatTime")) if is_up else None,
            "provider": PROVIDERS.get((text(at(each.value, "spec", "providerID")) or "").partition("://")[0]),
            "region": next((each.labels[name] for name in REGION if each.labels.get(name)), None),
            "labels": each.labels or None,
        },
    )


_VERSIONS = ("kernelVersion", "containerRuntimeVersion", "kubeletVersion")


def zone(cluster: Cluster, each: Object) -> None:
    """Tell a namespace."""
    attributes = {
        "subtype": "namespace",
        "environment": environment(each.labels),
        "labels": each.labels or None,
    }
    cluster.add(each, "isolation_zone", attributes=attributes)


def privileges(cluster: Cluster) -> None:
    """Tell how many workloads of a zone have administrator rights; that there are none is not for one file to say."""
    for zone_key, several in cluster.privileged.items():
        one, attributes = several[0], {"privileged_workloads": len(several)}
        cluster.found.add(one.place, *zone_key, origin=one.origin, attributes=attributes)


def whole_cluster(cluster: Cluster) -> None:
    """Tell the cluster with its nodes and zones, where the file holds the namespace that it is known by."""
    system = cluster.zones.get("kube-system")
    if system is None or system.id is None:
        return
    hosts = [("node", each.name) for each in cluster.named.values() if each.kind == "Node" and each.name]
    relations = {"nodes": hosts} if hosts else {}
    key = cluster.found.add(system.place, "cluster", system.id, origin=system.origin, relations=relations)
    for each in cluster.zones.values():
        cluster.add(each, "isolation_zone", relations={"in_cluster": [key]})


def volume(cluster: Cluster, each: Object) -> None:
    """Tell a persistent volume, with what its class says of encryption."""
    source = at(each.value, "spec", "csi")
    of_class = cluster.classes.get(text(at(each.value, "spec", "storageClassName")) or "")
    parameters = [at(source, "volumeAttributes"), at(of_class.value, "parameters") if of_class else None]
    provider = DRIVERS.get(text(at(source, "driver")) or "")
    attributes = {
        "provider": provider,
        "region": _region_of_volume(each, provider),
        "labels": each.labels or None,
        **_encryption(parameters),
    }
    cluster.add(each, "storage", attributes=attributes)


def storage_class(cluster: Cluster, each: Object) -> None:
    """Tell a class of storage: what is asked of it is stored so."""
    provider = DRIVERS.get(text(each.value.get("provisioner")) or "")
    encryption = _encryption([each.value.get("parameters")])
    cluster.add(each, "storage", attributes={"provider": provider, "labels": each.labels or None, **encryption})


def _encryption(parameters: Sequence[Any]) -> dict[str, Any]:
    """Return what parameters say. `encrypted: false` is left open: the provider may encrypt all the same."""
    given = {name.lower(): value for each in parameters if isinstance(each, Mapping) for name, value in each.items()}
    own_key = any(text(given.get(name)) for name in CUSTOMER_KEYS)
    encrypted = True if own_key or flag(given.get("encrypted")) else None
    return {"encrypted_at_rest": encrypted, "key_control": "customer_kms" if own_key else None}


def _region_of_volume(each: Object, provider: str | None) -> str | None:
    """Return the region to which a volume is bound; None where it is bound to none, or to several."""
    found = {each.labels[name] for name in REGION if each.labels.get(name)}
    for _, term in objects(at(each.value, "spec", "nodeAffinity", "required", "nodeSelectorTerms")):
        for _, one in objects(term.get("matchExpressions")):
            key, values = text(one.get("key")) or "", texts(one.get("values"))
            if key in REGION:
                found |= set(values)
            elif key.endswith("/zone") and (region_of := ZONES.get(provider or "")) is not None:
                found |= {named for value in values if (named := region_of(value))}
    return found.pop() if len(found) == 1 else None


def limit(attribute: str) -> Callable[[Cluster, Object], None]:
    """Return what tells of a namespace that it has such a limit."""

    def tell(cluster: Cluster, each: Object) -> None:
        if (zone_key := cluster.zone_of(each)) is not None and at(each.value, "spec"):
            cluster.found.add(each.place, *zone_key, origin=each.origin, attributes={attribute: True})

    return tell


def policy(cluster: Cluster, each: Object) -> None:
    """Note a network policy; what all of a namespace say together is told at the end."""
    cluster.policies[each.namespace or ""].append(each)


def policies(cluster: Cluster) -> None:
    """Tell of each zone whether what is not named is refused, and how many rules name everything.

    A list holds all policies of the namespaces that it names. One that stands alone is taken at its word, and says
    nothing of those beside it.
    """
    for several in cluster.policies.values():
        one, listed = several[0], any(each.listed for each in several)
        if (zone_key := cluster.zone_of(one)) is None:
            continue
        isolated = {direction for each in several if _selects_all(each) for direction in _directions(each)}
        denies = True if {"Ingress", "Egress"} <= isolated else False if listed else None
        rules = sum(_is_open(rule, peer) for each in several for rule, peer in _rules(each))
        attributes = {"default_deny": denies, "any_to_any_rules": rules if listed or rules else None}
        cluster.found.add(one.place, *zone_key, origin=one.origin, attributes=attributes)


def _selects_all(each: Object) -> bool:
    selector = at(each.value, "spec", "podSelector")
    return isinstance(selector, Mapping) and not any(selector.values())


def _directions(each: Object) -> set[str]:
    """Return the directions that a policy governs; unnamed, ingress and where it has such rules egress."""
    named = set(texts(at(each.value, "spec", "policyTypes")))
    return named or {"Ingress", *(["Egress"] if at(each.value, "spec", "egress") else [])}


def _rules(each: Object) -> Iterator[tuple[Mapping[str, Any], str]]:
    for direction, peer in (("ingress", "from"), ("egress", "to")):
        yield from ((rule, peer) for _, rule in objects(at(each.value, "spec", direction)))


def _is_open(rule: Mapping[str, Any], peer: str) -> bool:
    return not rule.get(peer) and not rule.get("ports")
