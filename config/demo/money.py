"""What it costs: budget lines with their forecast, and the monthly bills."""

from typing import Any

from config.demo.estate import Estate
from config.demo.geography import CH_ENTITY, ENTITY, EU_ENTITY

# uid, category, scope, region, monthly amount, metered
BUDGETS = (
    ("compute-eu", "compute", "ai", "eu", 410000.0, False),
    ("compute-ch", "compute", "ai", "ch", 160000.0, False),
    ("compute-sg", "compute", "ai", "sg", 140000.0, False),
    ("cloud-metered-eu", "compute", "ai", "eu", 95000.0, True),
    ("cloud-metered-sg", "compute", "ai", "sg", 60000.0, True),
    ("storage-eu", "storage", "ai", "eu", 70000.0, True),
    ("storage-ch", "storage", "ai", "ch", 30000.0, False),
    ("storage-sg", "storage", "ai", "sg", 28000.0, True),
    ("connectivity-eu", "connectivity", "ai", "eu", 52000.0, False),
    ("connectivity-ch", "connectivity", "ai", "ch", 21000.0, False),
    ("connectivity-sg", "connectivity", "ai", "sg", 34000.0, False),
    ("energy-eu", "energy", "ai", "eu", 64000.0, True),
    ("energy-ch", "energy", "ai", "ch", 31000.0, True),
    ("egress-eu", "egress", "ai", "eu", 12000.0, True),
    ("software-eu", "software", "ai", "eu", 180000.0, False),
    ("people-eu", "people", "ai", "eu", 520000.0, False),
    ("software-general", "software", "general", "eu", 240000.0, False),
)
# Budget line of each technology adoption for its own connectivity.
_INITIATIVE = {"connectivity-eu": "assistant", "connectivity-sg": "asia-expansion", "connectivity-ch": "fraud-platform"}

# uid, scope, provider kind, region, vendor, budget, monthly amount
BILLS = (
    ("bill-nimbus", "ai", "public_cloud", "eu", "nimbus-cloud", "cloud-metered-eu", 92000.0),
    ("bill-straits", "ai", "public_cloud", "sg", "straits-cloud", "cloud-metered-sg", 57000.0),
    ("bill-main-colo", "ai", "colocation", "eu", "main-colo", "energy-eu", 61000.0),
    ("bill-alpine-colo", "ai", "colocation", "ch", "alpine-colo", "energy-ch", 29000.0),
    ("bill-quantify", "ai", "public_cloud", "eu", "quantify-insight", "software-eu", 8000.0),
    ("bill-own-eu", "ai", "own", "eu", "accelera", "compute-eu", 400000.0),
    ("bill-desk", "general", "public_cloud", "eu", "deskline", "software-general", 10000.0),
)


def report_money(estate: Estate) -> None:
    """Report budget lines (planned by finance, measured by billing) and bills."""
    for uid, category, scope, region, amount, metered in BUDGETS:
        planned: dict[str, Any] = {
            "category": category,
            "scope": scope,
            "amount": amount,
            "forecast": amount,
            "metered": metered,
            "forecast_horizon_months": 36,
            "finance_review_at": estate.ago(8, 55, "finance", uid),
        }
        if category == "compute":
            planned["planned_utilisation"] = 0.0 if metered else 0.6
        initiative = _INITIATIVE.get(uid)
        relations = {"initiative": [("initiative", initiative)] if initiative else []}
        estate.report(
            "finance-plan",
            "budget_line",
            uid,
            planned,
            name=uid.replace("-", " ").capitalize(),
            relations=relations,
            organisation=ENTITY[region],
        )
        estate.report("billing", "budget_line", uid, _billed(estate, uid, category, amount, metered))
    for bill in BILLS:
        _report_bill(estate, *bill)


def _billed(estate: Estate, uid: str, category: str, amount: float, metered: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"run_rate": round(amount * estate.dice.share(0.93, 1.08, "rate", uid), 2)}
    if metered:
        facts |= {"alert_levels": ["50", "80", "100"], "stop_or_approval_at_limit": True}
    if category == "compute" and not metered:
        facts["measured_utilisation_90d"] = estate.dice.share(0.52, 0.68, "used", uid)
    return facts


def _report_bill(
    estate: Estate, uid: str, scope: str, provider: str, region: str, vendor: str, budget: str, amount: float
) -> None:
    facts = {
        "scope": scope,
        "provider_kind": provider,
        "amount_30d": amount,
        "egress_share_30d": estate.dice.share(0.01, 0.08, "egress", uid),
        "tagged_share": estate.dice.share(0.96, 1.0, "tagged", uid),
        "charged_back_share": estate.dice.share(0.9, 1.0, "charged", uid),
        "monthly_variation": estate.dice.share(0.03, 0.16, "variation", uid),
    }
    relations = {"vendor": [("vendor", vendor)], "budget": [("budget_line", budget)]}
    estate.report("billing", "cost_summary", uid, facts, name=uid, relations=relations, organisation=ENTITY[region])


def report_organisations(estate: Estate) -> None:
    """Report the two legal entities with the figures of the programme office."""
    for uid, name in ((EU_ENTITY, "Veldspar Bank SE"), (CH_ENTITY, "Veldspar Bank (Schweiz) AG")):
        country = "CH" if uid == CH_ENTITY else "DE"
        estate.report("portfolio", "organisation", uid, {"country": country} | _programme(estate, uid), name=name)


def _programme(estate: Estate, uid: str) -> dict[str, Any]:
    share = estate.dice.share
    return {
        "current_phase": 2,
        "inventory_coverage": share(0.96, 0.99, "coverage", uid),
        "discovery_at": estate.ago(1, 5, "discovery", uid),
        "catalogued_dataset_share": share(0.97, 0.995, "catalogued", uid),
        "datasets_seen_only_in_lineage": 0,
        "roadmap_items_with_impact_share": 1.0,
        "top_bottlenecks_open": 0,
        "environment_automation_share": share(0.84, 0.95, "automation", uid),
        "team_fill_share": share(0.86, 0.96, "fill", uid),
        "security_baseline_pass_share": 0.96,
        "deploy_lead_days_p50": 3.5,
        "baseline_deploy_lead_days": 14.0,
        "pilots_closed_12m": 4,
        "pilot_to_production_share_12m": 0.75,
        "stopped_pilots_with_cause_share": 1.0,
        "placement_decisions_recorded_share": 1.0,
        "network_cause_share_90d": share(0.05, 0.15, "network", uid),
        "complaint_trend_90d": -0.1,
        "partnerships_with_owner": 2,
        "community_meetings_90d": 3,
        "controls_automated_share": 0.88,
        "controls_fresh_share": 0.97,
        "evidence_pack_hours_p90": 6.0,
        "concern_first_response_days_p90": 4.0,
        "teams_with_shared_objectives_share": 1.0,
        "software_to_infrastructure_ratio": 0.4,
        "accelerator_utilisation_p50": 0.62,
        "chargeback_share": 0.96,
        "self_service_share": 0.88,
    }
