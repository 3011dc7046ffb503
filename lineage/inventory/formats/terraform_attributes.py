"""What the values of a Terraform resource say, by sort of resource; null and what is not there say nothing."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from lineage.inventory.formats import clouds
from lineage.inventory.formats.look import at, flag, instant, objects, text, whole
from lineage.inventory.formats.terraform_documents import Resource
from lineage.inventory.formats.terraform_estate import PROVIDERS, Estate, region_of

Attributes = Mapping[str, Any]
_ONE_REGION = re.compile(r"^[a-z]+-[a-z]+\d+$", re.ASCII)
_ANYWHERE = frozenset({"0.0.0.0/0", "::/0", "*", "Internet", "Any"})
_ALL_PORTS = frozenset({"*", "0-65535"})
DATABASES = {"POSTGRES": ("postgres", 5432), "MYSQL": ("mysql", 3306), "SQLSERVER": ("sqlserver", 1433)}
"""Engines of Cloud SQL as its versions begin, with the engine's name and port."""


def plain(resource: Resource, estate: Estate) -> Attributes:
    """Nothing beside what all have."""
    return {}


def s3_bucket(resource: Resource, estate: Estate) -> Attributes:
    """Encryption, access and replication stand in the bucket itself, or in resources of their own."""
    values, name = resource.values, text(resource.values.get("bucket"))
    parts = estate.parts(resource, "aws_s3_bucket_server_side_encryption_configuration")
    rule_of = ("rule", 0, "apply_server_side_encryption_by_default", 0)
    holder, top = (
        (parts[0], "rule") if parts else (resource, "server_side_encryption_configuration")
    )  # the separate one is what newer versions of the provider know
    rules = holder.values if parts else at(values, top, 0)
    algorithm = text(at(rules, *rule_of, "sse_algorithm"))
    control = estate.key_control(holder, at(rules, *rule_of), "kms_master_key_id", top=top)
    acls = [values.get("acl"), *(part.values.get("acl") for part in estate.parts(resource, "aws_s3_bucket_acl"))]
    blocks = estate.parts(resource, "aws_s3_bucket_public_access_block")
    closed = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    is_closed = any(all(flag(block.values.get(each)) for each in closed) for block in blocks)
    is_open = any(text(acl) in ("public-read", "public-read-write") for acl in acls)
    replicas = values.get("replication_configuration")
    is_alone = replicas == [] and not estate.parts(resource, "aws_s3_bucket_replication_configuration")
    return {
        "lineage_namespaces": [f"s3://{name}"] if name else None,
        "encrypted_at_rest": True if algorithm else None,
        "key_control": "provider" if algorithm == "AES256" else control,
        "public_access": False if is_closed else True if is_open else None,
        "replica_countries": [] if is_alone else None,
    }


def aws_store(resource: Resource, estate: Estate) -> Attributes:
    """A database, disk, file system, stream or cache of AWS."""
    values = resource.values
    names = ("storage_encrypted", "encrypted", "at_rest_encryption_enabled")
    encrypted = next((found for name in names if (found := flag(values.get(name))) is not None), None)
    nested = flag(at(values, "encrypt_at_rest", 0, "enabled"))
    stream = {"KMS": True, "NONE": False}.get(text(values.get("encryption_type")) or "")
    host = text(values.get("address")) or text(values.get("endpoint"))
    return {
        "lineage_namespaces": clouds.database_namespace(values.get("engine"), host, values.get("port")),
        "encrypted_at_rest": next((each for each in (encrypted, nested, stream) if each is not None), None),
        "key_control": estate.key_control(resource, values, "kms_key_id"),
        "public_access": False if flag(values.get("publicly_accessible")) is False else None,
        "last_backup_at": instant(values.get("latest_restorable_time")),
    }


def redshift(resource: Resource, estate: Estate) -> Attributes:
    """A warehouse, named in lineage by cluster, region and port."""
    name, place, port = (
        text(resource.values.get("cluster_identifier")),
        region_of(resource),
        resource.values.get("port"),
    )
    known = name and place and whole(port)
    namespaces = [f"redshift://{name}.{place}:{whole(port)}"] if known else None
    return {**aws_store(resource, estate), "lineage_namespaces": namespaces}


