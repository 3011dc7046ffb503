"""Who may reach what: logins of people and machines, and their rights over data, models and clusters."""

from typing import Any

from config.demo.ai import MODELS_OF_THE_BANK
from config.demo.estate import Estate
from config.demo.geography import ENTITY
from config.demo.people import LEAVERS, TEAMS, members, owner
from config.demo.pipelines import Pipelines
from config.demo.services import PLATFORMS

_SCOPES = {
    "ai_infrastructure": ("cluster", "cloud_admin"),
    "mlops": ("registry", "cluster"),
    "data_science": ("data",),
    "network": ("cloud_admin",),
    "it_operations": ("cloud_admin",),
}


def report_access(estate: Estate, pipelines: Pipelines) -> None:
    """Report identities and grants."""
    for team in TEAMS:
        for person in members(team):
            for scope in (*_SCOPES[team.subtype], "office"):
                _report_human(estate, person, scope, team.region)
    for person in LEAVERS:
        _report_human(estate, person, "office", "eu")
    for job_space in ("scheduler-eu", "scheduler-ch", "scheduler-sg", "group-transfer", "ml-platform", "notebook-lab"):
        for purpose in ("run", "read", "publish"):
            _report_machine(estate, f"svc-{job_space}-{purpose}")
    for platform in PLATFORMS:
        _report_machine(estate, f"svc-{platform.uid}")
    for model in MODELS_OF_THE_BANK:
        if model.environment == "prod":
            _report_machine(estate, f"svc-{model.uid}")
    _report_data_grants(estate, pipelines)
    _report_model_grants(estate)


def _report_human(estate: Estate, person: str, scope: str, region: str) -> None:
    facts = {
        "subtype": "human",
        "scope": scope,
        "mfa_enforced": scope != "office" or estate.dice.chance(0.8, "mfa", person),
        "last_used_at": estate.ago(1, 25, "used", person, scope),
    }
    estate.report(
        "identity-provider",
        "identity",
        f"{person}-{scope.replace('_', '-')}",
        facts,
        name=f"Login of {person} for {scope.replace('_', ' ')}",
        relations={"person": [("person", person)]},
        organisation=ENTITY[region],
    )


def _report_machine(estate: Estate, uid: str) -> None:
    facts = {
        "subtype": "service",
        "scope": "data",
        "last_used_at": estate.ago(1, 6, "used", uid),
        "key_at": estate.ago(3, 50, "key", uid),
    }
    region = next((region for region in ("ch", "sg") if uid.endswith(f"-{region}") or f"-{region}-" in uid), "eu")
    estate.report("identity-provider", "identity", uid, facts, name=f"Machine login {uid}", organisation=ENTITY[region])


def _report_data_grants(estate: Estate, pipelines: Pipelines) -> None:
    """Report a reading right of the data science team over every curated table of people and fraud."""
    scientists = {team.region: members(team) for team in TEAMS if team.subtype == "data_science"}
    for (region, key), block in pipelines.blocks.items():
        for table in block.curated[:2]:
            if table.classification not in ("restricted", "personal_special", "personal"):
                continue
            person = estate.dice.pick(scientists[region], "grant", table.uid)
            uid = f"grant-{region}-{key.replace('_', '-')}-{table.name.rsplit('_', 1)[-1]}"
            facts = _grant(estate, uid, region) | {"target_class": table.classification, "target_kind": "dataset"}
            _report_grant(estate, uid, facts, f"{person}-data", region, [("dataset", table.uid)])


def _report_model_grants(estate: Estate) -> None:
    deployers = {"eu": "mlops-eu", "ch": "mlops-eu", "sg": "mlops-sg"}
    teams = {team.uid: members(team) for team in TEAMS}
    for model in MODELS_OF_THE_BANK:
        if model.environment != "prod":
            continue
        for n in (1, 2):
            uid = f"grant-{model.uid}-{n}"
            person = teams[deployers[model.region]][n]
            facts = _grant(estate, uid, model.region)
            facts |= {"target_class": "confidential", "target_kind": "production_model"}
            _report_grant(estate, uid, facts, f"{person}-registry", model.region, [])


def _grant(estate: Estate, uid: str, region: str) -> dict[str, Any]:
    # The directory tells whether the owner is still there; the product finds the same from owner and person.
    return {
        "owner": owner(estate, region, "grant", uid),
        "owner_active": True,
        "review_at": estate.ago(4, 55, "review", uid),
    }


def _report_grant(
    estate: Estate, uid: str, facts: dict[str, Any], identity: str, region: str, target: list[tuple[str, str]]
) -> None:
    estate.report(
        "identity-provider",
        "access_grant",
        uid,
        facts,
        name=uid.replace("-", " ").capitalize(),
        relations={"identity": [("identity", identity)], "target": target},
        organisation=ENTITY[region],
    )
