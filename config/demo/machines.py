"""What it runs on: clusters, nodes, racks, accelerator pools, isolation zones and workloads."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from config.demo.estate import SOURCES, Estate, joined_uid
from config.demo.geography import CMDB, ENTITY, SITES

STACK = "driver 570 / firmware 3.4 / runtime 12.8"


class Cluster(NamedTuple):
    """A cluster. `gpus`: accelerators per node; 0 = none."""

    uid: str
    region: str
    site: str
    country: str
    tier: str
    nodes: int
    gpus: int = 0
    contract: str = ""


CLUSTERS = (
    Cluster("fra-batch", "eu", "fra1", "DE", "production", 8),
    Cluster("fra-gpu", "eu", "fra1", "DE", "production", 8, 8, "gpu-frankfurt"),
    Cluster("fra-serve", "eu", "fra2", "DE", "production", 6, 2, "gpu-frankfurt"),
    Cluster("fra-staging", "eu", "fra2", "DE", "staging", 3),
    Cluster("dub-dev", "eu", "dub1", "IE", "development", 3),
    Cluster("zrh-batch", "ch", "zrh1", "CH", "production", 4),
    Cluster("zrh-serve", "ch", "zrh1", "CH", "production", 3, 2, "gpu-geneva"),
    Cluster("gva-gpu", "ch", "gva1", "CH", "production", 5, 8, "gpu-geneva"),
    Cluster("sin-batch", "sg", "sin1", "SG", "production", 4),
    Cluster("sin-serve", "sg", "sin1", "SG", "production", 3, 2, "gpu-singapore"),
    Cluster("sin-gpu", "sg", "sin1", "SG", "production", 4, 8, "gpu-singapore"),
)
SERVING = {"eu": "fra-serve", "ch": "zrh-serve", "sg": "sin-serve"}


def node_uids(cluster: Cluster) -> list[str]:
    """Return the uids of a cluster's nodes."""
    return [f"{cluster.uid}-n{n:02d}" for n in range(1, cluster.nodes + 1)]