def dynamodb(resource: Resource, estate: Estate) -> Attributes:
    """A table: with its own key where `enabled`, and with a key of AWS where no key is named."""
    own = at(resource.values, "server_side_encryption", 0)
    is_on = flag(at(own, "enabled")) is True
    control = estate.key_control(resource, own, "kms_key_arn", top="server_side_encryption")
    return {
        "encrypted_at_rest": True if is_on else None,
        "key_control": control if is_on else None,
        "replica_countries": [] if resource.values.get("replica") == [] else None,
    }


def azure_account(resource: Resource, estate: Estate) -> Attributes:
    """A storage account with its containers. Of all sorts of replication two stay within the region."""
    values, name = resource.values, text(resource.values.get("name"))
    containers = [
        *estate.parts(resource, "azurerm_storage_container"),
        *estate.parts(resource, "azurerm_storage_data_lake_gen2_filesystem"),
    ]
    names = sorted({found for part in containers if (found := text(part.values.get("name"))) is not None})
    hosts = (("abfss", "dfs"), ("wasbs", "blob"))
    served = [f"{scheme}://{each}@{name}.{host}.core.windows.net" for each in names for scheme, host in hosts]
    is_open = any(text(part.values.get("container_access_type")) in ("blob", "container") for part in containers)
    public = flag(values.get("allow_nested_items_to_be_public"))
    return {
        "lineage_namespaces": served if name and served else None,
        **_azure_key(resource),
        "public_access": False if public is False else True if public and is_open else None,
        "replica_countries": [] if text(values.get("account_replication_type")) in ("LRS", "ZRS") else None,
    }


def azure_store(resource: Resource, estate: Estate) -> Attributes:
    """A database server, vault, cache or disk of Azure."""
    values = resource.values
    engines = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
    engine = next((each for each in engines if f"_{each}" in resource.type), "")
    host = values.get("fully_qualified_domain_name")
    found = clouds.database_namespace({"mssql": "sqlserver"}.get(engine, engine), host, engines.get(engine))
    if resource.type == "azurerm_cosmosdb_account" and (name := text(values.get("name"))) is not None:
        found = [f"azurecosmos://{name}.documents.azure.com"]
    is_closed = flag(values.get("public_network_access_enabled")) is False
    return {
        "lineage_namespaces": found,
        **_azure_key(resource),
        "public_access": False if is_closed else None,
    }


def _azure_key(resource: Resource) -> Attributes:
    names = ("key_vault_key_id", "key_vault_uri", "managed_hsm_key_id")
    holders = (at(resource.values, "customer_managed_key", 0), resource.values)
    given = [text(at(holder, name)) for holder in holders for name in names]
    if not any(given) and not text(resource.values.get("disk_encryption_set_id")):
        return {}
    is_hsm = any(each and ".managedhsm.azure.net" in each for each in given)
    return {"encrypted_at_rest": True, "key_control": "customer_hsm" if is_hsm else "customer_kms"}


def gcs_bucket(resource: Resource, estate: Estate) -> Attributes:
    """A bucket; one of a single region keeps no copy elsewhere."""
    name, place = text(resource.values.get("name")), region_of(resource)
    public = ("google_storage_bucket_iam_member", "google_storage_bucket_iam_binding")
    grants = [part.values for type_ in public for part in estate.parts(resource, type_)]
    is_open = any({"allUsers"} & {text(at(grant, "member")), *_texts(at(grant, "members"))} for grant in grants)
    is_closed = text(resource.values.get("public_access_prevention")) == "enforced"
    return {
        "lineage_namespaces": [f"gs://{name}"] if name else None,
        **_google_key(resource),
        "public_access": False if is_closed else True if is_open else None,
        "replica_countries": [] if place and _ONE_REGION.match(place) else None,
    }


def cloud_sql(resource: Resource, estate: Estate) -> Attributes:
    """A database server, known to its clients by its addresses."""
    kind = (text(resource.values.get("database_version")) or "").partition("_")[0]
    engine, port = DATABASES.get(kind, ("", 0))
    hosts = [text(each.get("ip_address")) for _, each in objects(resource.values.get("ip_address"))]
    found = [each for host in hosts for each in clouds.database_namespace(engine, host, port) or ()]
    return {"lineage_namespaces": sorted(set(found)) or None, **_google_key(resource)}


def google_store(resource: Resource, estate: Estate) -> Attributes:
    """A disk, file share, data set of BigQuery or instance of Spanner."""
    values = resource.values
    name, project = text(values.get("name")), text(values.get("project"))
    is_spanner = resource.type == "google_spanner_instance" and name and project
    return {"lineage_namespaces": [f"spanner://{project}:{name}"] if is_spanner else None, **_google_key(resource)}


