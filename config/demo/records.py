"""What happened and was decided: incidents, reviews and queues of reviews, decisions, audits, policy documents."""

from typing import Any

from config.demo.estate import Estate
from config.demo.geography import CH_ENTITY, ENTITY, EU_ENTITY
from config.demo.people import DPO, HEAD_OF_AI, owner
from config.demo.systems import SYSTEMS

STILL_OPEN = 0.0
# uid, severity, reportable, detected by, opened days ago, hours to restore, service
INCIDENTS = (
    ("inc-2101", "sev1", True, "monitoring", 75, 5.0, "orchestrator-eu"),
    ("inc-2107", "sev2", False, "monitoring", 68, 11.0, "endpoint-fraud-transfer-eu"),
    ("inc-2112", "sev3", False, "staff", 60, 30.0, "notebooks-eu"),
    ("inc-2118", "sev2", True, "monitoring", 52, 8.0, "gateway-ch"),
    ("inc-2120", "sev3", False, "monitoring", 47, 20.0, "features-eu"),
    ("inc-2125", "sev2", False, "user", 41, 15.0, "endpoint-card-limit-eu"),
    ("inc-2131", "sev4", False, "staff", 33, 60.0, "ticket-desk"),
    ("inc-2134", "sev1", True, "monitoring", 26, 3.0, "gateway-sg"),
    ("inc-2140", "sev2", False, "monitoring", 19, 6.0, "orchestrator-sg"),
    ("inc-2143", "sev3", False, "monitoring", 12, 10.0, "features-ch"),
    ("inc-2149", "sev2", True, "monitoring", 6, 9.0, "endpoint-credit-scorecard-eu"),
    ("inc-2151", "sev3", False, "staff", 3, 4.0, "ai-platform-eu"),
    ("inc-2153", "sev2", False, "monitoring", 2, STILL_OPEN, "gateway-eu"),
)


def report_records(estate: Estate) -> None:
    """Report incidents, reviews and policy documents."""
    for incident in INCIDENTS:
        _report_incident(estate, *incident)
    _report_queues(estate)
    _report_assessments(estate)
    _report_decisions(estate)
    for uid, subtype, name, required in POLICIES:
        _report_policy(estate, uid, subtype, name, required)


def _report_incident(
    estate: Estate, uid: str, severity: str, reportable: bool, found: str, days: int, hours: float, service: str
) -> None:
    facts: dict[str, Any] = {
        "severity": severity,
        "reportable": reportable,
        "detected_by": found,
        "opened_at": estate.clock.days_ago(days),
        "reports_late": 0,
        "reports_missing": 0,
        "actions_overdue": 0,
        "joint_review": True,
        "owner": owner(estate, "eu", "incident", uid),
    }
    if hours != STILL_OPEN:
        facts["restored_at"] = estate.clock.hours_ago(days * 24 - hours)
        facts["cause_known_at"] = estate.clock.hours_ago(days * 24 - hours - 30)
    relations = {"services": [("service", service)]}
    estate.report(
        "incident-desk",
        "incident",
        uid,
        facts,
        name=f"Incident {uid} of {service}",
        relations=relations,
        organisation=EU_ENTITY,
    )


def _report_review(
    estate: Estate, uid: str, name: str, facts: dict[str, Any], *, of: str = "", entity: str = EU_ENTITY
) -> None:
    relations = {"of": [("ai_system", of)] if of else []}
    estate.report("review-register", "review", uid, facts, name=name, relations=relations, organisation=entity)


def _report_queues(estate: Estate) -> None:
    """Report the queues of security, privacy and AI reviews: how long teams wait for an answer."""
    for subtype, label in (("security", "Security"), ("privacy", "Privacy"), ("ai_impact", "AI impact")):
        for region in ENTITY:
            uid = f"queue-{subtype.replace('_', '-')}-{region}"
            facts = {
                "subtype": subtype,
                "done": False,
                "median_days_90d": estate.dice.share(2, 8, "median", uid, digits=1),
                "oldest_waiting_none": True,
            }
            _report_review(estate, uid, f"{label} reviews, {region.upper()}", facts, entity=ENTITY[region])


