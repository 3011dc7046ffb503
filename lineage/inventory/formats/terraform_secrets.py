"""Take out of Terraform's JSON what it marks as sensitive, wherever the same value stands again.

Marked are values of resources (`sensitive_values`, `before_sensitive` and `after_sensitive` of changes,
`sensitive_attributes` of raw states), outputs and variables. Constants in the configuration are not marked: they go
where a resource of the type has that attribute marked, or where their name is that of a secret. The `private` data of
providers in raw states goes as well: only they know what is in it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.journal.canonical.exact import Exact
from lineage.events.redact import SECRET_MEMBER
from lineage.inventory.formats.look import at, objects, text
from lineage.inventory.formats.opaque import strip_opaque

Node = dict[str, Any]
Marks = dict[str, Any]
"""What is marked anywhere: by type of resource, then names inward, True at the end. Positions in lists do not count."""


def strip_sensitive(document: Exact) -> list[str]:
    """Take out in place what is marked sensitive; return the paths."""
    if not isinstance(document, dict):
        return []
    done: list[str] = []
    marked: Marks = {}
    for place, resource in _resources(document):
        _strip_member(resource, "values", resource.get("sensitive_values"), place, done)
        _note(resource, resource.get("sensitive_values"), marked)
    for member in ("resource_changes", "resource_drift"):
        for index, change in objects(document.get(member)):
            for when in ("before", "after"):
                holder, marks = change.get("change"), at(change, "change", f"{when}_sensitive")
                _strip_member(holder, when, marks, f"$.{member}[{index}].change", done)
                _note(change, marks, marked)
    _strip_raw(document, done)
    _strip_outputs(document, done)
    _strip_configuration(document, marked, done)
    return done + strip_opaque(document)


def _resources(document: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in (("planned_values",), ("prior_state", "values"), ("values",)):
        yield from _modules(at(document, *path, "root_module"), f"$.{'.'.join(path)}.root_module")


def _modules(module: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, given in objects(at(module, "resources")):
        yield f"{place}.resources[{index}]", given
    for index, child in objects(at(module, "child_modules")):
        yield from _modules(child, f"{place}.child_modules[{index}]")


def _note(resource: Mapping[str, Any], marks: Any, marked: Marks) -> None:
    type_ = text(resource.get("type"))
    if type_ is not None:
        _merge(marked, type_, marks)


def _merge(marked: Marks, name: str, marks: Any) -> None:
    for each in marks if isinstance(marks, list) else [marks]:
        if each is True:
            marked[name] = True
        elif isinstance(each, Mapping) and isinstance(inner := marked.setdefault(name, {}), dict):
            for key, mark in each.items():
                _merge(inner, key, mark)


def _strip_marked(value: Any, marks: Any, place: str, done: list[str]) -> None:
    """Take out the members of a value that are marked; those of lists become null, so that no other moves."""
    if isinstance(value, dict) and isinstance(marks, Mapping):
        for name, mark in marks.items():
            _strip_member(value, name, mark, place, done)
    elif isinstance(value, list) and isinstance(marks, list):
        for index, mark in enumerate(marks[: len(value)]):
            if mark is True:
                if value[index] is not None:
                    value[index] = None
                    done.append(f"{place}[{index}]")
            else:
                _strip_marked(value[index], mark, f"{place}[{index}]", done)


def _strip_member(holder: Any, name: str, mark: Any, place: str, done: list[str]) -> None:
    if not isinstance(holder, dict) or holder.get(name) is None:
        return
    if mark is True:
        del holder[name]
        done.append(f"{place}.{name}")
    else:
        _strip_marked(holder[name], mark, f"{place}.{name}", done)


def _strip_raw(document: Node, done: list[str]) -> None:
    for index, resource in objects(document.get("resources")):
        for number, instance in objects(resource.get("instances")):
            place = f"$.resources[{index}].instances[{number}]"
            _strip_member(instance, "private", True, place, done)
            paths = instance.get("sensitive_attributes")
            for path in paths if isinstance(paths, list) else ():
                _strip_path(instance.get("attributes"), path, f"{place}.attributes", done)


def _strip_path(holder: Any, path: Any, place: str, done: list[str]) -> None:
    """Take out what lies at a path of steps {"type", "value"}; all of the last part that can be followed."""
    steps = [at(step, "value") for step in path] if isinstance(path, list) else []
    steps = [at(step, "value") if isinstance(step, Mapping) else step for step in steps]  # an index has its own type
    for position, step in enumerate(steps):
        inner = at(holder, step) if isinstance(step, str | int) and not isinstance(step, bool) else None
        last = position == len(steps) - 1 or not isinstance(inner, dict | list)
        if last and isinstance(holder, dict):
            _strip_member(holder, str(step), True, place, done)
        elif last and isinstance(holder, list):
            done += [f"{place}[{index}]" for index, value in enumerate(holder) if value is not None]
            holder[:] = [None] * len(holder)
        if last:
            return
        holder, place = inner, f"{place}[{step}]" if isinstance(step, int) else f"{place}.{step}"


def _strip_outputs(document: Node, done: list[str]) -> None:
    for path in (
        ("outputs",),
        ("values", "outputs"),
        ("planned_values", "outputs"),
        ("prior_state", "values", "outputs"),
    ):
        outputs = at(document, *path)
        for name, output in outputs.items() if isinstance(outputs, Mapping) else ():
            secret = at(output, "sensitive") is True or bool(SECRET_MEMBER.search(name))
            _strip_member(output, "value", secret, f"$.{'.'.join(path)}.{name}", done)
    changes = document.get("output_changes")
    for name, change in changes.items() if isinstance(changes, Mapping) else ():
        for when in ("before", "after"):
            _strip_member(change, when, at(change, f"{when}_sensitive"), f"$.output_changes.{name}", done)


def _strip_configuration(document: Node, marked: Marks, done: list[str]) -> None:
    root = at(document, "configuration", "root_module")
    variables = document.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        secret = at(root, "variables", name, "sensitive") is True or bool(SECRET_MEMBER.search(name))
        _strip_member(variable, "value", secret, f"$.variables.{name}", done)
    providers = at(document, "configuration", "provider_config")
    for name, provider in providers.items() if isinstance(providers, Mapping) else ():
        place = f"$.configuration.provider_config.{name}.expressions"
        _strip_constants(at(provider, "expressions"), {}, place, done)
    _strip_code(root, marked, "$.configuration.root_module", done)


def _strip_code(module: Any, marked: Marks, place: str, done: list[str]) -> None:
    variables = at(module, "variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        secret = at(variable, "sensitive") is True or bool(SECRET_MEMBER.search(name))
        _strip_member(variable, "default", secret, f"{place}.variables.{name}", done)
    for index, resource in objects(at(module, "resources")):
        marks = marked.get(text(resource.get("type")) or "")
        _strip_constants(resource.get("expressions"), marks, f"{place}.resources[{index}].expressions", done)
    calls = at(module, "module_calls")
    for name, call in calls.items() if isinstance(calls, Mapping) else ():
        inputs = at(call, "module", "variables")
        named = inputs if isinstance(inputs, Mapping) else {}
        secret_names = {each: True for each in named if at(inputs, each, "sensitive") is True}
        _strip_constants(at(call, "expressions"), secret_names, f"{place}.module_calls.{name}.expressions", done)
        _strip_code(at(call, "module"), marked, f"{place}.module_calls.{name}.module", done)


def _strip_constants(expressions: Any, marks: Any, place: str, done: list[str]) -> None:
    """Take out constants of the members that are marked, and of those whose name is that of a secret, at any depth."""
    if isinstance(expressions, list):
        for index, each in enumerate(expressions):
            _strip_constants(each, marks, f"{place}[{index}]", done)
    elif isinstance(expressions, dict):
        for name, each in expressions.items():
            mark, inner = at(marks, name), f"{place}.{name}"
            if name == "constant_value":
                _strip_named(each, marks, inner, done)
            elif mark is True or SECRET_MEMBER.search(name):
                _strip_all_constants(each, inner, done)
            elif name != "references":
                _strip_constants(each, mark, inner, done)


def _strip_named(value: Any, marks: Any, place: str, done: list[str]) -> None:
    """Take out what is marked inside a constant."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            _strip_named(each, marks, f"{place}[{index}]", done)
    elif isinstance(value, dict):
        for name in list(value):
            if at(marks, name) is True:
                _strip_member(value, name, True, place, done)
            else:
                _strip_named(value.get(name), at(marks, name), f"{place}.{name}", done)


def _strip_all_constants(expression: Any, place: str, done: list[str]) -> None:
    if isinstance(expression, list):
        for index, each in enumerate(expression):
            _strip_all_constants(each, f"{place}[{index}]", done)
    elif isinstance(expression, dict):
        _strip_member(expression, "constant_value", True, place, done)
        for name, each in list(expression.items()):
            _strip_all_constants(each, f"{place}.{name}", done)