def _google_key(resource: Resource) -> Attributes:
    """A key that is named is the customer's own in Cloud KMS; without one nothing is said of it."""
    values = resource.values
    holders = ("encryption", "default_encryption_configuration", "encryption_config", "disk_encryption_key")
    names = ("default_kms_key_name", "kms_key_name", "kms_key_self_link")
    given = [text(at(values, holder, 0, name)) for holder in holders for name in names]
    own = text(values.get("encryption_key_name")) or text(values.get("kms_key_name"))
    return {"encrypted_at_rest": True, "key_control": "customer_kms"} if own or any(given) else {}


def machine(resource: Resource, estate: Estate) -> Attributes:
    """A virtual machine."""
    values = resource.values
    size = next(
        (values[name] for name in ("instance_type", "machine_type", "size", "vm_size") if values.get(name)), None
    )
    provider = PROVIDERS.get(resource.provider, "")
    disks = [disk for name in ("root_block_device", "ebs_block_device") for _, disk in objects(values.get(name))]
    states = {flag(disk.get("encrypted")) for disk in disks}
    counts = [whole(each.get("count")) for _, each in objects(values.get("guest_accelerator"))]
    secure = flag(at(values, "shielded_instance_config", 0, "enable_secure_boot"))
    return {
        "subtype": "accelerator_node" if counts else clouds.machine(provider, size),
        "accelerators": sum(each or 0 for each in counts) if counts and None not in counts else None,
        "disk_encrypted": False if False in states else True if states == {True} else None,
        "secure_boot": secure if secure is not None else flag(values.get("secure_boot_enabled")),
    }


def network(resource: Resource, estate: Estate) -> Attributes:
    """A network, subnet or group of rules. Rules are counted where the document lists them."""
    listed = resource.values.get("ingress") if resource.provider == "aws" else resource.values.get("security_rule")
    count = sum(_is_open(rule) for _, rule in objects(listed)) if isinstance(listed, list) else None
    return {"subtype": "network_segment", "any_to_any_rules": count}


def _is_open(rule: Mapping[str, Any]) -> bool:
    """Tell whether a rule lets anything in from anywhere."""
    if "access" in rule:
        sources = {text(rule.get("source_address_prefix")), *_texts(rule.get("source_address_prefixes"))}
        ports = {text(rule.get("destination_port_range")), *_texts(rule.get("destination_port_ranges"))}
        is_in = (text(rule.get("access")), text(rule.get("direction"))) == ("Allow", "Inbound")
        return is_in and text(rule.get("protocol")) == "*" and bool(sources & _ANYWHERE) and bool(ports & _ALL_PORTS)
    blocks = {*_texts(rule.get("cidr_blocks")), *_texts(rule.get("ipv6_cidr_blocks"))}
    return text(rule.get("protocol")) in ("-1", "all") and bool(blocks & _ANYWHERE)


def service(subtype: str | None) -> Any:
    """Return what reads a running component of this subtype."""

    def read(resource: Resource, estate: Estate) -> Attributes:
        configurations = estate.named(resource, "endpoint_config_name", "aws_sagemaker_endpoint_configuration")
        captures = [at(each.values, "data_capture_config", 0, "enable_capture") for each in configurations]
        return {"subtype": subtype, "request_log_enabled": flag(captures[0]) if captures else None}

    return read


def service_account(resource: Resource, estate: Estate) -> Attributes:
    """A login of machines."""
    return {"subtype": "service"}


def bigquery_table_uid(resource: Resource) -> str | None:
    """Return the uid of the data set that lineage knows a table of BigQuery by."""
    parts = [text(resource.values.get(name)) for name in ("project", "dataset_id", "table_id")]
    return f"bigquery/{quote('.'.join(part for part in parts if part), safe='')}" if all(parts) else None


def images(resource: Resource) -> Iterator[str]:
    """Yield the references of the container images that a resource runs."""
    values = resource.values
    listed = [values.get("container"), values.get("primary_container")]
    for _, template in objects(values.get("template")):
        listed += [template.get("containers"), template.get("container")]
        listed += [spec.get("containers") for _, spec in objects(template.get("spec"))]
    if (definitions := text(values.get("container_definitions"))) is not None:
        with contextlib.suppress(ValueError, RecursionError):
            listed.append(json.loads(definitions))
    found = [
        text(values.get("image_uri")),
        *(text(each.get("image")) for members in listed for _, each in objects(members)),
    ]
    yield from (each for each in dict.fromkeys(found) if each is not None)


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
