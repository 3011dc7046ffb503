"""Terraform: a plan, a state as `terraform show -json` writes it, or a raw state file.

The uid is the name that the provider gives (ARN, id of Azure in small letters, full resource name of Google Cloud), so
that other inventories of the same cloud speak of the same asset; before it is known, the address in the code.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats import clouds
from lineage.inventory.formats import terraform_attributes as read
from lineage.inventory.formats.artifacts import image_of
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.sample import Sample
from lineage.inventory.formats.terraform_documents import RAW_STATE, Resource, resources
from lineage.inventory.formats.terraform_estate import KEYS, PROVIDERS, Estate, name_of, region_of
from lineage.inventory.formats.terraform_secrets import strip_sensitive


@dataclass(frozen=True)
class Type:
    """What a resource type becomes, what is read of it beside what all have, and its service at Google Cloud."""

    kind: str
    attributes: Callable[[Resource, Estate], Mapping[str, Any]] = read.plain
    host: str = ""
    regional: bool = True


TYPES: Mapping[str, Type] = {
    "aws_s3_bucket": Type("storage", read.s3_bucket),
    "aws_db_instance": Type("storage", read.aws_store),
    "aws_rds_cluster": Type("storage", read.aws_store),
    "aws_docdb_cluster": Type("storage", read.aws_store),
    "aws_redshift_cluster": Type("storage", read.redshift),
    "aws_dynamodb_table": Type("storage", read.dynamodb),
    "aws_efs_file_system": Type("storage", read.aws_store),
    "aws_fsx_lustre_file_system": Type("storage", read.aws_store),
    "aws_ebs_volume": Type("storage", read.aws_store),
    "aws_kinesis_stream": Type("storage", read.aws_store),
    "aws_elasticache_replication_group": Type("storage", read.aws_store),
    "aws_opensearch_domain": Type("storage", read.aws_store),
    "aws_secretsmanager_secret": Type("storage", read.aws_store),
    "aws_cloudwatch_log_group": Type("storage", read.aws_store),
    "aws_instance": Type("node", read.machine),
    "aws_eks_cluster": Type("cluster"),
    "aws_ecs_cluster": Type("cluster"),
    "aws_emr_cluster": Type("cluster"),
    "aws_vpc": Type("isolation_zone", read.network),
    "aws_subnet": Type("isolation_zone", read.network),
    "aws_security_group": Type("isolation_zone", read.network),
    "aws_ecs_service": Type("service", read.service(None)),
    "aws_lambda_function": Type("service", read.service(None)),
    "aws_sagemaker_endpoint": Type("service", read.service("model_endpoint")),
    "aws_sagemaker_notebook_instance": Type("service", read.service("notebook_platform")),
    "aws_sagemaker_feature_group": Type("service", read.service("feature_store")),
    "aws_mwaa_environment": Type("service", read.service("orchestrator")),
    "aws_ecr_repository": Type("service", read.service("registry")),
    "aws_cloudfront_distribution": Type("service", read.service("gateway"), regional=False),
    "aws_apigatewayv2_api": Type("service", read.service("gateway")),
    "aws_api_gateway_rest_api": Type("service", read.service("gateway")),
    "aws_lb": Type("service", read.service("gateway")),
    "azurerm_storage_account": Type("storage", read.azure_account),
    "azurerm_mssql_server": Type("storage", read.azure_store),
    "azurerm_postgresql_flexible_server": Type("storage", read.azure_store),
    "azurerm_mysql_flexible_server": Type("storage", read.azure_store),
    "azurerm_cosmosdb_account": Type("storage", read.azure_store),
    "azurerm_managed_disk": Type("storage", read.azure_store),
    "azurerm_redis_cache": Type("storage", read.azure_store),
    "azurerm_key_vault": Type("storage", read.azure_store),
    "azurerm_linux_virtual_machine": Type("node", read.machine),
    "azurerm_windows_virtual_machine": Type("node", read.machine),
    "azurerm_kubernetes_cluster": Type("cluster"),
    "azurerm_virtual_network": Type("isolation_zone", read.network),
    "azurerm_network_security_group": Type("isolation_zone", read.network),
    "azurerm_cognitive_account": Type("service", read.service("model_endpoint")),
    "azurerm_machine_learning_workspace": Type("service", read.service("notebook_platform")),
    "azurerm_databricks_workspace": Type("service", read.service("platform")),
    "azurerm_data_factory": Type("service", read.service("orchestrator")),
    "azurerm_container_registry": Type("service", read.service("registry")),
    "azurerm_container_app": Type("service", read.service(None)),
    "azurerm_api_management": Type("service", read.service("gateway")),
    "google_storage_bucket": Type("storage", read.gcs_bucket, "storage.googleapis.com"),
    "google_sql_database_instance": Type(
        "storage", read.cloud_sql, "cloudsql.googleapis.com/projects/{project}/instances/{name}"
    ),
    "google_bigquery_dataset": Type("storage", read.google_store, "bigquery.googleapis.com"),
    "google_spanner_instance": Type(
        "storage", read.google_store, "spanner.googleapis.com/projects/{project}/instances/{name}"
    ),
    "google_filestore_instance": Type("storage", read.google_store, "file.googleapis.com"),
    "google_compute_disk": Type("storage", read.google_store, "compute.googleapis.com"),
    "google_compute_instance": Type("node", read.machine, "compute.googleapis.com"),
    "google_container_cluster": Type("cluster", host="container.googleapis.com"),
    "google_compute_network": Type("isolation_zone", read.network, "compute.googleapis.com"),
    "google_compute_subnetwork": Type("isolation_zone", read.network, "compute.googleapis.com"),
    "google_vertex_ai_endpoint": Type("service", read.service("model_endpoint"), "aiplatform.googleapis.com"),
    "google_workbench_instance": Type("service", read.service("notebook_platform"), "notebooks.googleapis.com"),
    "google_composer_environment": Type("service", read.service("orchestrator"), "composer.googleapis.com"),
    "google_artifact_registry_repository": Type("service", read.service("registry"), "artifactregistry.googleapis.com"),
    "google_cloud_run_v2_service": Type("service", read.service(None), "run.googleapis.com"),
    "google_service_account": Type("identity", read.service_account, "iam.googleapis.com", regional=False),
}
PARTS: Mapping[str, Sequence[str]] = {
    "aws_s3_bucket_server_side_encryption_configuration": ("bucket",),
    "aws_s3_bucket_public_access_block": ("bucket",),
    "aws_s3_bucket_acl": ("bucket",),
    "aws_s3_bucket_replication_configuration": ("bucket",),
    "azurerm_storage_container": ("storage_account_id", "storage_account_name"),
    "azurerm_storage_data_lake_gen2_filesystem": ("storage_account_id",),
    "google_storage_bucket_iam_member": ("bucket",),
    "google_storage_bucket_iam_binding": ("bucket",),
}
"""Resources that tell more of another one, and the attributes that name it."""
RUNS = {"task_definition": "aws_ecs_task_definition", "endpoint_config_name": "aws_sagemaker_endpoint_configuration",
        "production_variants": "aws_sagemaker_model"}  # fmt: skip
"""Attributes by which a service names what it runs, and the type of it."""
ZONES = ("vpc_config", "network_configuration", "subnets", "security_groups", "subnet_id", "network", "subnetwork")
TAGS = ("tags", "labels", "resource_labels")
READ_ALONG = frozenset({*RUNS.values(), *KEYS})
"""Types that are nothing by themselves, and tell something of what names them."""
NETWORKS = tuple(name for name, type_ in TYPES.items() if type_.kind == "isolation_zone")


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of a document: first who is who, because resources name one another, then what each says."""
    kinds = {name: type_.kind for name, type_ in TYPES.items()}
    estate = Estate(resources(document), kinds, {name: type_.host for name, type_ in TYPES.items()}, PARTS)
    for resource in estate.resources:
        type_ = TYPES.get(resource.type)
        if type_ is not None:
            _tell_one(resource, type_, estate, found)
        elif resource.type == "google_bigquery_table":
            _tell_table(resource, estate, found)
        elif not (_images(resource, found) or resource.type in READ_ALONG or resource.address in estate.wholes):
            found.leave(resource.type)


