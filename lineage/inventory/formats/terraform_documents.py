"""Terraform's JSON as a list of resources: a plan, a state as `terraform show -json` writes it, or a raw state file.

A resource that is to be deleted is left out. Of the values those that are known only after apply are left out. What is
marked sensitive is taken out by `strip_sensitive` before anything is kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.formats.look import at, objects, text, texts

RAW_STATE = 4
"""The version of raw state files that is read; Terraform writes it since 0.12."""
GOING = frozenset({"delete", "forget"})
_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_PROVIDER = re.compile(r'/([^/"\]]+)"?\]?(?:\.[\w-]+)?$')

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource instance. `address` as Terraform writes it, `code` the same without indices.

    `region`: that of its provider's configuration, None where the document does not say. `refers`: per attribute the
    resources (their `code`) that its expression names.
    """

    place: str
    address: str
    type: str
    provider: str
    values: Values
    region: str | None = None
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Address without indices: where it stands in the code."""
        return _INDEX.sub("", self.address)

    @property
    def indices(self) -> tuple[str, ...]:
        """The indices of its modules, then its own."""
        return tuple(_INDEX.findall(self.address))


def resources(document: Any) -> Iterator[Resource]:
    """Yield what a document says will exist (a plan) or exists (a state)."""
    if at(document, "version") == RAW_STATE:
        yield from _raw(document)
        return
    written = _Configuration(document)
    changes = {
        text(change.get("address")): change
        for _, change in objects(at(document, "resource_changes"))
        if change.get("deposed") is None  # what was replaced already and goes has the address of what stays
    }
    for place, given in _modules(at(document, "planned_values", "root_module"), "planned_values.root_module"):
        yield from _resource(place, given, changes.get(text(given.get("address"))), written)
    for place, given in _modules(
        at(document, "prior_state", "values", "root_module"), "prior_state.values.root_module"
    ):
        if given.get("mode") == "data":  # what else exists before is in planned_values, or goes
            yield from _resource(place, given, None, written)
    for place, given in _modules(at(document, "values", "root_module"), "values.root_module"):
        yield from _resource(place, given, None, written)


def _modules(module: Any, place: str) -> Iterator[tuple[str, Values]]:
    for index, given in objects(at(module, "resources")):
        yield f"{place}.resources[{index}]", given
    for index, child in objects(at(module, "child_modules")):
        yield from _modules(child, f"{place}.child_modules[{index}]")


def _resource(place: str, given: Values, change: Any, written: "_Configuration") -> Iterator[Resource]:
    address, type_ = text(given.get("address")), text(given.get("type"))
    actions = set(texts(at(change, "change", "actions")))
    values = given.get("values")
    if address is None or type_ is None or not isinstance(values, Mapping) or (actions and actions <= GOING):
        return
    provider = (text(given.get("provider_name")) or "").rpartition("/")[2]
    known = without(values, at(change, "change", "after_unknown"))
    code = _INDEX.sub("", address)
    yield Resource(place, address, type_, provider, known, written.region(code), written.refers(code))


def without(value: Any, marked: Any) -> Any:
    """Return a value without what is marked by `true` at the same place; members of lists keep their positions."""
    if isinstance(value, Mapping) and isinstance(marked, Mapping):
        return {key: without(each, marked.get(key)) for key, each in value.items() if marked.get(key) is not True}
    if isinstance(value, list) and isinstance(marked, list):
        marks = [*marked, *[None] * len(value)]
        return [None if mark is True else without(each, mark) for each, mark in zip(value, marks, strict=False)]
    return value


def _raw(document: Any) -> Iterator[Resource]:
    for index, given in objects(at(document, "resources")):
        type_, name = text(given.get("type")), text(given.get("name"))
        found = _PROVIDER.search(text(given.get("provider")) or "")
        if type_ is None or name is None:
            continue
        parts = [text(given.get("module")), "data" if given.get("mode") == "data" else None, type_, name]
        code = ".".join(part for part in parts if part)
        for number, instance in objects(given.get("instances")):
            values = instance.get("attributes")
            if instance.get("deposed") is not None or not isinstance(values, Mapping):
                continue  # deposed: replaced already, to be deleted
            key = instance.get("index_key")
            address = code if key is None else f'{code}["{key}"]' if isinstance(key, str) else f"{code}[{key}]"
            place = f"resources[{index}].instances[{number}]"
            yield Resource(place, address, type_, found[1] if found else "", values)


class _Configuration:
    """The code that a plan was made from: regions of providers, and which resource an expression names."""

    def __init__(self, document: Any) -> None:
        self._providers = at(document, "configuration", "provider_config")
        self._variables = at(document, "variables")
        self._resources: dict[str, tuple[str, Values]] = {}  # by code, with the prefix of its module
        self._collect(at(document, "configuration", "root_module"), "")

    def _collect(self, module: Any, prefix: str) -> None:
        for _, given in objects(at(module, "resources")):
            if (address := text(given.get("address"))) is not None:
                self._resources[prefix + address] = (prefix, given)
        calls = at(module, "module_calls")
        for name, call in calls.items() if isinstance(calls, Mapping) else ():
            self._collect(at(call, "module"), f"{prefix}module.{name}.")

    def region(self, code: str) -> str | None:
        """Return the region that the provider of a resource is set to: a constant, or a variable of the plan."""
        _, given = self._resources.get(code, ("", {}))
        provider = at(self._providers, text(given.get("provider_config_key")) or "")
        written = at(provider, "expressions", "region")
        if (constant := text(at(written, "constant_value"))) is not None:
            return constant
        names = texts(at(written, "references"))
        if len(names) == 1 and names[0].startswith("var.") and at(provider, "module_address") is None:
            return text(at(self._variables, names[0].removeprefix("var."), "value"))
        return None

    def refers(self, code: str) -> Mapping[str, tuple[str, ...]]:
        """Return the resources of the same module that each attribute of a resource names."""
        prefix, given = self._resources.get(code, ("", {}))
        expressions = given.get("expressions")
        if not isinstance(expressions, Mapping):
            return {}
        found = {
            name: tuple(dict.fromkeys(self._named(prefix, reference) for reference in _references(expression)))
            for name, expression in expressions.items()
        }
        return {name: tuple(each for each in targets if each) for name, targets in found.items() if any(targets)}

    def _named(self, prefix: str, reference: str) -> str:
        """Return the resource that `aws_s3_bucket.lake.arn` begins with; '' where it is a variable or a module."""
        steps = _INDEX.sub("", reference).split(".")
        address = prefix + ".".join(steps[: 3 if steps[0] == "data" else 2])
        return address if address in self._resources else ""


def _references(expression: Any) -> Iterator[str]:
    if isinstance(expression, Mapping):
        yield from texts(expression.get("references"))
        for name, inner in expression.items():
            if name not in ("references", "constant_value"):
                yield from _references(inner)
    elif isinstance(expression, list):
        for inner in expression:
            yield from _references(inner)
