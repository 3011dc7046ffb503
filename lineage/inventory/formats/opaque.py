"""Take out what inventories of clouds hold of a machine's or program's own settings: values of environment variables,
start scripts, instance metadata. They are where secrets are kept that nobody marked, and no fact is read from them.
"""

import json
from collections.abc import Iterator
from typing import Any

from accounts.journal.canonical.exact import Exact

VARIABLES = frozenset({"env", "environment", "environmentvariables", "appsettings"})
SCRIPTS = frozenset({
    "userdata", "userdatabase64", "customdata", "metadatastartupscript", "startupscript", "sshkeys", "commandtoexecute",
})  # fmt: skip
"""Names of members, in small letters and without `_` and `-`."""
NESTED = 3
"""How often a value is JSON inside a string inside JSON, at most."""


def strip_opaque(value: Exact, place: str = "$", nested: int = NESTED) -> list[str]:
    """Take out such values in place, also in JSON inside strings; return the paths. Names of variables stay."""
    return list(_strip(value, place, nested))


def _strip(value: Any, place: str, nested: int) -> Iterator[str]:
    if isinstance(value, list):
        for index, member in enumerate(value):
            yield from _member(value, index, member, f"{place}[{index}]", nested)
        return
    if not isinstance(value, dict):
        return
    for name, member in list(value.items()):
        inner, plain = f"{place}.{name}", name.lower().replace("_", "").replace("-", "")
        if plain in SCRIPTS:
            yield from _blank(value, name, member, inner)
        elif plain in VARIABLES and isinstance(member, list | dict):  # a text there is a tag
            yield from _values(value, name, member, inner)
        elif plain == "variables":  # the inputs of a Terraform module, which have marks of their own
            continue
        elif plain == "metadata" and isinstance(member, dict) and isinstance(member.get("items"), list):
            yield from _values(member, "items", member["items"], f"{inner}.items")
        else:
            yield from _member(value, name, member, inner, nested)


def _member(holder: Any, key: str | int, member: Any, place: str, nested: int) -> Iterator[str]:
    """Strip inside a member; a string that is JSON is written again where something went."""
    if not isinstance(member, str):
        yield from _strip(member, place, nested)
    elif nested and member.lstrip()[:1] in ("{", "[", '"'):
        try:
            opened = [json.loads(member)]
        except (ValueError, RecursionError):
            return
        if done := list(_member(opened, 0, opened[0], place, nested - 1)):
            holder[key] = json.dumps(opened[0])
            yield from done


def _values(holder: Any, name: str | int, member: Any, place: str) -> Iterator[str]:
    """Blank the values of variables: of a map, or of a list of {name, value}, however deep these lie."""
    if isinstance(member, list):
        for index, each in enumerate(member):
            yield from _values(member, index, each, f"{place}[{index}]")
    elif isinstance(member, dict):
        pairs = [key for key in member if key.lower().endswith("value")]
        for key in pairs or [key for key in member if key != "references"]:
            yield from _values(member, key, member[key], f"{place}.{key}")
    else:
        yield from _blank(holder, name, member, place)


def _blank(holder: Any, name: str | int, member: Any, place: str) -> Iterator[str]:
    if member is None or isinstance(member, bool) or member == "":
        return
    if isinstance(member, dict | list):
        yield from _values(holder, name, member, place)
        return
    holder[name] = None
    yield place
