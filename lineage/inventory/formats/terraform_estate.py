"""The resources of a Terraform document together: who each is, what it refers to, which parts tell more of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats import clouds
from lineage.inventory.formats.look import at, text
from lineage.inventory.formats.terraform_documents import Resource

PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp", "google-beta": "gcp"}
"""Names of Terraform's providers, and ours of the same clouds."""
NAMES = ("bucket", "name", "identifier", "cluster_identifier", "instance_id", "dataset_id", "family", "account_id")
IDS = ("id", "arn", "self_link", "bucket", "name", "identifier", "dataset_id")
KEYS = frozenset({"aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key", "aws_kms_alias"})


class Estate:
    """All resources of a document. `kinds` by type, `hosts`: services of Google Cloud by type, `parts`: by type the
    attributes that name the resource that a resource is a part of.
    """

    def __init__(
        self,
        resources: Iterable[Resource],
        kinds: Mapping[str, str],
        hosts: Mapping[str, str],
        parts: Mapping[str, Sequence[str]],
    ) -> None:
        self.resources = list(resources)
        self._by_code: dict[str, dict[tuple[str, ...], Resource]] = {}  # then by indices
        self._by_id: dict[tuple[str, str], dict[str, Resource]] = {}  # by type and id; a name may have several
        self._parts: dict[tuple[str, str], list[Resource]] = {}
        self.keys: dict[str, Key] = {}
        for each in self.resources:
            self._by_code.setdefault(each.code, {})[each.indices] = each
            for given in {text(each.values.get(name)) for name in IDS} - {None}:
                self._by_id.setdefault((each.type, str(given)), {})[each.address] = each
            if each.type in kinds:
                self.keys[each.address] = (kinds[each.type], _uid(each, hosts.get(each.type, "")))
        self.wholes: set[str] = set()
        for each in self.resources:
            for attribute in parts.get(each.type, ()):
                for whole in self.named(each, attribute, *kinds):
                    self._parts.setdefault((whole.address, each.type), []).append(each)
                    self.wholes.add(each.address)

    def parts(self, resource: Resource, type_: str) -> list[Resource]:
        """Return the resources of a type that are part of this one."""
        return self._parts.get((resource.address, type_), [])

    def named(self, resource: Resource, attribute: str, *types: str) -> list[Resource]:
        """Return the resources of these types that an attribute names: by reference in the code, or by their ids."""
        found = [
            each
            for code in resource.refers.get(attribute, ())
            for each in self._same(resource, self._by_code.get(code, {}))
            if each.type in types
        ]
        for given in _texts_in(resource.values.get(attribute)):
            called = [each for type_ in types for each in self._by_id.get((type_, given), {}).values()]
            found += called if len(called) == 1 else []
        return list({each.address: each for each in found}.values())

    @staticmethod
    def _same(resource: Resource, instances: Mapping[tuple[str, ...], Resource]) -> list[Resource]:
        """Return the instance with the same indices, or with those of the modules that both are in; else the only one.

        Where there are several and none is that, none is certain.
        """
        own = resource.indices
        for length in range(len(own), 0, -1):
            if (found := instances.get(own[:length])) is not None:
                return [found]
        return list(instances.values()) if len(instances) == 1 else []

    def key_control(self, resource: Resource, holder: Any, attribute: str, *, top: str = "") -> str | None:
        """Return who controls the key of AWS KMS that a member names; None where it cannot be told.

        An ARN alone does not say whether the key is the customer's or one that AWS keeps for a service. `top`: the
        attribute of the resource that `holder` lies in, where it is not the resource itself.
        """
        given = text(at(holder, attribute))
        if given is not None and given.rpartition("alias/")[2].startswith("aws/"):
            return "provider"
        for key in self.named(resource, top or attribute, *KEYS):
            if text(key.values.get("custom_key_store_id")):
                return "customer_hsm"
            manager = text(key.values.get("key_manager"))  # of a key that was looked up
            return "provider" if manager == "AWS" else "customer_kms"
        return None


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ()
    return [each for member in members for each in _texts_in(member)]


def _uid(resource: Resource, host: str) -> str:
    """Return the provider's own name of a resource; before it has one, its address in the code."""
    values, given = resource.values, text(resource.values.get("id"))
    if resource.type == "aws_s3_bucket" and (bucket := text(values.get("bucket"))) is not None:
        return text(values.get("arn")) or f"arn:{_partition(resource)}:s3:::{bucket}"
    if resource.type == "google_storage_bucket" and (name := text(values.get("name"))) is not None:
        return f"//{host}/{name}"
    if resource.provider == "azurerm" and given is not None and given.startswith("/"):
        return given.lower()
    if "{" in host and (project := text(values.get("project"))) and (name := text(values.get("name"))):
        return "//" + host.format(project=project, name=name)
    if host and "{" not in host and given is not None:
        return f"//{host}/{given}"
    return text(values.get("arn")) or resource.address


def _partition(resource: Resource) -> str:
    found = region_of(resource) or ""
    return "aws-cn" if found.startswith("cn-") else "aws-us-gov" if found.startswith("us-gov-") else "aws"


def region_of(resource: Resource) -> str | None:
    """Return the region of a resource: what it says itself, else of AWS what its provider is set to."""
    values = resource.values
    match PROVIDERS.get(resource.provider):
        case "aws":
            own = clouds.region(values.get("region")) or clouds.arn_region(values.get("arn"))
            return own or clouds.aws_zone(values.get("availability_zone")) or clouds.region(resource.region)
        case "azure":
            return clouds.region(values.get("location"))
        case "gcp":
            given = (text(values.get(name)) for name in ("zone", "location", "region"))
            return clouds.gcp_zone(next((each for each in given if each), None))
        case _:
            return None


def name_of(resource: Resource) -> str:
    """Return the name of a resource for people: its own, else that in the code."""
    own = next((found for name in NAMES if (found := text(resource.values.get(name))) is not None), None)
    return own or text(at(resource.values, "tags", "Name")) or resource.code.rpartition(".")[2]
