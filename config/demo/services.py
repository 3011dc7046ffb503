"""What answers and what it is made of: endpoints, platforms, lineage sources, images and packages, releases."""

from typing import Any, NamedTuple

from config.demo.ai import LICENCES, MODELS_OF_THE_BANK, Model, endpoint
from config.demo.data import ALLOWED
from config.demo.estate import Estate
from config.demo.geography import EDGE_MODEL, ENTITY
from config.demo.machines import SERVING, serving_nodes
from config.demo.people import TEAM_OF_REGION, owner

REGISTRIES = ["registry.veldspar.example", "mirror.veldspar.example"]
BASES = ["base-python-3.12", "base-java-21", "base-cuda-12"]
COUNTRY = {"eu": "DE", "ch": "CH", "sg": "SG"}


class Platform(NamedTuple):
    """A service that is no endpoint. `saas`: it runs at a vendor, on no node of ours."""

    uid: str
    name: str
    subtype: str
    region: str
    criticality: str = "high"
    saas: str = ""


PLATFORMS = (
    Platform("registry-eu", "Model registry", "registry", "eu", "critical"),
    Platform("notebooks-eu", "Notebook platform", "notebook_platform", "eu"),
    Platform("features-eu", "Feature store", "feature_store", "eu", "critical"),
    Platform("features-ch", "Feature store", "feature_store", "ch"),
    Platform("features-sg", "Feature store", "feature_store", "sg"),
    Platform("orchestrator-eu", "Orchestrator", "orchestrator", "eu", "critical"),
    Platform("orchestrator-ch", "Orchestrator", "orchestrator", "ch"),
    Platform("orchestrator-sg", "Orchestrator", "orchestrator", "sg"),
    Platform("gateway-eu", "Model gateway", "gateway", "eu", "critical"),
    Platform("gateway-ch", "Model gateway", "gateway", "ch"),
    Platform("gateway-sg", "Model gateway", "gateway", "sg"),
    Platform("ai-platform-eu", "AI platform", "platform", "eu"),
    Platform("ai-platform-sg", "AI platform", "platform", "sg"),
    Platform("ticket-desk", "Service desk of a vendor", "platform", "eu", "medium", saas="deskline"),
)
# Producers of lineage, by job namespace.
LINEAGE_SOURCES = (
    ("scheduler-eu", "eu"),
    ("scheduler-ch", "ch"),
    ("scheduler-sg", "sg"),
    ("group-transfer", "eu"),
    ("ml-platform", "eu"),
    ("notebook-lab", "eu"),
)


def report_services(estate: Estate) -> None:
    """Report endpoints, platforms and lineage sources, each measured by the monitor and declared by its owner."""
    for model in MODELS_OF_THE_BANK:
        if model.environment == "prod" and model.uid != EDGE_MODEL:
            _report_endpoint(estate, model)
    for platform in PLATFORMS:
        _report_platform(estate, platform)
    for namespace, region in LINEAGE_SOURCES:
        _report_lineage_source(estate, namespace, region)


def _declare(estate: Estate, uid: str, name: str, region: str, facts: dict[str, Any], **relations: Any) -> None:
    facts = {"owner": owner(estate, region, "service", uid), "environment": "prod", "country": COUNTRY[region]} | facts
    estate.report(
        "service-catalogue", "service", uid, facts, name=name, relations=relations, organisation=ENTITY[region]
    )


def _report_endpoint(estate: Estate, model: Model) -> None:
    uid = endpoint(model.uid)
    nodes = serving_nodes(model.region)
    first = estate.dice.between(0, len(nodes) - 2, "node", uid)
    declared = {
        "subtype": "model_endpoint",
        "criticality": estate.dice.pick(("medium", "high"), "criticality", uid),
        "allowed_countries": list(ALLOWED[model.region]),
    }
    _declare(
        estate,
        uid,
        f"Endpoint of {model.uid}",
        model.region,
        declared | _service_levels(estate, uid),
        runs_on=[("node", node) for node in nodes[first : first + 2]],
        in_zone=[("isolation_zone", f"{SERVING[model.region]}-risk")],
        artifacts=[("software_artifact", f"image-{uid}"), ("software_artifact", f"weights-{model.uid}")],
        supplier=[],
    )
    measured = {
        "serving_countries": [COUNTRY[model.region]],
        "auth_required": True,
        "rate_limit_per_second": estate.dice.pick((20.0, 50.0, 100.0), "rate", uid),
        "request_log_enabled": True,
        "threat_detection": True,
        "threat_detection_test_at": estate.ago(15, 120, "threat", uid),
        "drift_monitored": True,
        "drift_index_7d": estate.dice.share(0.02, 0.12, "drift", uid),
        "performance_drop": estate.dice.share(0.0, 0.03, "drop", uid),
        "scales_automatically": True,
        "scale_test_at": estate.ago(15, 120, "scale", uid),
    }
    _measure(estate, uid, measured)
    _report_image(estate, uid, model.region)
    _report_weights(estate, model)


