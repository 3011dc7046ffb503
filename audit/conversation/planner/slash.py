"""Slash commands: `/findings severity:critical family:sovereignty`. Exact, and the same for everybody.

command  = "/" name *( " " argument )
argument = name ":" value | name | value        a bare parameter name of a yes/no parameter means yes
value    = word | '"' text '"'
"""

import re
import shlex

from audit.conversation.planner.plan import BY_SLASH, TOOLS, NoPlan, Plan, ToolSpec, plan_of

_SPECIAL = re.compile(r"[\s\"'\\]")  # what a word without quotation marks cannot hold


def parse(text: str) -> Plan:
    """Return the plan of a slash command. Raises NoPlan with what would do."""
    if not text.startswith("/"):
        raise NoPlan(f"Questions in free words cannot be answered yet. Commands: {commands()}.")
    try:
        words = shlex.split(text[1:])
    except ValueError:
        raise NoPlan("A quotation mark is open; close it.") from None
    spec = BY_SLASH.get(words[0].lower()) if words else None
    if spec is None:
        raise NoPlan(f"There is no command /{words[0] if words else ''}. Known: {commands()}.")
    return plan_of(spec.name, _arguments(spec, words[1:]))


def command_of(plan: Plan, without: str = "") -> str:
    """Return the slash command that parses to this plan; `without` leaves one argument out."""
    words = [f"/{TOOLS[plan.tool].slash}"]
    for name, value in plan.as_json()["arguments"].items():
        if value is not None and name != without:
            words.append(f"{name}:{_quoted(_yes_or_no(value))}")
    return " ".join(words)


def _yes_or_no(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    """Return the text as one word of a command."""
    if text and not _SPECIAL.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def commands() -> str:
    """Return all commands, for people."""
    return ", ".join(f"/{name}" for name in BY_SLASH)


def _arguments(spec: ToolSpec, words: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    bare: list[str] = []
    for word in words:
        name, colon, value = word.partition(":")
        if colon and name in spec.takes.model_fields:
            if name in found:
                raise NoPlan(f"{name} is given twice; a command holds each once.")
            found[name] = value
        elif spec.takes.model_fields.get(word) is not None and spec.takes.model_fields[word].annotation is bool:
            found[word] = True
        elif colon and name.isidentifier():
            found[name] = value  # refused by the model, with the names that it takes
        else:
            bare.append(word)
    if bare and not spec.main:
        raise NoPlan(f"{bare[0]!r} stands alone; write name:value with {', '.join(spec.takes.model_fields)}.")
    if bare:
        found[spec.main] = " ".join(bare)
    return found
