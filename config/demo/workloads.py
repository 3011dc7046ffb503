"""What uses the accelerators: recurring workloads, kept by the platform team in a spreadsheet."""

from typing import Any

from config.demo.ai import MODELS_OF_THE_BANK
from config.demo.estate import Estate
from config.demo.people import TEAM_OF_REGION

_TRAINING = {"eu": "pool-fra-gpu", "ch": "pool-gva-gpu", "sg": "pool-sin-gpu"}
_SERVING = {"eu": "pool-fra-serve", "ch": "pool-zrh-serve", "sg": "pool-sin-serve"}


def report_workloads(estate: Estate) -> None:
    """Report a training and (for live models) an inference workload per system, and the notebooks."""
    for system, region in dict.fromkeys((model.system, model.region) for model in MODELS_OF_THE_BANK):
        live = any(model.environment == "prod" for model in MODELS_OF_THE_BANK if model.system == system)
        _report(estate, f"train-{system}", "training", region, system, _TRAINING[region])
        if live:
            _report(estate, f"serve-{system}", "inference", region, system, _SERVING[region])
    for n in range(1, 9):
        _report(estate, f"notebook-{n}", "notebook", "eu", "", "pool-fra-serve")


def _report(estate: Estate, uid: str, subtype: str, region: str, system: str, pool: str) -> None:
    dice = estate.dice
    busy = dice.share(0.7, 0.95, "busy", uid) if subtype == "inference" else dice.share(0.1, 0.4, "busy", uid)
    runs = dice.between(20, 120, "runs", uid)
    facts: dict[str, Any] = {
        "subtype": subtype,
        "tier": "high_performance" if subtype == "training" else "standard",
        "pool_tier": "high_performance" if subtype == "training" else "standard",
        "needs_accelerator": subtype != "notebook",
        "runs_30d": runs,
        "out_of_memory_runs_30d": 0,
        "memory_p95_share": dice.share(0.5, 0.85, "memory", uid),
        "accelerator_hours_30d": dice.share(60, 600, "hours", uid, digits=1),
        "busy_share_30d": busy,
        "pricing": "owned" if busy >= 0.6 else "burst",
    }
    if subtype != "notebook":
        facts |= {"assigned_accelerator": "accelerator-h", "accepted_accelerators": ["accelerator-h", "accelerator-b"]}
    else:
        facts |= {
            "image_approved": True,
            "restricted_files_local": 0,
            "last_active_at": estate.clock.hours_ago(dice.between(1, 6, "active", uid)),
        }
    if subtype == "training":
        facts |= {"target_iteration_hours": 12.0, "iteration_hours_p50": dice.share(3, 10, "iteration", uid, digits=1)}
    relations = {
        "pool": [("accelerator_pool", pool)],
        "team": [("team", TEAM_OF_REGION[region])],
        "system": [("ai_system", system)] if system else [],
    }
    estate.report(
        "workload-sheet", "workload", uid, facts, name=uid.replace("-", " ").capitalize(), relations=relations
    )
