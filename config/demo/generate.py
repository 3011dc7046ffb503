"""Make the demo estate: raw files as a customer would have them, the same bytes for the same seed, scale and anchor.

    lineage/<job namespace>.ndjson    OpenLineage run events, in order of time
    inventory/<source>.ndjson         native assets, a manifest first
    inventory/<kind>.csv              spreadsheets
    manifest.json                     what was written: counts, digests, expected findings

At scale 1: 417 data sets, 122 jobs, 25 models, about 4,200 runs (two events each), 24 MB, in two seconds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from config.demo.access import report_access
from config.demo.ai import add_training, report_models
from config.demo.catalogue import report_datasets, report_jobs, report_transfers
from config.demo.chance import Clock, Dice, stamp
from config.demo.estate import Estate, joined_uid
from config.demo.geography import report_sites, report_stores
from config.demo.machines import report_machines
from config.demo.money import report_money, report_organisations
from config.demo.network import report_network
from config.demo.people import report_people
from config.demo.pipelines import Pipelines, add_features, add_group, add_odd_jobs, block_pipelines, log_datasets
from config.demo.portfolio import report_portfolio
from config.demo.problems import Problem, plant_problems, read_problems
from config.demo.records import report_records
from config.demo.runs import Run, all_runs, job_history, newest_runs, newest_writes
from config.demo.services import report_changes, report_packages, report_services
from config.demo.skills import report_skills
from config.demo.systems import decision_logs, report_systems
from config.demo.vendors import report_vendors
from config.demo.workloads import report_workloads
from config.demo.write import WrittenFile, write_events, write_inventories, write_manifest

SEED = 20261


@dataclass(frozen=True)
class Expected:
    """A verdict that a seeded problem leads to. `flips_in_days`: null for what holds at the anchor."""

    problem: str
    check: str
    kind: str
    uid: str
    expected: str
    flips_in_days: float | None


@dataclass(frozen=True)
class Manifest:
    """What was written. `assets` counts by kind everything that the files name, runs and flows included."""

    seed: int
    scale: float
    anchor: str
    assets: Mapping[str, int]
    events: int
    runs: int
    flows: int
    files: tuple[WrittenFile, ...]
    expected: tuple[Expected, ...]


def generate(out_dir: Path, *, seed: int = SEED, scale: float = 1.0, anchor: datetime) -> Manifest:
    """Write the estate below `out_dir` (made where missing; files of an earlier call are replaced).

    1. Lay the pipelines: data sets and jobs.
    2. Let them run over the days before the anchor, the estate's "now".
    3. Let every source report what it knows.
    4. Plant the seeded problems.
    5. Write files, and last the manifest: a folder without one is unfinished.
    """
    if scale <= 0:
        raise ValueError(f"scale {scale} makes no estate: give a number above 0, 1 is the full one")
    estate = Estate(Dice(seed), Clock(anchor), scale)
    pipelines = lay_pipelines(scale)
    runs = all_runs(estate, pipelines)
    report_everything(estate, pipelines, runs)
    plant_problems(estate)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "manifest.json").unlink(missing_ok=True)
    files = (*write_events(out_dir, estate, runs), *write_inventories(out_dir, estate))
    manifest = _manifest(seed, estate, pipelines, runs, files)
    write_manifest(out_dir, asdict(manifest))
    return manifest


def lay_pipelines(scale: float) -> Pipelines:
    """Return all data sets and jobs."""
    pipelines = block_pipelines(scale)
    add_group(pipelines)
    add_features(pipelines)
    add_odd_jobs(pipelines)
    add_training(pipelines)
    pipelines.keep(*log_datasets(), *decision_logs())
    return pipelines


def report_everything(estate: Estate, pipelines: Pipelines, runs: Mapping[str, list[Run]]) -> None:
    """Let every source report, entities and places first, so that what others refer to is there."""
    report_organisations(estate)
    report_sites(estate)
    report_people(estate)
    report_vendors(estate)
    report_stores(estate)
    report_machines(estate)
    report_network(estate)
    report_datasets(estate, pipelines, newest_writes(runs))
    report_jobs(estate, pipelines, job_history(estate, runs))
    report_transfers(estate, pipelines)
    report_models(estate, pipelines, newest_runs(runs))
    report_systems(estate)
    report_services(estate)
    report_packages(estate)
    report_changes(estate)
    report_workloads(estate)
    report_money(estate)
    report_portfolio(estate)
    report_records(estate)
    report_skills(estate)
    report_access(estate, pipelines)


def _manifest(
    seed: int, estate: Estate, pipelines: Pipelines, runs: Mapping[str, list[Run]], files: tuple[WrittenFile, ...]
) -> Manifest:
    named = {(kind, uid) for _, kind, uid in estate.lines}
    named |= {("dataset", dataset.uid) for job in pipelines.jobs for dataset in (*job.inputs, *job.outputs)}
    named |= {("job", job.uid) for job in pipelines.jobs}
    named |= {("run", run.run_id) for of in runs.values() for run in of}
    flows = {("data_flow", joined_uid(source.uid, target.uid)) for _, source, target in pipelines.flows()}
    named |= flows
    return Manifest(
        seed=seed,
        scale=estate.scale,
        anchor=stamp(estate.clock.now),
        assets=dict(sorted(Counter(kind for kind, _ in named).items())),
        events=sum(file.lines for file in files if file.path.startswith("lineage/")),
        runs=sum(len(of) for of in runs.values()),
        flows=len(flows),
        files=files,
        expected=tuple(found for problem in read_problems() for found in _expected(problem, runs)),
    )


def _expected(problem: Problem, runs: Mapping[str, list[Run]]) -> list[Expected]:
    uids = [run.run_id for run in runs[problem.job]] if problem.job else [problem.uid]
    return [
        Expected(problem.id, problem.check, problem.kind, uid, problem.expected, problem.flips_in_days) for uid in uids
    ]
