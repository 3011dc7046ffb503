"""What the plan needs people for: roles, skills and certificates, and who holds what level."""

from typing import Any, NamedTuple

from config.demo.estate import Estate
from config.demo.geography import ENTITY
from config.demo.people import TEAMS, members

_TEAM = {team.uid: team for team in TEAMS}


class Role(NamedTuple):
    """A role of a team. `qualified`: how many of the team hold the skill at the level needed."""

    uid: str
    name: str
    team: str
    criticality: str
    phase: int
    fte: float
    skill: str
    level: int
    qualified: int = 3


ROLES = (
    Role("role-cluster-engineer-eu", "Accelerator cluster engineer", "ai-infra-eu", "critical", 1, 4.0, "HPCC", 5),
    Role("role-storage-engineer-eu", "Fast storage engineer", "ai-infra-eu", "critical", 1, 2.0, "STMG", 5),
    Role("role-platform-lead-eu", "AI platform lead", "ai-infra-eu", "high", 1, 1.0, "HPCC", 6, 1),
    Role("role-cluster-engineer-ch", "Accelerator cluster engineer", "ai-infra-ch", "critical", 1, 2.0, "HPCC", 5),
    # One person alone knows the liquid cooling of the Geneva racks.
    Role("role-cooling-engineer-ch", "Liquid cooling engineer", "ai-infra-ch", "critical", 2, 1.0, "HPCC", 5, 1),
    Role("role-cluster-engineer-sg", "Accelerator cluster engineer", "ai-infra-sg", "critical", 2, 2.0, "HPCC", 5),
    Role("role-mlops-engineer-eu", "Model operations engineer", "mlops-eu", "critical", 1, 4.0, "MLNG", 5),
    Role("role-release-manager-eu", "Model release manager", "mlops-eu", "high", 2, 1.0, "MLNG", 4),
    Role("role-mlops-engineer-sg", "Model operations engineer", "mlops-sg", "critical", 2, 3.0, "MLNG", 5, 2),
    Role("role-data-engineer-eu", "Data engineer", "data-science-eu", "high", 1, 4.0, "DENG", 5),
    Role("role-data-engineer-ch", "Data engineer", "data-science-ch", "high", 1, 2.0, "DENG", 5),
    Role("role-data-engineer-sg", "Data engineer", "data-science-sg", "high", 2, 2.0, "DENG", 5),
    Role("role-fabric-engineer", "Low-latency network engineer", "network-group", "critical", 1, 3.0, "NTDS", 5),
    Role("role-network-planner", "Network capacity planner", "network-group", "medium", 2, 1.0, "NTDS", 4),
    Role("role-ai-security-eu", "AI security engineer", "it-ops-eu", "critical", 2, 2.0, "SCTY", 5),
    Role("role-site-reliability-eu", "Site reliability engineer", "it-ops-eu", "high", 1, 3.0, "SCTY", 4),
    Role("role-site-reliability-sg", "Site reliability engineer", "it-ops-sg", "high", 2, 2.0, "SCTY", 4),
    Role("role-edge-engineer-eu", "Edge fleet engineer", "it-ops-eu", "medium", 3, 2.0, "NTDS", 4),
)

# uid, skill, team, level needed
SKILLS = tuple(
    (f"skill-{code.lower()}-{team.uid}", code, team.uid, level)
    for team, codes in (
        (_TEAM["ai-infra-eu"], (("HPCC", 5), ("STMG", 5), ("NTDS", 4))),
        (_TEAM["ai-infra-ch"], (("HPCC", 5), ("STMG", 4))),
        (_TEAM["ai-infra-sg"], (("HPCC", 4), ("STMG", 4))),
        (_TEAM["mlops-eu"], (("MLNG", 5), ("SCTY", 4))),
        (_TEAM["mlops-sg"], (("MLNG", 4),)),
        (_TEAM["data-science-eu"], (("DENG", 5), ("MLNG", 5))),
        (_TEAM["data-science-ch"], (("DENG", 4), ("MLNG", 4))),
        (_TEAM["data-science-sg"], (("DENG", 4),)),
        (_TEAM["network-group"], (("NTDS", 5), ("SCTY", 4))),
        (_TEAM["it-ops-eu"], (("SCTY", 5),)),
        (_TEAM["it-ops-sg"], (("SCTY", 4),)),
    )
    for code, level in codes
)

