"""A form for each tool of the conversation, made from its parameter model: one that is new there has its form at once.

The model alone decides what a value may be, so that a form, a slash command and the API refuse the same.
"""

from collections.abc import Mapping
from typing import Any

from django import forms

from audit.conversation.planner.parameters import FAMILY_WORDS
from audit.conversation.planner.plan import NoPlan, Plan, ToolSpec, plan_of
from audit.conversation.planner.slash import command_of
from audit.web.filters import family_choices, kind_choices
from audit.web.lists import words

NOT_ARGUMENTS = frozenset({"tool", "q", "csrfmiddlewaretoken"})
"""Names that stand beside a tool's arguments in an address or a form; no parameter may be called so."""


class ToolForm(forms.Form):
    """The form of one tool: empty, filled with a plan's arguments, or as sent; `plan` is what it asks for.

    `sent` holds texts; a name there that the tool does not take is an error, because it would widen the answer.
    """

    def __init__(self, spec: ToolSpec, sent: Mapping[str, Any] | None = None, filled: Plan | None = None) -> None:
        self.spec, self.plan = spec, filled
        schema = spec.takes.model_json_schema()
        self.defaults = {name: said.get("default") for name, said in schema["properties"].items()}
        given = filled.as_json()["arguments"] if filled else {}
        super().__init__(sent, initial=self.defaults | given)
        for name, said in schema["properties"].items():
            self.fields[name] = _field(name, said, schema)
        self.order_fields([name for name in self.fields if name != "limit"])  # how many comes after which

    @property
    def command(self) -> str:
        """The slash command that asks the same; '' while nothing can be asked."""
        return command_of(self.plan) if self.plan else ""

    def clean(self) -> dict[str, Any]:
        """Return the arguments, checked by the tool's own model; what it refuses is told beside the field."""
        given = dict(super().clean() or {})
        try:
            self.plan = plan_of(self.spec.name, self._arguments(given))
        except NoPlan as refused:
            for name, reason in refused.reasons.items():
                if name not in self.errors:
                    known = name in self.fields
                    told = reason if known else f"{name}: {reason}"
                    self.add_error(name if known else None, f"{told[0].upper()}{told[1:]}.")
        return given

    def _arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was filled in; an empty field asks for nothing, and a default need not be said."""
        named = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        named = {
            name: value for name, value in named.items() if value not in ("", None) and not self._default(name, value)
        }
        return named | {name: value for name, value in self.data.items() if name not in {*self.fields, *NOT_ARGUMENTS}}

    def _default(self, name: str, value: Any) -> bool:
        default = self.defaults[name]
        return default is not None and str(value) == str(default)


def _field(name: str, said: Mapping[str, Any], schema: Mapping[str, Any]) -> forms.Field:
    """Return the field of one parameter; it passes its value on as it is, for the model to judge."""
    shape = next((each for each in said.get("anyOf", [said]) if each.get("type") != "null"), said)
    shape = schema["$defs"][shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    meaning = said.get("description", "")
    needed = name in schema.get("required", ())
    kind = forms.BooleanField if shape.get("type") == "boolean" else forms.Field
    return kind(
        label=name.replace("_", " ").capitalize(),
        help_text=f"{meaning[:1].upper()}{meaning[1:]}",
        required=needed and kind is forms.Field,
        widget=_widget(shape, optional=said.get("default") is None),
        error_messages={"required": f"Got nothing, expected {meaning or 'a value'}."},
    )


def _widget(shape: Mapping[str, Any], *, optional: bool) -> forms.Widget:
    """Return how a value of this JSON schema is asked for."""
    if choices := _choices(shape):
        return forms.Select(choices=[("", "Any"), *choices] if optional else choices)
    if shape.get("type") == "boolean":
        return forms.CheckboxInput()
    if shape.get("type") == "integer":
        bounds = {"min": shape.get("minimum"), "max": shape.get("maximum")}
        return forms.NumberInput(attrs={name: bound for name, bound in bounds.items() if bound is not None})
    if shape.get("format") == "date":
        return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    length = {"maxlength": shape["maxLength"]} if "maxLength" in shape else {}
    return forms.TextInput(attrs={"autocomplete": "off", **length})


def _choices(shape: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the values that a parameter can have; none for one that is free."""
    if "enum" in shape:
        return words(shape["enum"])
    match shape.get("catalogue"):
        case "family":
            titles = dict(family_choices())
            return [(code, titles.get(code, f"{code} · {word}")) for word, code in FAMILY_WORDS.items()]
        case "kind":
            return kind_choices()
    return []
