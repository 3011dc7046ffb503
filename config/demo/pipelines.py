"""What runs: jobs with their inputs and outputs, the cluster that they run on and how often.

The estate of one generation is `Pipelines`: all data sets and jobs, the block chains first, then what crosses borders,
then features and training, then the odd ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

from config.demo.data import ALLOWED, DWH, EU_ALLOWED, FEATURES, LAKE, LOGS, STREAM, Block, Dataset, blocks
from config.demo.estate import joined_uid
from config.demo.geography import UNREGISTERED_NAMESPACE

Pace = Literal["daily", "weekly", "rare"]
BATCH = {"eu": "fra-batch", "ch": "zrh-batch", "sg": "sin-batch"}
GPU = {"eu": "fra-gpu", "ch": "gva-gpu", "sg": "sin-gpu"}


@dataclass(frozen=True)
class Job:
    """A job. `cluster` empty: nobody reported what it runs on. `columns`: its events carry column lineage.

    `after`: the job that starts it, parent of its runs.
    """

    namespace: str
    name: str
    region: str
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    cluster: str
    pace: Pace = "weekly"
    subtype: str = "batch"
    purpose: str = "operations"
    environment: str = "prod"
    columns: bool = True
    after: str = ""

    @cached_property
    def uid(self) -> str:
        """Key of the asset."""
        return joined_uid(self.namespace, self.name)


@dataclass
class Pipelines:
    """All data sets by uid and all jobs, in the order in which they are made."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    blocks: dict[tuple[str, str], Block] = field(default_factory=dict)

    def add(self, job: Job) -> None:
        """Keep a job and the data sets that it names."""
        self.jobs.append(job)
        self.keep(*job.inputs, *job.outputs)

    def keep(self, *datasets: Dataset) -> None:
        """Keep data sets; the first form of each uid stays."""
        for dataset in datasets:
            self.datasets.setdefault(dataset.uid, dataset)

    def flows(self) -> Iterator[tuple[Job, Dataset, Dataset]]:
        """Yield every pair that a job joins, each pair once (the first job that joins it)."""
        seen = set()
        for job in self.jobs:
            for source in job.inputs:
                for target in job.outputs:
                    if (source.uid, target.uid) not in seen:
                        seen.add((source.uid, target.uid))
                        yield job, source, target


def block_pipelines(scale: float) -> Pipelines:
    """Return the chains of all blocks: an ingest and a curate job each."""
    pipelines = Pipelines()
    for block in blocks(scale):
        pipelines.blocks[block.region, block.key] = block
        pace: Pace = "daily" if block.daily else "weekly"
        ingest = Job(
            namespace=f"scheduler-{block.region}",
            name=f"{block.key}.ingest",
            region=block.region,
            inputs=(block.journal,),
            outputs=(*block.raw, block.rejects),
            cluster=BATCH[block.region],
            pace=pace,
        )
        pipelines.add(ingest)
        curate = replace(
            ingest,
            name=f"{block.key}.curate",
            inputs=block.raw,
            outputs=(*block.curated, *block.figures),
            purpose="reporting",
            after=ingest.name,
        )
        pipelines.add(curate)
    return pipelines


def derived_dataset(like: Dataset, namespace: str, name: str, **changes: object) -> Dataset:
    """Return a data set with the label, limit and columns of `like` elsewhere; `changes` are fields to set."""
    base = replace(like, namespace=namespace, name=name, subtype="table", is_origin=False, used_for=(), extra={})
    return replace(base, **changes)  # type: ignore[arg-type]  # names of fields, checked by the dataclass


class Crossing(NamedTuple):
    """A job of the group. `inputs`: "region domain table" of curated tables; `region`, `namespace`: where it writes."""

    name: str
    inputs: tuple[str, ...]
    region: str
    namespace: str
    output: str
    purpose: str
    pace: Pace = "weekly"


