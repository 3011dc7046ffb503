"""Who works there: teams and persons by reference (never by name), their training, and who owns what."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from config.demo.estate import Estate
from config.demo.geography import ENTITY


class Team(NamedTuple):
    """A team; `members` are numbered from `first`."""

    uid: str
    name: str
    subtype: str
    region: str
    first: int
    members: int


TEAMS = (
    Team("ai-infra-eu", "AI infrastructure, Europe", "ai_infrastructure", "eu", 100, 9),
    Team("ai-infra-ch", "AI infrastructure, Switzerland", "ai_infrastructure", "ch", 110, 6),
    Team("ai-infra-sg", "AI infrastructure, Singapore", "ai_infrastructure", "sg", 120, 6),
    Team("mlops-eu", "Model operations, Europe", "mlops", "eu", 130, 8),
    Team("mlops-sg", "Model operations, Singapore", "mlops", "sg", 140, 5),
    Team("data-science-eu", "Data science, Europe", "data_science", "eu", 150, 9),
    Team("data-science-ch", "Data science, Switzerland", "data_science", "ch", 160, 6),
    Team("data-science-sg", "Data science, Singapore", "data_science", "sg", 170, 5),
    Team("network-group", "Group network", "network", "eu", 180, 7),
    Team("it-ops-eu", "IT operations, Europe", "it_operations", "eu", 190, 8),
    Team("it-ops-sg", "IT operations, Singapore", "it_operations", "sg", 200, 6),
)
TEAM_OF_REGION: Mapping[str, str] = {"eu": "mlops-eu", "ch": "ai-infra-ch", "sg": "mlops-sg"}

# Persons outside the teams: first number, count, region, title.
_OFFICES = (
    (1, 4, "eu", "Member of the management board"),
    (5, 2, "ch", "Member of the executive committee, Switzerland"),
    (10, 12, "eu", "Data owner, Europe"),
    (22, 6, "ch", "Data owner, Switzerland"),
    (28, 6, "sg", "Data owner, Singapore"),
    (40, 5, "eu", "Reviewer of automated decisions, Europe"),
    (45, 3, "ch", "Reviewer of automated decisions, Switzerland"),
    (48, 3, "sg", "Reviewer of automated decisions, Singapore"),
    (60, 1, "eu", "Data protection officer"),
    (61, 1, "eu", "Head of AI"),
    (62, 1, "eu", "Chief information security officer"),
    (63, 1, "ch", "Head of AI, Switzerland"),
)
LEAVERS = ("p-090", "p-091")
DPO, HEAD_OF_AI, CISO = "p-060", "p-061", "p-062"
_OWNERS: Mapping[str, tuple[str, ...]] = {
    region: tuple(
        f"p-{n:03d}" for first, count, of, _ in _OFFICES[2:5] if of == region for n in range(first, first + count)
    )
    for region in ENTITY
}
OVERSEERS: Mapping[str, tuple[str, ...]] = {
    region: tuple(
        f"p-{n:03d}" for first, count, of, _ in _OFFICES[5:8] if of == region for n in range(first, first + count)
    )
    for region in ENTITY
}


def owner(estate: Estate, region: str, *path: object) -> str:
    """Return the person who answers for something in a region; always one who is still there."""
    return estate.dice.pick(_OWNERS[region], "owner", region, *path)


def members(team: Team) -> list[str]:
    """Return the uids of a team's members."""
    return [f"p-{n:03d}" for n in range(team.first, team.first + team.members)]


def report_people(estate: Estate) -> None:
    """Report teams and persons."""
    for team in TEAMS:
        _report_team(estate, team)
        for uid in members(team):
            _report_person(estate, uid, f"Member of {team.name}", team.region, team.uid, in_team=True)
    for first, count, region, title in _OFFICES:
        for n in range(first, first + count):
            _report_person(estate, f"p-{n:03d}", title, region, "", in_team=False)
    for uid in LEAVERS:
        _report_person(estate, uid, "Former model risk manager", "eu", "", in_team=False)


def _report_team(estate: Estate, team: Team) -> None:
    dice = estate.dice
    disciplines = {
        "ai_infrastructure": ["operations", "data_engineering", "machine_learning", "security", "network"],
        "mlops": ["operations", "machine_learning", "data_engineering"],
        "data_science": ["machine_learning", "data_engineering"],
        "network": ["network", "operations"],
        "it_operations": ["operations", "security"],
    }[team.subtype]
    attributes: dict[str, Any] = {
        "subtype": team.subtype,
        "disciplines": disciplines,
        "shared_objectives": True,
        "manual_work_share": dice.share(0.1, 0.25, "manual", team.uid),
        "models_per_engineer": dice.share(0.5, 4.0, "models", team.uid, digits=1),
        "rotation_share_12m": dice.share(0.22, 0.4, "rotation", team.uid),
        "attrition_12m": dice.share(0.03, 0.12, "attrition", team.uid),
        "infrastructure_workaround_share": dice.share(0.05, 0.18, "workaround", team.uid),
        "network_troubleshooting_share": dice.share(0.01, 0.08, "network", team.uid),
        "learning_hours_12m": dice.share(44, 90, "learning", team.uid, digits=0),
    }
    estate.report("hr-roster", "team", team.uid, attributes, name=team.name, organisation=ENTITY[team.region])


def _report_person(estate: Estate, uid: str, title: str, region: str, team: str, *, in_team: bool) -> None:
    overseer, board = title.startswith("Reviewer"), title.startswith("Member of the")
    attributes: dict[str, Any] = {
        "uses_or_operates_ai": in_team or overseer or uid in (HEAD_OF_AI, *LEAVERS) or title.startswith("Data owner"),
        "active": uid not in LEAVERS,
        "ai_training_at": estate.ago(20, 300, "ai-training", uid),
        "oversees_high_risk": overseer,
        "management_body": board,
    }
    if overseer:
        attributes |= {"oversight_training_valid": True, "can_halt": True, "deputy": _deputy(uid, region)}
    if board or uid == CISO:
        attributes["cyber_training_at"] = estate.ago(30, 300, "cyber-training", uid)
    estate.report(
        "hr-roster",
        "person",
        uid,
        attributes,
        name=title,
        relations={"team": [("team", team)] if team else []},
        organisation=ENTITY[region],
    )


def _deputy(uid: str, region: str) -> str:
    pool = OVERSEERS[region]
    return pool[(pool.index(uid) + 1) % len(pool)]
