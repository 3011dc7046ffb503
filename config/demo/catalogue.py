"""What the catalogue declares and what the scanner measures about each data set; what the scheduler says of jobs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from config.demo.chance import stamp
from config.demo.data import Dataset
from config.demo.estate import Estate, joined_uid
from config.demo.geography import ENTITY, UNREGISTERED_NAMESPACE, country_of
from config.demo.people import owner
from config.demo.pipelines import Job, Pipelines

KEY_COUNTRY: Mapping[str, str] = {"eu": "DE", "ch": "CH", "sg": "SG"}
_RETENTION = {"log": 2555, "file_set": 730, "stream": 30, "feature_set": 365}


def report_datasets(estate: Estate, pipelines: Pipelines, written: Mapping[str, datetime]) -> None:
    """Report every catalogued data set twice: declared by the catalogue, measured by the scanner.

    `written`: the end of the newest run that wrote it, by uid; what no job writes is written all the time.

    The scanner cannot see into the unregistered gateway, so what lies there has the declared half alone.
    """
    for dataset in pipelines.datasets.values():
        if not dataset.catalogued:
            continue
        estate.report(
            "data-catalogue",
            "dataset",
            dataset.uid,
            _declared(estate, dataset) | {name: value for name, value in dataset.extra.items() if name != "log_of"},
            name=dataset.name,
            relations=_relations(dataset),
            organisation=ENTITY[dataset.region],
        )
        if dataset.namespace != UNREGISTERED_NAMESPACE:
            facts = _measured(estate, dataset)
            facts["last_write_at"] = stamp(written.get(dataset.uid, estate.clock.now - timedelta(hours=1)))
            estate.report("cloud-config", "dataset", dataset.uid, facts, name=dataset.name)


def _relations(dataset: Dataset) -> dict[str, list[tuple[str, str]]]:
    system = dataset.extra.get("log_of")
    return {"log_of": [("ai_system", str(system))]} if system else {}


def _declared(estate: Estate, dataset: Dataset) -> dict[str, Any]:
    personal = dataset.holds_personal_data
    facts: dict[str, Any] = {
        "description": f"{dataset.name.replace('_', ' ').replace('.', ', ')}, {dataset.region.upper()}",
        "owner": owner(estate, dataset.region, dataset.domain),
        "environment": dataset.environment,
        "subtype": dataset.subtype,
        "classification": dataset.classification,
        "is_origin": dataset.is_origin,
        "contains_personal_data": personal,
        "personal_columns": len(dataset.personal) if personal else 0,
        "residency_limited": bool(dataset.allowed),
        "retention_days": _RETENTION.get(dataset.subtype, 3650),
        "freshness_limit_minutes": 0,
        "used_for": list(dataset.used_for),
    }
    if dataset.allowed:
        facts["allowed_countries"] = list(dataset.allowed)
    if dataset.deidentified:
        facts |= {"deidentified": True, "deid_method": "aggregation" if dataset.environment == "prod" else "masking"}
        facts["declassification_approval_id"] = f"approval-{estate.dice.between(1000, 9999, 'approval', dataset.uid)}"
    if "training" in dataset.used_for:
        facts |= _training_facts(estate, dataset)
    return facts


def _training_facts(estate: Estate, dataset: Dataset) -> dict[str, Any]:
    return {
        "rights_basis": "own_data",
        "rights_evidence_id": f"rights-{estate.dice.between(100, 999, 'rights', dataset.uid)}",
        "rights_expires_never": True,
        "bias_gap_actions_overdue": 0,
        "analysis_ready": True,
        "training_share_of_available": estate.dice.share(0.85, 1.0, "used", dataset.uid),
        "sampling_reason": "none",
    }


def _measured(estate: Estate, dataset: Dataset) -> dict[str, Any]:
    dice = estate.dice
    sensitive = dataset.classification in ("restricted", "personal_special") or bool(dataset.allowed)
    retention = _RETENTION.get(dataset.subtype, 3650)
    facts: dict[str, Any] = {
        "encrypted_at_rest": True,
        "min_tls_version": dice.pick((1.2, 1.3), "tls", dataset.namespace),
        "key_control": "customer_hsm" if sensitive else dice.pick(("customer_kms", "provider"), "key", dataset.uid),
        "key_country": KEY_COUNTRY[dataset.region],
        "record_count": dice.between(4_000, 7_500_000, "rows", dataset.uid),
        "oldest_record_at": estate.clock.days_ago(dice.between(retention // 10, retention // 2, "oldest", dataset.uid)),
    }
    if dataset.subtype == "log":
        facts["oldest_available_at"] = facts["oldest_record_at"] = estate.clock.days_ago(900)
    if "training" in dataset.used_for:
        version = snapshot(estate, dataset)
        facts |= {"version": version[:8], "snapshot_retained": True, "snapshot_digest": version}
    if dataset.subtype == "feature_set":
        facts |= _feature_facts(estate, dataset)
    return facts


def _feature_facts(estate: Estate, dataset: Dataset) -> dict[str, Any]:
    version = f"v{estate.dice.between(3, 12, 'definition', dataset.uid)}"
    return {
        "online": True,
        "offline_definition_version": version,
        "online_definition_version": version,
        "skew_index_7d": estate.dice.share(0.02, 0.12, "skew", dataset.uid),
        "read_latency_p95_ms": estate.dice.share(3, 9, "latency", dataset.uid, digits=1),
        "read_latency_target_ms": 15.0,
        "consumers": estate.dice.between(2, 5, "consumers", dataset.uid),
    }


def report_jobs(estate: Estate, pipelines: Pipelines, history: Mapping[str, tuple[float, float]]) -> None:
    """Report every job. `history`: share of good runs in 30 days and 95th percentile of minutes, by uid."""
    for job in pipelines.jobs:
        success, minutes = history[job.uid]
        window = float(max(30, round(minutes * 1.6)))
        attributes: dict[str, Any] = {
            "owner": job_owner(estate, job),
            "environment": job.environment,
            "subtype": job.subtype,
            "purpose": job.purpose,
            "processing_record_id": f"processing-{job.purpose.replace('_', '-')}",
            "processing_record_at": estate.ago(30, 280, "processing", job.purpose),
            "processing_record_purposes": sorted({job.purpose, "operations"}),
            "success_share_30d": success,
            "duration_p95_minutes": minutes,
            "window_minutes": window,
            "tested_volume_ratio": estate.dice.share(3.2, 6.0, "tested", job.uid, digits=1),
            "preparation_share": estate.dice.share(0.2, 0.45, "preparation", job.uid),
            "approved": True,
        }
        if job.subtype == "model_delivery":
            attributes |= {"lead_days_p50": 3.5, "change_fail_share": 0.08, "restore_hours_p50": 3.0}
        estate.report(
            "scheduler-registry",
            "job",
            job.uid,
            attributes,
            name=job.name,
            relations={"runs_on": [("cluster", job.cluster)]} if job.cluster else {},
            organisation=ENTITY[job.region],
        )


def job_owner(estate: Estate, job: Job) -> str:
    """Return who answers for a job; its events say the same."""
    return owner(estate, job.region, "job", job.name.split(".")[0])


def snapshot(estate: Estate, dataset: Dataset, index: int = 0) -> str:
    """Return the digest of what a run read, `index` runs ago (0 = the newest); its head is the version."""
    return estate.dice.digest("snapshot", dataset.uid, index)


def report_transfers(estate: Estate, pipelines: Pipelines) -> None:
    """Report the legal basis of every flow of personal data that leaves its regime for a place that is not adequate."""
    for job, source, target in pipelines.flows():
        if not needs_basis(source, target):
            continue
        singapore = country_of(source.namespace) == "SG"
        attributes: dict[str, Any] = {"transfer_tool": "bcr" if singapore else "scc", "approver_role": "dpo"}
        if job.pace == "rare":
            attributes |= {"transfer_tool": "derogation", "justification": "Legal claim of the client, single case"}
        else:
            attributes |= {
                "transfer_assessment_at": estate.ago(40, 250, "assessment", source.uid, target.uid),
                "transfer_assessment_outcome": "adequate_with_measures",
                "justification": "Service agreement inside the group",
                "relocation_reviewed": True,
            }
        recipient = [("vendor", "quantify-insight")] if country_of(target.namespace) == "IN" else []
        estate.report(
            "transfer-register",
            "data_flow",
            flow_uid(source, target),
            attributes,
            name=f"{source.name} to {target.name}",
            relations={"recipient": recipient},
        )


_REGIME = {"DE": "eu_gdpr", "IE": "eu_gdpr", "CH": "ch_fadp", "SG": "sg_pdpa", "IN": "in_dpdp"}
_ADEQUATE = {("eu_gdpr", "ch_fadp"), ("ch_fadp", "eu_gdpr")}


def needs_basis(source: Dataset, target: Dataset) -> bool:
    """Tell whether a flow needs a tool, by the regimes of the four countries that the bank knows."""
    ends = country_of(source.namespace), country_of(target.namespace)
    if not source.holds_personal_data or None in ends:
        return False
    pair = _REGIME[ends[0] or ""], _REGIME[ends[1] or ""]
    return pair[0] != pair[1] and pair not in _ADEQUATE


def flow_uid(source: Dataset, target: Dataset) -> str:
    """Return the uid of the flow between two data sets."""
    return joined_uid(source.uid, target.uid)