_INDIA = "s3://insight-exchange-in"
CROSSINGS = (
    Crossing("risk-from-ch", ("ch risk states",), "eu", DWH["eu"], "group.risk_ch", "risk_reporting"),
    Crossing("risk-from-sg", ("sg risk states",), "eu", DWH["eu"], "group.risk_sg", "risk_reporting"),
    Crossing(
        "consolidation",
        ("eu finance states", "ch finance states", "sg finance states"),
        "eu",
        DWH["eu"],
        "group.ledger",
        "financial_reporting",
    ),
    Crossing(
        "aml-screening",
        ("sg payments events", "ch payments events"),
        "eu",
        LAKE["eu"],
        "group.aml_screening",
        "money_laundering_prevention",
    ),
    Crossing("card-support", ("eu cards events",), "sg", LAKE["sg"], "service.card_support", "service"),
    Crossing("campaign-insight", ("eu marketing events",), "eu", _INDIA, "campaign_insight", "marketing"),
    Crossing("voice-quality", ("eu contact_centre states",), "eu", _INDIA, "voice_quality", "quality"),
    Crossing("channel-followup", ("eu channels events",), "sg", LAKE["sg"], "service.channel_followup", "service"),
    Crossing("card-disputes", ("eu cards states",), "sg", LAKE["sg"], "service.card_disputes", "service"),
    Crossing(
        "payment-enquiries", ("eu payments events",), "sg", LAKE["sg"], "service.payment_enquiries", "service", "daily"
    ),
    Crossing("estate-case", ("eu deposits states",), "sg", LAKE["sg"], "service.estate_cases", "legal_claims", "rare"),
    Crossing(
        "litigation-case",
        ("eu mortgages states",),
        "sg",
        LAKE["sg"],
        "service.litigation_cases",
        "legal_claims",
        "rare",
    ),
)


def add_group(pipelines: Pipelines) -> None:
    """Add what crosses borders: consolidation in Frankfurt, service work in Singapore, insight in Mumbai."""
    for crossing in CROSSINGS:
        inputs = tuple(_curated_table(pipelines, key) for key in crossing.inputs)
        target = derived_dataset(inputs[0], crossing.namespace, crossing.output, region=crossing.region)
        pipelines.add(
            Job(
                namespace="group-transfer",
                name=crossing.name,
                region="eu",
                inputs=inputs,
                outputs=(target,),
                cluster="fra-batch",
                pace=crossing.pace,
                purpose=crossing.purpose,
            )
        )


def _curated_table(pipelines: Pipelines, key: str) -> Dataset:
    region, domain, table = key.split()
    events, states, history = pipelines.blocks[region, domain].curated
    return {"events": events, "states": states, "history": history}[table]


FEATURE_BLOCKS = (
    *(("eu", domain) for domain in ("lending", "mortgages", "fraud", "customer", "cards", "finance", "contact_centre")),
    *(("ch", domain) for domain in ("wealth", "fraud")),
    *(("sg", domain) for domain in ("accounts", "cards")),
)


def add_features(pipelines: Pipelines) -> None:
    """Add a live feature set and a training set for the blocks that models learn from."""
    for region, domain in FEATURE_BLOCKS:
        block = pipelines.blocks[region, domain]
        events, states, _ = block.curated
        feature = derived_dataset(
            events, FEATURES[region], f"{block.key}.features", subtype="feature_set", used_for=("serving",)
        )
        training = derived_dataset(
            events, LAKE[region], f"{block.key}.training_set", used_for=("training", "validation"), subtype="file_set"
        )
        pipelines.add(
            Job(
                f"scheduler-{region}",
                f"{block.key}.features",
                region,
                (events, states),
                (feature, training),
                BATCH[region],
                pace="daily" if block.daily else "weekly",
                purpose="model_development",
                after=f"{block.key}.curate",
            )
        )


def add_odd_jobs(pipelines: Pipelines) -> None:
    """Add archives, uploads from branches, copies for development, and the jobs that cause seeded problems."""
    curated = {key: block.curated for key, block in pipelines.blocks.items()}
    for job in (*_archives(curated), *_strays(curated), *_edge_uploads(), *_development(curated), *_deliveries()):
        pipelines.add(job)


_Curated = dict[tuple[str, str], tuple[Dataset, Dataset, Dataset]]


def _archives(curated: _Curated) -> Iterator[Job]:
    """Yield the yearly archives, one per region."""
    for region, domain, namespace in (
        ("eu", "payments", "s3://veldspar-lake-eu-archive"),
        ("ch", "accounts", "s3://veldspar-archive-ch"),
        ("sg", "payments", LAKE["sg"]),
    ):
        source = curated[region, domain][2]
        target = derived_dataset(source, namespace, f"{domain}.archive", subtype="file_set")
        yield Job(
            f"scheduler-{region}",
            f"{domain}.archive",
            region,
            (source,),
            (target,),
            BATCH[region],
            subtype="bulk_transfer",
            purpose="retention",
        )


