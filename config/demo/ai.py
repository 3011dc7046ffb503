"""The models: what they learned from, who approved them, what serves them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from config.demo.data import MODELS, Dataset
from config.demo.estate import Estate, joined_uid
from config.demo.geography import EDGE_MODEL, ENTITY, country_of
from config.demo.people import owner
from config.demo.pipelines import GPU, Job, Pipelines, derived_dataset

LICENCES = ["apache-2.0", "mit", "bsd-3-clause"]


class Model(NamedTuple):
    """A model. `block` names the block whose training set it learned from, or the training set itself.

    `environment` staging: approved and waiting, or in evaluation; only production models have an endpoint.
    """

    uid: str
    region: str
    block: str
    system: str
    environment: str = "prod"


MODELS_OF_THE_BANK = (
    Model("credit-scorecard-eu", "eu", "lending", "credit-scoring-eu"),
    Model("credit-scorecard-eu-next", "eu", "lending", "credit-scoring-eu", "staging"),
    Model("collections-priority-eu", "eu", "lending", "collections-eu"),
    Model("affordability-eu", "eu", "mortgages", "mortgage-affordability-eu"),
    Model("affordability-eu-next", "eu", "mortgages", "mortgage-affordability-eu", "staging"),
    Model("fraud-transfer-eu", "eu", "fraud", "fraud-detection-eu"),
    Model("fraud-card-eu", "eu", "fraud", "fraud-detection-eu"),
    Model("fraud-anomaly-eu", "eu", "fraud", "fraud-detection-eu", "staging"),
    Model("churn-eu", "eu", "customer", "retention-eu"),
    Model("next-offer-eu", "eu", "customer", "offers-eu"),
    Model("segment-eu", "eu", "customer", "offers-eu"),
    Model("card-limit-eu", "eu", "cards", "card-limits-eu"),
    Model("merchant-match-eu", "eu", "cards", "card-limits-eu"),
    Model("cash-forecast-eu", "eu", "finance", "treasury-forecast"),
    Model("ledger-anomaly-eu", "eu", "finance", "treasury-forecast"),
    Model("call-topic-eu", "eu", "contact_centre", "service-assistant"),
    Model("call-sentiment-eu", "eu", "contact_centre", "voice-sentiment", "staging"),
    Model("assistant-language-eu", "eu", "assistant.knowledge", "service-assistant"),
    Model(EDGE_MODEL, "eu", "branch_queue.counts", "branch-queue"),
    Model("wealth-advice-ch", "ch", "wealth", "wealth-advice-ch"),
    Model("wealth-risk-ch", "ch", "wealth", "wealth-advice-ch"),
    Model("wealth-advice-ch-next", "ch", "wealth", "wealth-advice-ch", "staging"),
    Model("fraud-transfer-ch", "ch", "fraud", "fraud-detection-ch"),
    Model("credit-scorecard-sg", "sg", "accounts", "credit-scoring-sg"),
    Model("fraud-card-sg", "sg", "cards", "fraud-detection-sg"),
)


def training_set(pipelines: Pipelines, model: Model) -> Dataset:
    """Return what a model learned from."""
    name = model.block if "." in model.block else f"{model.block}.training_set"
    return pipelines.datasets[joined_uid(f"s3://veldspar-lake-{model.region}", name)]


def add_training(pipelines: Pipelines) -> None:
    """Add one training job per training set, which writes the weights of its models, and the deliveries of weights."""
    groups: dict[tuple[str, str], list[Model]] = {}
    for model in MODELS_OF_THE_BANK:
        groups.setdefault((model.region, model.block), []).append(model)
    for (region, block), models in groups.items():
        source = training_set(pipelines, models[0])
        if "training" not in source.used_for:
            source = replace(source, used_for=("training",))
            pipelines.datasets[source.uid] = source
        name = block.split(".")[0] + ".train"
        weights = tuple(_weights(source, model) for model in models)
        pipelines.add(
            Job(
                namespace="ml-platform",
                name=f"{region}.{name}",
                region=region,
                inputs=(source,),
                outputs=weights,
                cluster=GPU[region],
                subtype="training",
                columns=False,
                purpose="model_development",
            )
        )
    for job in _deliveries(pipelines):
        pipelines.add(job)


def _weights(source: Dataset, model: Model) -> Dataset:
    return derived_dataset(
        source,
        MODELS[model.region],
        f"{model.uid}.weights",
        subtype="file_set",
        classification="confidential" if source.classification != "restricted" else "restricted",
        columns=(),
        personal=(),
        deidentified=source.holds_personal_data,
    )


def _deliveries(pipelines: Pipelines) -> Iterator[Job]:
    for region, model in (("eu", "fraud-transfer-eu"), ("ch", "fraud-transfer-ch"), ("sg", "fraud-card-sg")):
        weights = pipelines.datasets[joined_uid(MODELS[region], f"{model}.weights")]
        bundle = derived_dataset(weights, MODELS[region], f"{model}.bundle", subtype="file_set")
        yield Job(
            namespace="ml-platform",
            name=f"{region}.deliver",
            region=region,
            inputs=(weights,),
            outputs=(bundle,),
            cluster=GPU[region],
            subtype="model_delivery",
            purpose="model_delivery",
            columns=False,
        )


def training_job(pipelines: Pipelines, model: Model) -> Job:
    """Return the job that trains a model."""
    uid = joined_uid("ml-platform", f"{model.region}.{model.block.split('.')[0]}.train")
    return next(job for job in pipelines.jobs if job.uid == uid)


def report_models(estate: Estate, pipelines: Pipelines, newest_run: Mapping[str, str]) -> None:
    """Report every model; `newest_run` gives the id of the newest finished run of a job by its uid."""
    for model in MODELS_OF_THE_BANK:
        job = training_job(pipelines, model)
        live = model.environment == "prod"
        relations = {
            "trained_by": [("run", newest_run[job.uid])],
            "training_data": [("dataset", dataset.uid) for dataset in job.inputs],
            "used_by": [("ai_system", model.system)],
            "served_by": [("service", endpoint(model.uid))] if live and model.uid != EDGE_MODEL else [],
        }
        estate.report(
            "model-registry",
            "model",
            model.uid,
            _approval(estate, model) | _card(estate, model) | _places(model, job.outputs[0]) | _base(estate, model),
            name=model.uid.replace("-", " ").capitalize(),
            relations=relations,
            organisation=ENTITY[model.region],
        )
    for job_uid in dict.fromkeys(training_job(pipelines, model).uid for model in MODELS_OF_THE_BANK):
        _report_training_run(estate, newest_run[job_uid])


def endpoint(model: str) -> str:
    """Return the uid of the endpoint of a production model."""
    return f"endpoint-{model}"


def _approval(estate: Estate, model: Model) -> dict[str, Any]:
    live = model.environment == "prod"
    digest = estate.dice.digest("weights", model.uid)
    approved = (
        estate.dice.between(60, 300, "approved", model.uid) if live else estate.dice.between(2, 6, "waits", model.uid)
    )
    facts: dict[str, Any] = {
        "owner": owner(estate, model.region, "model", model.uid),
        "environment": model.environment,
        "version": f"{estate.dice.between(2, 9, 'version', model.uid)}.0",
        "approved_digest": digest,
        "signature_valid": True,
        "author": f"p-{150 + estate.dice.between(0, 5, 'author', model.uid)}",
        "approver": "p-061",
        "evaluation_id": f"evaluation-{model.uid}",
        "approved_at": estate.clock.days_ago(approved),
    }
    if live:
        facts |= {"served_digest": digest, "deployed_at": estate.clock.days_ago(approved - 5)}
    return facts


def _card(estate: Estate, model: Model) -> dict[str, Any]:
    edge = model.uid == EDGE_MODEL
    card: dict[str, Any] = {
        "card_missing_fields": 0,
        "card_version": f"{estate.dice.between(2, 9, 'version', model.uid)}.0",
        "compressed": edge,
        "external_party_involved": model.uid == "assistant-language-eu",
        "simplified_for_infrastructure": model.uid == "segment-eu",
    }
    if edge:
        card |= {"accuracy_loss": 0.012, "tested_on_device_class": True, "parity_run_id": "parity-branch-queue-7"}
    if model.uid == "segment-eu":
        card["simplification_decision_id"] = "decision-2041"
    return card


def _places(model: Model, weights: Dataset) -> dict[str, Any]:
    """Weights lie where the model store lies (with its replica); they answer in the country of their cluster."""
    stored = country_of(weights.namespace)
    serving = {"eu": "DE", "ch": "CH", "sg": "SG"}[model.region]
    return {
        "storage_countries": [stored, "DE"] if stored == "IE" else [stored],
        "serving_countries": [serving] if model.environment == "prod" else [],
    }


def _base(estate: Estate, model: Model) -> dict[str, Any]:
    if model.uid not in ("assistant-language-eu", EDGE_MODEL):
        return {"base_model": ""}
    return {
        "base_model": "open-language-8b" if model.uid == "assistant-language-eu" else "open-vision-small",
        "base_origin": "public model hub, mirrored",
        "base_licence": "apache-2.0",
        "allowed_licences": LICENCES,
        "base_digest": estate.dice.digest("base", model.uid),
        "base_terms_reviewed": True,
    }


def _report_training_run(estate: Estate, run: str) -> None:
    attributes = {
        "produced_registered_model": True,
        "git_sha": estate.dice.digest("commit", run)[:40],
        "input_versions_complete": True,
        "image_digest": estate.dice.digest("image", run),
        "seed_recorded": True,
        "hardware_recorded": True,
    }
    estate.report("model-registry", "run", run, attributes)