def _report_assessments(estate: Estate) -> None:
    for system in SYSTEMS:
        if system.risk != "high":
            continue
        # Made before go-live and looked at again since: the first date is what counts for go-live.
        done = {"subtype": "fundamental_rights", "done": True, "reviewer_independent": True, "reviewer_qualified": True}
        age = min(system.age + 20, 310)
        facts = done | {"done_at": estate.clock.days_ago(age), "opened_at": estate.clock.days_ago(age + 6)}
        _report_review(
            estate,
            f"assessment-{system.uid}",
            f"Assessment of {system.name.lower()}, {system.region.upper()}",
            facts,
            of=system.uid,
            entity=ENTITY[system.region],
        )


def _report_decisions(estate: Estate) -> None:
    clock = estate.clock
    for n, domain in enumerate(
        ("placement", "model_release", "purchase", "architecture", "placement", "model_release")
    ):
        opened = 20 + n * 9
        facts: dict[str, Any] = {
            "subtype": "decision",
            "domain": domain,
            "done": True,
            "opened_at": clock.days_ago(opened),
            "done_at": clock.days_ago(opened - 5),
            "decider_role": "head_of_ai",
            "allowed_roles": ["head_of_ai", "chief_information_officer"],
        }
        _report_review(estate, f"decision-{2040 + n}", f"Decision on {domain.replace('_', ' ')}", facts)
    quarters = (("network-review-q1", 70), ("network-review-q2", 10))
    for uid, days in quarters:
        facts = {
            "subtype": "network",
            "done": True,
            "done_at": clock.days_ago(days),
            "data_at": clock.days_ago(days + 12),
            "attendee_roles": ["network", "ai_platform", "finance", "security"],
            "decisions_made": 3,
        }
        _report_review(estate, uid, "Quarterly network review", facts)
    done = {"done": True, "reviewer_independent": True, "reviewer_qualified": True}
    audit = done | {"subtype": "internal_audit", "done_at": clock.days_ago(120), "major_findings_overdue": 0}
    _report_review(estate, "audit-ai-platform", "Internal audit of the AI platform", audit)
    for n, days in enumerate((35, 80)):
        review = done | {"subtype": "architecture", "done_at": clock.days_ago(days)}
        _report_review(estate, f"architecture-{n + 1}", "Architecture review", review)
    for n, days in enumerate((14, 44, 74)):
        meeting = {"subtype": "community", "done": True, "done_at": clock.days_ago(days), "decisions_made": 0}
        _report_review(estate, f"community-{n + 1}", "Meeting of the community of practice", meeting)


POLICIES = (
    ("policy-ai-use", "policy", "Use of AI", True),
    ("policy-data-residency", "policy", "Residency of data", True),
    ("policy-information-security", "policy", "Information security", True),
    ("policy-model-risk", "policy", "Model risk", True),
    ("policy-outsourcing", "policy", "Outsourcing", True),
    ("policy-retention", "policy", "Retention and deletion", True),
    ("policy-clean-desk", "policy", "Clean desk", False),
    ("playbook-model-attack", "playbook", "Attack on a model", True),
    ("playbook-data-breach", "playbook", "Breach of personal data", True),
    ("playbook-outage", "playbook", "Outage of the platform", False),
    ("plan-continuity", "plan", "Continuity of AI services", True),
    ("charter-ai-board", "charter", "AI board", True),
    ("procedure-access-review", "procedure", "Review of access", True),
)


def _report_policy(estate: Estate, uid: str, subtype: str, name: str, required: bool) -> None:
    facts = {
        "subtype": subtype,
        "required": required,
        "approved": True,
        "owner": DPO if uid in ("policy-retention", "policy-data-residency") else HEAD_OF_AI,
        "review_at": estate.ago(30, 300, "policy", uid),
        "acknowledged_share": estate.dice.share(0.96, 1.0, "read", uid),
    }
    entity = CH_ENTITY if uid == "policy-outsourcing" else EU_ENTITY
    estate.report("policy-library", "policy_document", uid, facts, name=name, organisation=entity)