def rack_uids(cluster: Cluster) -> list[str]:
    """Return the uids of a cluster's racks: four nodes each."""
    return [f"{cluster.uid}-r{n}" for n in range(1, -(-cluster.nodes // 4) + 1)]


def serving_nodes(region: str) -> list[str]:
    """Return the nodes that the endpoints of a region run on."""
    return next(node_uids(cluster) for cluster in CLUSTERS if cluster.uid == SERVING[region])


def report_machines(estate: Estate) -> None:
    """Report clusters with their racks, nodes, pools and zones, and the devices in branches."""
    for cluster in CLUSTERS:
        _report_cluster(estate, cluster)
        for n, rack in enumerate(rack_uids(cluster)):
            _report_rack(estate, cluster, rack, node_uids(cluster)[n * 4 : n * 4 + 4])
        for uid in node_uids(cluster):
            _report_node(estate, cluster, uid)
        if cluster.gpus:
            _report_pool(estate, cluster)
        for zone in _zones(cluster):
            _report_zone(estate, cluster, *zone)
    for site in SITES:
        if site.subtype == "edge":
            for n in (1, 2):
                _report_edge_device(estate, f"{site.uid}-cam{n}", site.uid, site.country, site.region)


def _report_cluster(estate: Estate, cluster: Cluster) -> None:
    dice, uid = estate.dice, cluster.uid
    requests = dice.between(40, 160, "requests", uid)
    ordered = dice.between(300, 700, "ordered", uid)
    attributes: dict[str, Any] = {
        "country": cluster.country,
        "environment": {"production": "prod", "staging": "staging"}.get(cluster.tier, "dev"),
        "tier": cluster.tier,
        "infrastructure_as_code_share": dice.share(0.96, 1.0, "iac", uid),
        "drift_none": True,
        "config_tests_passed": True,
        "self_service": True,
        "environment_lead_hours_p90": dice.share(2, 10, "lead", uid, digits=1),
        "requests_90d": requests,
        "requests_automatic_90d": round(requests * 0.88),
        "dev_environment_match_share": dice.share(0.93, 1.0, "match", uid),
        "validation_report_id": f"acceptance-{uid}",
        "validation_load_ratio": 1.1,
        "validated_at": estate.clock.days_ago(ordered + 10),
        "ordered_at": estate.clock.days_ago(ordered),
        "soak_test_hours": 96.0,
        "soak_test_at": estate.ago(30, 260, "soak", uid),
        "multi_node_test_at": estate.ago(30, 260, "multi", uid),
        "node_count": cluster.nodes,
        "distributed_training": cluster.gpus == 8,
        "oversubscription": 1.2 if cluster.gpus == 8 else 2.0,
        "node_gbps": 400.0 if cluster.gpus == 8 else 25.0,
        "collective_efficiency": dice.share(0.85, 0.94, "collective", uid),
    }
    relations = {
        "nodes": [("node", node) for node in node_uids(cluster)],
        "racks": [("rack", rack) for rack in rack_uids(cluster)],
        "bought_with": [("contract", cluster.contract)] if cluster.contract else [],
        "at": [("site", cluster.site)],
    }
    estate.report(
        CMDB[cluster.region],
        "cluster",
        uid,
        attributes,
        name=f"Cluster {uid}",
        relations=relations,
        organisation=ENTITY[cluster.region],
    )


def _report_rack(estate: Estate, cluster: Cluster, uid: str, nodes: list[str]) -> None:
    dice = estate.dice
    budget = 40.0 if cluster.gpus == 8 else 12.0
    peak = round(budget * dice.share(0.55, 0.75, "power", uid), 1)
    attributes = {
        "country": cluster.country,
        "accelerators": cluster.gpus * len(nodes),
        "power_peak_kw": peak,
        "power_budget_kw": budget,
        "cooling_kw": round(budget * 1.1, 1),
        "cooling_kind": "liquid" if cluster.gpus == 8 else "air",
        "feeds": 2,
        "power_events_30d": 0,
        "coolant_alarms_open": 0,
        "inlet_temperature_p95_c": dice.share(21, 25, "inlet", uid, digits=1),
        "inlet_temperature_limit_c": 30.0,
        "load_test_at": estate.ago(30, 260, "load", uid),
    }
    relations = {"nodes": [("node", node) for node in nodes], "at": [("site", cluster.site)]}
    estate.report(
        CMDB[cluster.region],
        "rack",
        uid,
        attributes,
        name=f"Rack {uid}",
        relations=relations,
        organisation=ENTITY[cluster.region],
    )


def _report_node(estate: Estate, cluster: Cluster, uid: str) -> None:
    dice = estate.dice
    attributes: dict[str, Any] = {
        "country": cluster.country,
        "environment": {"production": "prod", "staging": "staging"}.get(cluster.tier, "dev"),
        "subtype": "accelerator_node" if cluster.gpus else "server",
        "accelerators": cluster.gpus,
        "stack_version": STACK,
        "certified_versions": [STACK, "driver 565 / firmware 3.3 / runtime 12.6"],
        "in_service_at": estate.ago(200, 700, "service", cluster.uid),
        "useful_life_months": 60,
        "refresh_funded": True,
        "oldest_known_exploited_vuln_none": True,
        "secure_boot": True,
        "disk_encrypted": True,
        "remote_management": True,
    }
    if cluster.gpus:
        attributes |= {
            "accelerator_errors_7d": 0,
            "throttle_share_7d": dice.share(0.0, 0.004, "throttle", uid, digits=4),
            "link_errors_7d": 0,
        }
    if dice.chance(0.3, "vulnerable", uid):
        attributes["oldest_critical_vuln_at"] = estate.ago(1, 6, "vuln", uid)
    else:
        attributes["oldest_critical_vuln_none"] = True
    estate.report(
        CMDB[cluster.region],
        "node",
        uid,
        attributes,
        name=f"Node {uid}",
        relations={"at": [("site", cluster.site)]},
        organisation=ENTITY[cluster.region],
    )


def _report_pool(estate: Estate, cluster: Cluster) -> None:
    dice, uid = estate.dice, f"pool-{cluster.uid}"
    capacity = float(cluster.nodes * cluster.gpus)
    attributes = {
        "subtype": "gpu",
        "tier": "production",
        "country": cluster.country,
        "utilisation_p50_30d": dice.share(0.5, 0.75, "p50", uid),
        "utilisation_p95_30d": dice.share(0.78, 0.88, "p95", uid),
        "queue_wait_p95_minutes": dice.share(5, 40, "queue", uid, digits=1),
        "waiting_over_24h": 0,
        "provision_hours_p90": dice.share(3, 18, "provision", uid, digits=1),
        "burst_contract": cluster.region == "eu",
        "capacity": capacity,
        "forecast_peak_180d": round(capacity * dice.share(0.6, 0.8, "forecast", uid), 1),
        "serves_critical": cluster.uid in SERVING.values(),
        "failure_domains": 2,
        "failover_test_at": estate.ago(30, 260, "failover", uid),
    }
    relations = {
        "nodes": [("node", node) for node in node_uids(cluster)],
        "in_cluster": [("cluster", cluster.uid)],
        "budget": [("budget_line", f"compute-{cluster.region}")],
    }
    estate.report(
        CMDB[cluster.region],
        "accelerator_pool",
        uid,
        attributes,
        name=f"Accelerators of {cluster.uid}",
        relations=relations,
        organisation=ENTITY[cluster.region],
    )


def _zones(cluster: Cluster) -> Iterator[tuple[str, str]]:
    yield "network_segment", f"segment-{cluster.uid}"
    for team in ("risk", "retail"):
        yield "namespace", f"{cluster.uid}-{team}"


def _report_zone(estate: Estate, cluster: Cluster, subtype: str, uid: str) -> None:
    segment = {"hosts_ai": True, "default_deny": True, "any_to_any_rules": 0, "management_isolated": True}
    namespace = {
        "shared_cluster": True,
        "quota_set": True,
        "limits_set": True,
        "default_deny": True,
        "privileged_workloads": 0,
        "has_critical": uid.endswith("risk"),
        "priority_set": True,
        "preempted_critical_30d": 0,
    }
    estate.report(
        CMDB[cluster.region],
        "isolation_zone",
        uid,
        {"subtype": subtype, "country": cluster.country} | (segment if subtype == "network_segment" else namespace),
        name=uid.replace("-", " "),
        relations={"in_cluster": [("cluster", cluster.uid)], "at": [("site", cluster.site)]},
        organisation=ENTITY[cluster.region],
    )


def _report_edge_device(estate: Estate, uid: str, site: str, country: str, region: str) -> None:
    # The collector of Singapore's branches fell silent: its devices were last heard of when it was.
    source = "edge-fleet-sg" if region == "sg" else "edge-fleet"
    contact = SOURCES[source].hours_old + 1
    attributes = {
        "country": country,
        "environment": "prod",
        "subtype": "edge_device",
        "accelerators": 0,
        "in_service_at": estate.ago(100, 500, "edge", uid),
        "secure_boot": True,
        "attestation_at": estate.clock.hours_ago(contact + 2),
        "stores_data_or_model": True,
        "disk_encrypted": True,
        "model_encrypted": True,
        "mutual_tls": True,
        "model_version": "4.0",
        "approved_model_versions": ["4.0", "3.2"],
        "versions_behind": 0,
        "last_contact_at": estate.clock.hours_ago(contact),
        "max_offline_hours": 72.0,
        "sync_backlog_none": True,
        "captures_personal_data": True,
        "local_training": False,
        "local_retention_hours": 24.0,
        "physically_exposed": True,
        "tamper_sensor": True,
        "tamper_events_open": 0,
        "feeds_high_risk": False,
        "remote_management": True,
        "oldest_known_exploited_vuln_none": True,
        "oldest_critical_vuln_none": True,
    }
    estate.report(
        source,
        "node",
        uid,
        attributes,
        name=f"Queue camera {uid}",
        relations={
            "at": [("site", site)],
            "upload_jobs": [("job", joined_uid(f"scheduler-{region}", "branch_queue.upload"))],
        },
        organisation=ENTITY[region],
    )
