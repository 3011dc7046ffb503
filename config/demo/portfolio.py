"""What is planned: initiatives with their pilots and money, and the roadmap with its phases, barriers and pillars."""

from typing import Any, NamedTuple

from config.demo.estate import Estate
from config.demo.geography import ENTITY, EU_ENTITY
from config.demo.people import HEAD_OF_AI, owner

COSTS = ["compute", "storage", "connectivity", "egress", "energy", "software", "people", "security"]


class Initiative(NamedTuple):
    """An initiative. `live`: days since go-live, negative = days until it. `connectivity`: its share of the budget."""

    uid: str
    name: str
    subtype: str
    stage: str
    region: str
    live: int
    budget: float
    connectivity: float = 0.08


INITIATIVES = (
    Initiative("credit-renewal", "Renewal of credit models", "model", "production", "eu", 200, 900000.0),
    Initiative("fraud-platform", "Fraud platform", "technology_adoption", "production", "ch", 250, 1400000.0),
    Initiative("assistant", "Service assistant", "technology_adoption", "scaling", "eu", 120, 700000.0),
    Initiative("voice-pilot", "Sentiment of calls", "technology_adoption", "idea", "eu", -60, 150000.0),
    Initiative("branch-edge", "Cameras in branches", "site_rollout", "scaling", "eu", 190, 420000.0),
    Initiative("asia-expansion", "Models for Singapore", "technology_adoption", "production", "sg", 210, 800000.0),
    Initiative("lake-migration", "Move of the lake to Dublin", "cloud_migration", "production", "eu", 400, 1900000.0),
    Initiative("document-pilot", "Reading of documents", "model", "pilot", "eu", -80, 90000.0),
    Initiative("treasury-pilot", "Liquidity forecast by the hour", "model", "pilot", "ch", -120, 60000.0),
    Initiative("quantum-study", "Study of optimisers", "model", "stopped", "eu", -400, 40000.0),
    Initiative("robot-advice", "Automatic advice", "model", "paused", "ch", -200, 300000.0),
)


def report_portfolio(estate: Estate) -> None:
    """Report initiatives and roadmap items."""
    for initiative in INITIATIVES:
        relations = {"uses_links": [("network_link", "fra1-dub1")] if initiative.region == "eu" else []}
        estate.report(
            "portfolio",
            "initiative",
            initiative.uid,
            _initiative(estate, initiative),
            name=initiative.name,
            relations=relations,
            organisation=ENTITY[initiative.region],
        )
    _report_phases(estate)
    for uid, name in BARRIERS:
        _report_item(estate, uid, name, _barrier(estate, uid, "barrier"))
    for uid, name in PILLARS:
        _report_item(estate, uid, name, _barrier(estate, uid, "pillar"))


def _initiative(estate: Estate, initiative: Initiative) -> dict[str, Any]:
    dice, clock, uid = estate.dice, estate.clock, initiative.uid
    facts: dict[str, Any] = {
        "subtype": initiative.subtype,
        "stage": initiative.stage,
        "owner": owner(estate, initiative.region, "initiative", uid),
        "sponsor": HEAD_OF_AI,
        "sponsor_active": True,
        "approved_at": clock.days_ago(max(60, initiative.live + 150)),
        "first_environment_at": clock.days_ago(max(40, initiative.live + 130)),
        "go_live_at": clock.days_ago(initiative.live) if initiative.live > 0 else clock.in_days(-initiative.live),
        "network_assessment_id": f"network-assessment-{uid}",
        "network_assessment_at": clock.days_ago(max(initiative.live, 0) + 30),
        "network_assessment_result": "pass",
        "upgrades_open": 0,
        "budget_total": initiative.budget,
        "connectivity_share": initiative.connectivity,
        "connectivity_rationale": "From the network assessment",
        "cost_items_covered": COSTS,
        "continuous_use_forecast_months": 24,
        "pilot_unit_cost": 0.4,
        "scaled_unit_cost": dice.share(0.2, 0.35, "unit", uid),
        "value_projected": initiative.budget * 1.5,
        "value_measured": round(initiative.budget * dice.share(1.3, 1.8, "value", uid), 2),
        "value_measured_at": estate.ago(20, 120, "value", uid),
        "waiting_on_infrastructure_days": dice.between(2, 18, "waiting", uid),
    }
    if initiative.stage in ("pilot", "idea"):
        facts |= {"pilot_started_at": estate.ago(30, 120, "pilot", uid), "scale_plan": True}
    if initiative.stage in ("paused", "stopped"):
        facts |= {"stop_cause": "regulation", "paused_at": estate.ago(10, 30, "paused", uid)}
    return facts


BARRIERS = (
    ("barrier-network", "Networks that were not built for it"),
    ("barrier-compute", "Accelerators that wait or are waited for"),
    ("barrier-data", "Data in silos"),
    ("barrier-skills", "Too few people who know the systems"),
    ("barrier-security", "Rules that slow teams"),
    ("barrier-cost", "Cost that surprises"),
    ("barrier-integration", "Old systems"),
)
PILLARS = (
    ("pillar-compute", "Compute that scales"),
    ("pillar-data", "Data that moves well"),
    ("pillar-network", "A network that carries it"),
    ("pillar-operations", "Operation of models"),
    ("pillar-security", "Security by design"),
    ("pillar-edge", "Work at the edge"),
    ("pillar-people", "People and organisation"),
)


def _report_item(
    estate: Estate, uid: str, name: str, facts: dict[str, Any], indicators: list[tuple[str, str]] | None = None
) -> None:
    estate.report(
        "portfolio",
        "roadmap_item",
        uid,
        facts,
        name=name,
        relations={"indicators": indicators or []},
        organisation=EU_ENTITY,
    )


def _barrier(estate: Estate, uid: str, subtype: str) -> dict[str, Any]:
    return {
        "subtype": subtype,
        "owner": owner(estate, "eu", "roadmap", uid),
        "criticality": "high",
        "state": "running",
        "phase_number": 2,
        "rating_at": estate.ago(20, 110, "rating", uid),
        "impact_amount": float(estate.dice.between(100, 900, "impact", uid) * 1000),
        "controls_known_share": estate.dice.share(0.92, 0.99, "known", uid),
        "controls_pass_share": estate.dice.share(0.84, 0.97, "pass", uid),
    }


def _report_phases(estate: Estate) -> None:
    """Report four phases (closed, running, two planned); the closed one with its indicators and their proof."""
    measures = ["sovereignty", "performance", "economics"]
    indicators = [("roadmap_item", f"phase-1-indicator-{n}") for n in (1, 2, 3)]
    for _, uid in indicators:
        facts = {
            "subtype": "indicator",
            "phase_number": 1,
            "met": True,
            "evidence_id": f"evidence-{uid}",
            "signed_by": HEAD_OF_AI,
        }
        _report_item(estate, uid, uid.replace("-", " ").capitalize(), facts)
    for number, state in enumerate(("closed", "running", "planned", "planned"), start=1):
        phase: dict[str, Any] = {
            "subtype": "phase",
            "phase_number": number,
            "state": state,
            "owner": HEAD_OF_AI,
            "max_days": 270,
            "measures_reported": measures if state != "planned" else [],
        }
        if state != "planned":
            phase["started_at"] = estate.clock.days_ago(420 if state == "closed" else 150)
        if state == "closed":
            phase["closed_at"] = estate.clock.days_ago(160)
        _report_item(estate, f"phase-{number}", f"Phase {number}", phase, indicators if state == "closed" else [])
