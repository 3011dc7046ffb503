"""The forms by which kinds, attributes and relations are declared, and attributes retired: each proposes."""

from typing import Any

from django import forms

from audit.web.approval_forms import reason
from audit.web.lists import FilterForm
from lineage.inventory.kinds.declared import LONGEST_MEANING, LONGEST_NAME, LONGEST_UNIT, TYPES
from lineage.inventory.kinds.load import load_kinds

_NAMED = "Small letters, digits and underscores, such as data_tier."


def _name(label: str = "Name", help_text: str = _NAMED, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST_NAME,
        required=required,
        help_text=help_text,
        error_messages={"required": "Got no name, expected small letters, digits and underscores, such as data_tier."},
    )


def _meaning() -> forms.CharField:
    return forms.CharField(
        label="Meaning",
        max_length=LONGEST_MEANING,
        help_text="What it says of a thing, for everybody who reads it.",
        error_messages={"required": "Got no meaning, expected a few words that tell what it says."},
    )


def _named(names: list[str]) -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in names]


def _kind_choices() -> list[tuple[str, str]]:
    return _named(sorted(name for name, kind in load_kinds().items() if kind.origin != "record"))


def _target_choices() -> list[tuple[str, str]]:
    return _named(sorted(load_kinds()))


def _retirable() -> list[tuple[str, str]]:
    return [
        (f"{kind.name}.{each.name}", f"{each.name} of {kind.name}")
        for _, kind in sorted(load_kinds().items())
        for each in kind.offered.values()
        if each.declared
    ]


def _one(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        error_messages={
            "required": f"Got no {label.lower()}, expected one from the list. Choose it.",
            "invalid_choice": f"Got %(value)s, expected a {label.lower()} from the list. Choose it.",
        },
    )


class DeclarationForm(forms.Form):
    """The base of these forms: `payload` is what is proposed."""

    def payload(self) -> dict[str, Any]:
        """Return what `kinds.declare` takes."""
        raise NotImplementedError


class AttributeForm(DeclarationForm):
    """One more attribute of a kind."""

    kind = _one("Kind", _kind_choices)
    name = _name()
    type = _one("Type", [(each, each) for each in TYPES])
    unit = forms.CharField(
        label="Unit",
        max_length=LONGEST_UNIT,
        required=False,
        help_text="Numbers need one: days, count, EUR. ISO 3166 makes a text a country.",
    )
    meaning = _meaning()
    reason = reason()

    def payload(self) -> dict[str, Any]:
        """Return the attribute on its kind."""
        said = self.cleaned_data
        row = {"name": said["name"], "type": said["type"], "unit": said["unit"] or None, "meaning": said["meaning"]}
        return {"kind": said["kind"], "attributes": [row]}


class KindForm(DeclarationForm):
    """A new kind; its attributes follow one by one."""

    kind = _name(help_text="Small letters, digits and underscores, such as pump.")
    meaning = _meaning()
    reason = reason()

    def payload(self) -> dict[str, Any]:
        """Return the kind."""
        return {"kind": self.cleaned_data["kind"], "meaning": self.cleaned_data["meaning"]}


class RelationForm(DeclarationForm):
    """One more relation of a kind."""

    kind = _one("Kind", _kind_choices)
    name = _name(help_text="Small letters, digits and underscores, such as cooled_by.")
    target = _one("Leads to", _target_choices)
    inverse = _name("Seen from there", "Its name there; empty where there is none.", required=False)
    reason = reason()

    def payload(self) -> dict[str, Any]:
        """Return the relation on its kind."""
        said = self.cleaned_data
        row = {"name": said["name"], "target": said["target"], "inverse": said["inverse"] or None}
        return {"kind": said["kind"], "relations": [row]}


class RetireForm(DeclarationForm):
    """An attribute that no source may send any more."""

    attribute = _one("Attribute", _retirable)
    reason = reason()

    def payload(self) -> dict[str, Any]:
        """Return what is retired."""
        kind, _, name = self.cleaned_data["attribute"].partition(".")
        return {"kind": kind, "retire": [name]}

    @property
    def has_choices(self) -> bool:
        """Whether there is anything to retire."""
        return bool(_retirable())


class ShownKind(FilterForm):
    """Which kind is shown."""

    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=_target_choices,
        error_messages={"invalid_choice": "Got %(value)s, expected a kind that this workspace has. Choose one."},
    )