def _report_platform(estate: Estate, platform: Platform) -> None:
    uid = platform.uid
    nodes = [] if platform.saas else serving_nodes(platform.region)[:2]
    declared: dict[str, Any] = {"subtype": platform.subtype, "criticality": platform.criticality}
    if platform.subtype == "platform":
        declared |= {"distinct_serving_stacks": 2, "unsupported_components": 0}
    _declare(
        estate,
        uid,
        platform.name,
        platform.region,
        declared | _service_levels(estate, uid),
        runs_on=[("node", node) for node in nodes],
        artifacts=[] if platform.saas else [("software_artifact", f"image-{uid}")],
        supplier=[("vendor", platform.saas)] if platform.saas else [],
    )
    _measure(estate, uid, {"auth_required": True})
    if not platform.saas:
        _report_image(estate, uid, platform.region)


def _report_lineage_source(estate: Estate, namespace: str, region: str) -> None:
    uid = f"lineage-{namespace}"
    # The notebooks' scheduler stopped sending when its token expired.
    silent = namespace == "notebook-lab"
    declared = {"subtype": "lineage_source", "criticality": "medium", "expected_max_silence_hours": 200.0}
    _declare(
        estate,
        uid,
        f"Lineage of {namespace}",
        region,
        declared | _service_levels(estate, uid),
        runs_on=[("node", node) for node in serving_nodes(region)[:1]],
        artifacts=[],
        supplier=[],
    )
    measured = {
        "sender_authenticated": True,
        "unfinished_run_share_24h": 0.0,
        "delivery_delay_p95_seconds": estate.dice.share(1, 20, "delay", uid, digits=1),
        "last_event_at": estate.clock.days_ago(SILENT_DAYS if silent else 0.1),
    }
    _measure(estate, uid, measured)


SILENT_DAYS = 16


def _service_levels(estate: Estate, uid: str) -> dict[str, Any]:
    dice = estate.dice
    return {
        "oncall_rota": "rota-ai-platform",
        "service_level_target": 0.995,
        "recovery_target_minutes": 120.0,
        "measured_recovery_minutes": dice.share(30, 90, "recovery", uid, digits=0),
        "data_loss_target_minutes": 15.0,
        "measured_data_loss_minutes": dice.share(1, 10, "loss", uid, digits=0),
        "recovery_test_at": estate.ago(30, 250, "recovery", uid),
        "go_live_at": estate.ago(60, 700, "live", uid),
        "post_check_done": True,
        "forecast_error": dice.share(0.02, 0.2, "forecast", uid),
    }


def _measure(estate: Estate, uid: str, facts: dict[str, Any]) -> None:
    dice = estate.dice
    facts = facts | {
        "monitored_layers": ["hardware", "platform", "pipeline", "model"],
        "alert_ack_minutes_p90": dice.share(3, 11, "ack", uid, digits=1),
        "runbook_at": estate.ago(10, 120, "runbook", uid),
        "service_level_30d": dice.share(0.9965, 0.9999, "level", uid, digits=4),
        "oldest_known_exploited_vuln_none": True,
    }
    if dice.chance(0.25, "vulnerable", uid):
        facts["oldest_critical_vuln_at"] = estate.ago(1, 6, "vuln", uid)
    else:
        facts["oldest_critical_vuln_none"] = True
    estate.report("service-monitor", "service", uid, facts)