def _tell_one(resource: Resource, type_: Type, estate: Estate, found: Collected) -> None:
    relations: dict[str, list[Key]] = {}
    if type_.kind == "service":
        images = [key for each in _runs(resource, estate) for key in _images(each, found)]
        zones = [estate.keys[each.address] for name in ZONES for each in estate.named(resource, name, *NETWORKS)]
        relations = {name: keys for name, keys in (("artifacts", images), ("in_zone", zones)) if keys}
    found.add(
        resource.place,
        *estate.keys[resource.address],
        name=name_of(resource),
        attributes={**_common(resource, type_.regional), **type_.attributes(resource, estate)},
        relations=relations,
    )


def _runs(resource: Resource, estate: Estate) -> Iterator[Resource]:
    """Yield a service and what it names as that which it runs, one name after another."""
    yield resource
    for attribute, type_ in RUNS.items():
        for each in estate.named(resource, attribute, type_):
            yield from _runs(each, estate) if each.type != resource.type else ()


def _images(resource: Resource, found: Collected) -> list[Key]:
    common = {"environment": _common(resource)["environment"]}
    return [
        found.add(
            resource.place, "software_artifact", image.uid, name=image.uid, attributes={**image.attributes, **common}
        )
        for image in map(image_of, read.images(resource))
        if image is not None
    ]


