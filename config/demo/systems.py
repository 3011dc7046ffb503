"""What the models are for: AI systems with their risk files, overseers and decision logs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from config.demo.ai import MODELS_OF_THE_BANK
from config.demo.data import ALLOWED, LOGS, Dataset
from config.demo.estate import Estate
from config.demo.geography import ENTITY
from config.demo.people import OVERSEERS, owner

LOG_FIELDS = ["input_ref", "model_version", "output", "top_factors", "overseer", "timestamp"]


class System(NamedTuple):
    """An AI system. `age`: days since go-live; 0 = not live."""

    uid: str
    name: str
    region: str
    risk: str
    stage: str = "production"
    age: int = 400
    initiative: str = ""
    registered: bool = True


SYSTEMS = (
    System("credit-scoring-eu", "Credit scoring", "eu", "high", age=290, initiative="credit-renewal"),
    System("mortgage-affordability-eu", "Mortgage affordability", "eu", "high", age=260, initiative="credit-renewal"),
    System("collections-eu", "Collections priority", "eu", "high", age=280),
    System("fraud-detection-eu", "Fraud detection", "eu", "limited", age=720, initiative="fraud-platform"),
    System("retention-eu", "Client retention", "eu", "minimal", age=250),
    System("offers-eu", "Next offer", "eu", "minimal", age=500),
    System("card-limits-eu", "Card limits", "eu", "limited", age=330),
    System("treasury-forecast", "Cash forecast", "eu", "minimal", age=280),
    System("service-assistant", "Service assistant", "eu", "limited", age=120, initiative="assistant"),
    System("voice-sentiment", "Sentiment of calls", "eu", "limited", stage="pilot", age=0, initiative="voice-pilot"),
    System("branch-queue", "Queue forecast in branches", "eu", "minimal", age=190, initiative="branch-edge"),
    System("wealth-advice-ch", "Advice for wealth clients", "ch", "limited", age=450),
    System("fraud-detection-ch", "Fraud detection", "ch", "limited", age=380, initiative="fraud-platform"),
    System("credit-scoring-sg", "Credit scoring", "sg", "high", age=210, initiative="asia-expansion"),
    System("fraud-detection-sg", "Fraud detection", "sg", "limited", age=170, initiative="asia-expansion"),
    System("meeting-notes", "Meeting notes by an outside service", "eu", "minimal", "production", 0, registered=False),
    System("contract-reader", "Contract reader of one team", "ch", "minimal", "pilot", 0, registered=False),
)


def decision_logs() -> Iterator[Dataset]:
    """Yield the decision log of every live system."""
    for system in SYSTEMS:
        if not system.age or not system.registered:
            continue
        yield Dataset(
            LOGS[system.region],
            f"decision_log.{system.uid.replace('-', '_')}",
            system.region,
            "log",
            "log",
            "confidential",
            columns=tuple(LOG_FIELDS),
            allowed=ALLOWED["ch"] if system.region == "ch" else (),
            is_origin=True,
            extra={
                "source_critical": True,
                "centralised": True,
                "write_once": True,
                "system_risk_tier": system.risk,
                "log_of": system.uid,
            },
        )


def report_systems(estate: Estate) -> None:
    """Report every AI system with what the register knows of it."""
    for system in SYSTEMS:
        attributes = _facts(estate, system)
        if system.risk == "high":
            attributes |= _high_risk(estate, system)
        overseers = OVERSEERS[system.region] if system.risk == "high" else ()
        relations = {
            "assessments": [("review", f"assessment-{system.uid}")] if system.risk == "high" else [],
            "overseers": [("person", person) for person in overseers],
            "uses_model": [("model", model.uid) for model in MODELS_OF_THE_BANK if model.system == system.uid],
            "initiative": [("initiative", system.initiative)] if system.initiative else [],
            "supplier": [("vendor", "notewise")] if system.uid == "meeting-notes" else [],
        }
        estate.report(
            "ai-register",
            "ai_system",
            system.uid,
            attributes,
            name=system.name,
            relations=relations,
            organisation=ENTITY[system.region],
        )


def _facts(estate: Estate, system: System) -> dict[str, Any]:
    dice = estate.dice
    answers = owner(estate, system.region, "system", system.uid)
    facts: dict[str, Any] = {
        "owner": answers,
        "deputy": _other(estate, system, answers),
        "deputy_active": True,
        "environment": "prod" if system.stage == "production" else "test",
        "risk_tier": system.risk,
        "provider_role": "both" if system.risk == "high" else "deployer",
        "stage": system.stage,
        "registered": system.registered,
        "impact_assessment_required": system.risk == "high",
        "monitoring_plan": True,
        "edge_fit": system.uid == "branch-queue",
        "last_change_at": estate.ago(40, 200, "change", system.uid),
    }
    if system.age:
        target = dice.share(0.02, 0.4, "target", system.uid)
        facts |= {
            "go_live_at": estate.clock.days_ago(system.age),
            "unit_cost_target": target,
            "unit_cost_30d": round(target * dice.share(0.6, 0.9, "cost", system.uid), 4),
            "value_review_at": estate.ago(5, 55, "value", system.uid),
        }
    elif system.registered:
        facts["go_live_at"] = estate.clock.in_days(60)
    else:
        # Found three weeks ago; from day 31 on it should have been settled.
        facts["unregistered_use_at"] = estate.clock.days_ago(24)
    return facts


def _other(estate: Estate, system: System, answers: str) -> str:
    """Return a deputy who is not the owner."""
    tries = (owner(estate, system.region, "deputy", system.uid, n) for n in range(50))
    return next(person for person in tries if person != answers)


def _high_risk(estate: Estate, system: System) -> dict[str, Any]:
    return {
        "technical_file_missing_sections": 0,
        "technical_file_at": estate.ago(5, 38, "technical", system.uid),
        "risk_file_at": estate.ago(30, 280, "risk", system.uid),
        "untreated_high_risks": 0,
        "stop_control_test_at": estate.ago(20, 120, "stop", system.uid),
        "override_rate_known": True,
        "monitoring_report_at": estate.ago(5, 55, "report", system.uid),
        "decision_log_share": 1.0,
        "decision_log_fields": LOG_FIELDS,
    }