def _artifact(estate: Estate, uid: str, name: str, region: str, facts: dict[str, Any]) -> None:
    facts = {
        "environment": "prod",
        "owner": owner(estate, region, "artifact", uid),
        "bill_of_materials": True,
        "bill_at": estate.ago(1, 6, "bill", uid),
        "licence_violations": 0,
    } | facts
    estate.report("artifact-scanner", "software_artifact", uid, facts, name=name, organisation=ENTITY[region])


def _report_image(estate: Estate, service: str, region: str) -> None:
    facts = {
        "subtype": "image",
        "signature_valid": True,
        "admission_policy": "enforce",
        "base": estate.dice.pick(BASES, "base", service),
        "approved_bases": BASES,
        "runs_as_non_root": True,
        "oldest_fixable_critical_none": True,
        "by_digest": True,
        "registry": REGISTRIES[0],
        "allowed_registries": REGISTRIES,
    }
    _artifact(estate, f"image-{service}", f"Image of {service}", region, facts)


def _report_weights(estate: Estate, model: Model) -> None:
    facts = {"subtype": "model_file", "signature_valid": True, "admission_policy": "enforce"}
    _artifact(estate, f"weights-{model.uid}", f"Weights of {model.uid}", model.region, facts)


PACKAGES = (
    *(
        "numeric-core",
        "tensor-runtime",
        "tabular-tools",
        "feature-client",
        "tokeniser",
        "serving-kit",
        "metrics-client",
    ),
    *("schema-tools", "queue-client", "crypto-bindings", "vision-tools", "audio-tools"),
)


def report_packages(estate: Estate) -> None:
    """Report the packages inside the images."""
    for package in PACKAGES:
        facts = {
            "subtype": "package",
            "pinned": True,
            "from_mirror": True,
            "licence": estate.dice.pick(LICENCES, "licence", package),
            "allowed_licences": LICENCES,
        }
        _artifact(estate, f"package-{package}", package, "eu", facts)


def report_changes(estate: Estate) -> None:
    """Report the last release of every endpoint, some changes of infrastructure, and the rollout to branches."""
    for model in MODELS_OF_THE_BANK:
        if model.environment == "prod" and model.uid != EDGE_MODEL:
            facts = _change(estate, f"release-{model.uid}", "model_release", "high")
            relations = {"target": [("service", endpoint(model.uid))], "releases": [("model", model.uid)]}
            _report_change(estate, f"release-{model.uid}", facts, relations, model.region)
    for region in TEAM_OF_REGION:
        for n in (1, 2):
            uid = f"change-{region}-{n}"
            target = {"target": [("service", f"gateway-{region}")]}
            _report_change(estate, uid, _change(estate, uid, "infrastructure", "medium"), target, region)
    rollout = _change(estate, "rollout-branch-queue-4", "edge_rollout", "medium")
    rollout |= {"first_wave_share": 0.05, "max_parallel_share": 0.2}
    _report_change(estate, "rollout-branch-queue-4", rollout, {"releases": [("model", EDGE_MODEL)]}, "eu")


def _report_change(
    estate: Estate, uid: str, facts: dict[str, Any], relations: dict[str, list[tuple[str, str]]], region: str
) -> None:
    name = uid.replace("-", " ").capitalize()
    estate.report(
        "delivery-pipeline", "change", uid, facts, name=name, relations=relations, organisation=ENTITY[region]
    )


def _change(estate: Estate, uid: str, subtype: str, tier: str) -> dict[str, Any]:
    return {
        "subtype": subtype,
        "environment": "prod",
        "author": f"p-13{estate.dice.between(0, 3, 'author', uid)}",
        "approver": f"p-13{estate.dice.between(4, 7, 'approver', uid)}",
        "tests_passed": True,
        "rollback_plan": True,
        "pipeline_run_id": str(estate.dice.between(10000, 99999, "pipeline", uid)),
        "manual_steps": 0,
        "test_suites": ["data", "model", "integration", "security"],
        "failed_tests": 0,
        "strategy": estate.dice.pick(("canary", "blue_green", "shadow"), "strategy", uid),
        "tier": tier,
        "rollback_minutes": estate.dice.share(2, 9, "rollback", uid, digits=1),
        "rollback_tested": True,
    }