def _tell_table(resource: Resource, estate: Estate, found: Collected) -> None:
    uid = read.bigquery_table_uid(resource)
    stores = [estate.keys[each.address] for each in estate.named(resource, "dataset_id", "google_bigquery_dataset")]
    if uid is None:
        found.leave(f"{resource.type} (project, data set or table known after apply)")
        return
    found.add(
        resource.place,
        "dataset",
        uid,
        name=name_of(resource),
        attributes={"subtype": "table", "environment": _common(resource)["environment"]},
        relations={"stored_in": stores} if stores else None,
    )


def _common(resource: Resource, regional: bool = True) -> Mapping[str, Any]:
    tags = next((resource.values[name] for name in TAGS if resource.values.get(name)), None)
    return {
        "provider": PROVIDERS.get(resource.provider),
        "region": region_of(resource) if regional else None,
        "environment": clouds.environment(tags),
    }


def _knows(sample: Sample) -> bool:
    members = sample.members
    if "format_version" in members and {"planned_values", "resource_changes"} & members.keys():
        return True
    is_state = "values" in members or (members.get("version") == RAW_STATE and {"lineage", "serial"} & members.keys())
    return "terraform_version" in members and bool(is_state)


_OF_ALL = frozenset({"provider", "region", "environment"})

FORMAT = json_format(
    "terraform",
    "Terraform plan or state (JSON)",
    grade_class="code",
    origin="declared",
    knows=_knows,
    tell=tell,
    strip=strip_sensitive,
    fills={
        "storage": _OF_ALL
        | {"lineage_namespaces", "encrypted_at_rest", "key_control", "public_access", "replica_countries"}
        | {"last_backup_at"},
        "dataset": frozenset({"subtype", "environment", "rel:stored_in"}),
        "node": _OF_ALL | {"subtype", "accelerators", "disk_encrypted", "secure_boot"},
        "cluster": _OF_ALL,
        "isolation_zone": _OF_ALL | {"subtype", "any_to_any_rules"},
        "service": _OF_ALL | {"subtype", "request_log_enabled", "rel:artifacts", "rel:in_zone"},
        "software_artifact": frozenset({"subtype", "registry", "by_digest", "pinned", "environment"}),
        "identity": frozenset({"subtype", "provider"}),
    },
)
