"""The calls of an OpenAPI schema as a page lists them: plain data in, plain data out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer. `path` names nested ones as "results[].asset"."""

    path: str
    type: str
    required: bool
    meaning: str
    place: str = ""  # of a parameter: query, path or header


@dataclass(frozen=True)
class Answer:
    """What may come back with one status."""

    status: str
    meaning: str
    types: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Call:
    """One method on one address."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    open: bool  # needs neither token nor session
    parameters: tuple[Field, ...]
    body_types: str
    body: tuple[Field, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Group:
    """The calls about one thing."""

    name: str
    anchor: str
    calls: tuple[Call, ...]


def groups_of(schema: Schema) -> list[Group]:
    """Return the calls of a schema by their first tag, in the order of their addresses."""
    found: dict[str, list[Call]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                call = methods[method]
                found.setdefault(call.get("tags", ["other"])[0], []).append(_call(schema, path, method, call))
    return [Group(name.replace("-", " ").capitalize(), f"about-{name}", tuple(found[name])) for name in sorted(found)]


def _call(schema: Schema, path: str, method: str, call: Schema) -> Call:
    body_types, body = _content(schema, call.get("requestBody", {}))
    text = call.get("description", "").strip()
    first, _, rest = text.partition("\n")
    return Call(
        anchor=call["operationId"],
        method=method.upper(),
        path=path,
        summary=call.get("summary") or first,
        text=text if call.get("summary") else rest.strip(),
        open=not call.get("security", [{}])[0],
        parameters=tuple(_parameter(schema, each) for each in call.get("parameters", [])),
        body_types=body_types,
        body=body,
        answers=tuple(_answer(schema, status, each) for status, each in call.get("responses", {}).items()),
    )


def _parameter(schema: Schema, given: Schema) -> Field:
    said = _resolved(schema, given)
    kind = _type(schema, said.get("schema", {}))
    return Field(said["name"], kind, said.get("required", False), said.get("description", ""), said["in"])


def _answer(schema: Schema, status: str, given: Schema) -> Answer:
    types, fields = _content(schema, _resolved(schema, given))
    return Answer(status, given.get("description", ""), types, fields)


def _content(schema: Schema, holder: Schema) -> tuple[str, tuple[Field, ...]]:
    """Return the media types of a body and the fields of the first one that has any."""
    content = _resolved(schema, holder).get("content", {})
    fields = (tuple(_fields(schema, each.get("schema", {}))) for each in content.values())
    return ", ".join(content), next((each for each in fields if each), ())


def _fields(schema: Schema, given: Schema, before: str = "", above: tuple[str, ...] = ()) -> Iterator[Field]:
    """Yield the fields of an object or of the objects in a list; one that holds itself is not opened again."""
    if given.get("$ref", "") in above:
        return
    above = (*above, given["$ref"]) if "$ref" in given else above
    said = _resolved(schema, given)
    if said.get("type") == "array":
        yield from _fields(schema, said.get("items", {}), f"{before}[]", above)
    for name, each in said.get("properties", {}).items():
        path = f"{before}.{name}" if before else name
        inner = _resolved(schema, each)
        yield Field(path, _type(schema, each), name in said.get("required", ()), inner.get("description", ""))
        yield from _fields(schema, each, path, above)


def _type(schema: Schema, given: Schema) -> str:
    """Return a type in words: "list of string", "one of a, b", "uuid or null"."""
    said = _resolved(schema, given)
    if choices := said.get("enum"):
        words = f"one of {', '.join(str(each) for each in choices if each is not None)}"
    elif said.get("type") == "array":
        words = f"list of {_type(schema, said.get('items', {}))}"
    elif several := said.get("oneOf") or said.get("anyOf"):
        words = " or ".join(_type(schema, each) for each in several)
    else:
        words = said.get("format") or said.get("type") or "any"
    return f"{words} or null" if said.get("nullable") else words


def _resolved(schema: Schema, given: Schema) -> Schema:
    """Return what a reference names; a lone `allOf` is what it holds, with what stands beside it."""
    if "$ref" in given:
        return schema["components"]["schemas"][given["$ref"].rpartition("/")[2]]  # type: ignore[no-any-return]
    if len(given.get("allOf", ())) == 1:
        return {**_resolved(schema, given["allOf"][0]), **{k: v for k, v in given.items() if k != "allOf"}}
    return given
