"""AWS Resource Explorer: what a search returns. It tells what there is and in which region, and little more."""

from collections.abc import Mapping
from typing import Any

from lineage.inventory.formats import clouds
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, instant, objects, text
from lineage.inventory.formats.sample import Sample

TYPES: Mapping[str, tuple[str, str | None]] = {
    "s3:bucket": ("storage", None),
    "rds:db": ("storage", None),
    "rds:cluster": ("storage", None),
    "redshift:cluster": ("storage", None),
    "dynamodb:table": ("storage", None),
    "kinesis:stream": ("storage", None),
    "elasticfilesystem:file-system": ("storage", None),
    "ec2:volume": ("storage", None),
    "es:domain": ("storage", None),
    "elasticache:cluster": ("storage", None),
    "kafka:cluster": ("storage", None),
    "secretsmanager:secret": ("storage", None),
    "backup:backup-vault": ("storage", None),
    "ec2:instance": ("node", None),
    "eks:cluster": ("cluster", None),
    "ecs:cluster": ("cluster", None),
    "ec2:vpc": ("isolation_zone", "network_segment"),
    "ec2:subnet": ("isolation_zone", "network_segment"),
    "ec2:security-group": ("isolation_zone", "network_segment"),
    "sagemaker:endpoint": ("service", "model_endpoint"),
    "sagemaker:notebook-instance": ("service", "notebook_platform"),
    "sagemaker:domain": ("service", "notebook_platform"),
    "sagemaker:feature-group": ("service", "feature_store"),
    "airflow:environment": ("service", "orchestrator"),
    "ecr:repository": ("service", "registry"),
    "apigateway:restapis": ("service", "gateway"),
    "apigateway:apis": ("service", "gateway"),
    "cloudfront:distribution": ("service", "gateway"),
    "elasticloadbalancing:loadbalancer/app": ("service", "gateway"),
    "lambda:function": ("service", None),
    "ecs:service": ("service", None),
}
"""Kind and subtype by type of resource."""


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a search."""
    for index, item in objects(at(document, "Resources")):
        place, name = f"Resources[{index}]", text(item.get("ResourceType")) or "no type"
        if name not in TYPES:
            found.leave(name)
            continue
        uid = text(item.get("Arn"))
        if uid is None:
            found.refuse(f"{place}.Arn", item.get("Arn"), "the ARN of the resource", "run the search again")
            continue
        kind, subtype = TYPES[name]
        found.add(
            place,
            kind,
            uid,
            name=uid.replace(":", "/").rpartition("/")[2],
            observed_at=instant(item.get("LastReportedAt")),
            attributes={
                "provider": "aws",
                "region": clouds.region(item.get("Region")),
                "environment": clouds.environment(_tags(item)),
                "subtype": subtype,
                "lineage_namespaces": [f"s3://{uid.rpartition(':')[2]}"] if name == "s3:bucket" else None,
            },
        )


def _tags(item: Mapping[str, Any]) -> Mapping[str, Any]:
    named = [each for _, each in objects(item.get("Properties")) if text(each.get("Name")) == "tags"]
    pairs = [pair for each in named for _, pair in objects(each.get("Data"))]
    return {text(pair.get("Key")) or "": pair.get("Value") for pair in pairs}


def _knows(sample: Sample) -> bool:
    return {"Arn", "ResourceType", "OwningAccountId"} <= sample.first("Resources").keys()


_OF_ALL = frozenset({"provider", "region", "environment"})

FORMAT = json_format(
    "aws-resource-explorer",
    "AWS Resource Explorer search",
    grade_class="cloud_api",
    origin="measured",
    knows=_knows,
    tell=tell,
    fills={
        "storage": _OF_ALL | {"lineage_namespaces"},
        "node": _OF_ALL,
        "cluster": _OF_ALL,
        "isolation_zone": _OF_ALL | {"subtype"},
        "service": _OF_ALL | {"subtype"},
    },
)