def _strays(curated: _Curated) -> Iterator[Job]:
    """Yield jobs that leave the known paths, each the cause of a seeded problem."""
    # Swiss client data, processed on the cluster in Frankfurt (SOV-05).
    wealth = curated["ch", "wealth"][1]
    rebalanced = derived_dataset(wealth, LAKE["ch"], "wealth.rebalanced")
    yield Job("scheduler-eu", "wealth.rebalance", "ch", (wealth,), (rebalanced,), "fra-batch", purpose="advice")
    # Nobody reported where this one runs (SOV-05, unknown).
    kyc = curated["ch", "kyc"][1]
    renewals = derived_dataset(kyc, LAKE["ch"], "kyc.renewals")
    yield Job("scheduler-ch", "kyc.renewals", "ch", (kyc,), (renewals,), "", purpose="client_identification")
    # A file gateway that no inventory knows: bound data without a known place (SOV-04, SOV-07).
    collateral = curated["eu", "collateral"][1]
    handover = derived_dataset(
        collateral, UNREGISTERED_NAMESPACE, "collateral.handover", subtype="file_set", allowed=EU_ALLOWED
    )
    yield Job("scheduler-eu", "collateral.handover", "eu", (collateral,), (handover,), "fra-batch", purpose="valuation")
    confirmed = derived_dataset(collateral, LAKE["eu"], "collateral.confirmed", allowed=EU_ALLOWED)
    yield Job("scheduler-eu", "collateral.confirm", "eu", (handover,), (confirmed,), "fra-batch", purpose="valuation")
    # An extract that only lineage knows.
    reference = curated["eu", "reference"][1]
    extract = derived_dataset(reference, LAKE["eu"], "tmp.reference_extract", catalogued=False)
    yield Job("scheduler-eu", "reference.extract", "eu", (reference,), (extract,), "fra-batch")
    knowledge = derived_dataset(reference, LAKE["eu"], "assistant.knowledge", subtype="embedding_set")
    yield Job("scheduler-eu", "assistant.embed", "eu", (reference,), (knowledge,), "fra-gpu", purpose="service")


def _edge_uploads() -> Iterator[Job]:
    """Yield the uploads of what branches count: no persons, only numbers."""
    for region in BATCH:
        buffer = Dataset(
            *(
                STREAM[region],
                "branch_queue.buffer",
                region,
                "branch",
                "log",
                "internal",
                ("branch", "seen_at", "waiting"),
            ),
            is_origin=True,
            extra={"source_critical": False, "system_risk_tier": "minimal"},
        )
        counts = derived_dataset(buffer, LAKE[region], "branch_queue.counts")
        yield Job(
            f"scheduler-{region}",
            "branch_queue.upload",
            region,
            (buffer,),
            (counts,),
            BATCH[region],
            subtype="upload",
            purpose="branch_planning",
        )


def _development(curated: _Curated) -> Iterator[Job]:
    """Yield copies for development: masked, but for one. Their scheduler fell silent (see runs.py)."""
    for domain, masked in (("cards", True), ("channels", True), ("marketing", True), ("payments", False)):
        source = curated["eu", domain][0]
        sample = derived_dataset(
            source, "s3://veldspar-dev-eu", f"{domain}.sample", environment="dev", deidentified=masked
        )
        if masked:
            sample = replace(sample, classification="internal", personal=(), columns=source.all_columns)
        yield Job(
            "notebook-lab",
            f"{domain}.sample",
            "eu",
            (source,),
            (sample,),
            "dub-dev",
            purpose="development",
            environment="dev",
        )


def _deliveries() -> Iterator[Job]:
    """Yield the reading of files that vendors deliver by hand; no job in lineage made them (DAT-03)."""
    files = tuple(
        Dataset(
            LAKE["eu"], f"delivery.{name}", "eu", "delivery", "file_set", "internal", ("code", "value"), is_origin=True
        )
        for name in ("ratings", "sanctions", "holidays")
    )
    merged = derived_dataset(files[0], LAKE["eu"], "delivery.merged")
    yield Job("scheduler-eu", "delivery.merge", "eu", files, (merged,), "fra-batch", purpose="reference_data")


_LOGS = ("auth", "admin", "gateway", "model_endpoint", "registry", "orchestrator", "key_use")


def log_datasets() -> Iterator[Dataset]:
    """Yield the security logs of each region; decision logs come with their systems."""
    for region in BATCH:
        for name in _LOGS:
            yield Dataset(
                LOGS[region],
                f"{name}_log",
                region,
                "log",
                "log",
                "confidential",
                ("at", "actor", "action"),
                is_origin=True,
                allowed=ALLOWED[region] if region == "ch" else (),
                extra={"source_critical": True, "centralised": True, "write_once": True, "system_risk_tier": "minimal"},
            )