# uid, name, team, mandatory
CERTIFICATES = (
    ("cert-security-eu", "Security auditor certificate", "it-ops-eu", True),
    ("cert-security-sg", "Security auditor certificate", "it-ops-sg", True),
    ("cert-cloud-eu", "Cloud architect certificate", "ai-infra-eu", True),
    ("cert-cloud-ch", "Cloud architect certificate", "ai-infra-ch", True),
    ("cert-cluster-eu", "Accelerator cluster administrator", "ai-infra-eu", True),
    ("cert-cluster-sg", "Accelerator cluster administrator", "ai-infra-sg", True),
    ("cert-privacy-eu", "Data protection practitioner", "data-science-eu", True),
    ("cert-network", "Network design professional", "network-group", True),
    ("cert-agile-eu", "Delivery method certificate", "mlops-eu", False),
)


def report_skills(estate: Estate) -> None:
    """Report roles, skills, certificates and holdings."""
    for role in ROLES:
        _report_role(estate, role)
    for uid, code, team, level in SKILLS:
        _report_skill(estate, uid, code, team, level)
    for uid, name, team, mandatory in CERTIFICATES:
        _report_certificate(estate, uid, name, team, mandatory)


def _report(
    estate: Estate, uid: str, name: str, team: str, attributes: dict[str, Any], holders: list[str] | None = None
) -> None:
    relations = {"team": [("team", team)], "holders": [("person", person) for person in holders or []]}
    entity = ENTITY[_TEAM[team].region]
    estate.report(
        "skills-matrix", "role_requirement", uid, attributes, name=name, relations=relations, organisation=entity
    )


def _report_role(estate: Estate, role: Role) -> None:
    dice = estate.dice
    external = dice.pick((0.0, 0.0, 0.1, 0.25), "external", role.uid)
    attributes: dict[str, Any] = {
        "subtype": "role",
        "criticality": role.criticality,
        "phase": role.phase,
        "required_fte": role.fte,
        "filled_fte": role.fte,
        "skill_code": role.skill,
        "required_level": role.level,
        "qualified_people": role.qualified,
        "handover_at": estate.ago(20, 130, "handover", role.uid),
        "external_share": external,
        "knowledge_transfer_plan": external > 0,
        "vacant": False,
    }
    holders = members(_TEAM[role.team])[: role.qualified]
    _report(estate, role.uid, role.name, role.team, attributes, holders)
    for person in holders:
        _report_holding(estate, role.uid, role.skill, role.level, person, role.team)


def _report_holding(estate: Estate, requirement: str, code: str, level: int, person: str, team: str) -> None:
    uid = f"{person}-{requirement}"
    attributes = {
        "skill_code": code,
        "level": level,
        "assessed_at": estate.ago(40, 280, "held", uid),
        "assessor": members(_TEAM[team])[-1],
    }
    relations = {"holder": [("person", person)], "requirement": [("role_requirement", requirement)]}
    estate.report("skill-holdings", "skill_holding", uid, attributes, name=f"{code} {level}", relations=relations)


def _report_skill(estate: Estate, uid: str, code: str, team: str, level: int) -> None:
    people = members(_TEAM[team])
    attributes = {
        "subtype": "skill",
        "skill_code": code,
        "required_level": level,
        "assessed_level": level + estate.dice.between(0, 1, "level", uid),
        "assessed_at": estate.ago(40, 300, "assessed", uid),
        "assessor": people[0],
        "assessed_person": people[1],
    }
    _report(estate, uid, f"{code} in {_TEAM[team].name}", team, attributes, [people[1]])


def _report_certificate(estate: Estate, uid: str, name: str, team: str, mandatory: bool) -> None:
    attributes = {
        "subtype": "certificate",
        "mandatory": mandatory,
        "expires_at": estate.clock.in_days(estate.dice.between(120, 600, "expires", uid)),
    }
    _report(estate, uid, name, team, attributes, [members(_TEAM[team])[0]])
