"""The filter forms over lists. Errors say what was got, what was expected and what to do."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms

from accounts.members.strict import did_you_mean
from audit.findings.models import Finding
from audit.web.lists import FilterForm, any_of, words
from audit.web.words import SEVERITIES
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.where import CannotAsk, said
from policies.checklists.models import Check
from policies.checklists.queries import check_titles, ready_checklists
from policies.evaluation.queries import VERDICTS


def kind_choices() -> list[tuple[str, str]]:
    """Return the kinds of the workspace, shipped and declared; read when a form is made."""
    return [(name, name.replace("_", " ")) for name in sorted(load_kinds())]


def kind_field() -> forms.ChoiceField:
    """Return a filter by a kind of the workspace."""
    expected = "expected a kind that this workspace has. Choose one from the list."
    return forms.ChoiceField(
        label="Kind",
        required=False,
        choices=lambda: [("", "All kinds"), *kind_choices()],
        error_messages={"invalid_choice": f"Got %(value)s, {expected}"},
    )


def family_choices() -> list[tuple[str, str]]:
    """Return the families of the shipped checklists; read when a form is made, for reading them compiles them."""
    return [(family, f"{family} · {ready.checklist.title}") for family, ready in ready_checklists().items()]


def check_field() -> forms.CharField:
    """Return a filter by a check's id."""
    return forms.RegexField(
        r"^[A-Za-z]{2,8}-[0-9]{2,3}$",
        label="Check",
        required=False,
        error_messages={"invalid": "Expected the id of a check, such as SOV-04."},
        widget=forms.TextInput(attrs={"placeholder": "SOV-04", "size": 8}),
    )


class ByFamily(FilterForm):
    """Filters that start with a family and a check."""

    family = any_of("Family", [], "All families")
    check = check_field()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["family"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "All families"), *family_choices()]

    def clean_check(self) -> str:
        """Return the check's id as it is written; one that is no longer in force has rows too."""
        name, known = str(self.cleaned_data["check"]).upper(), check_titles()
        if name and name not in known and not Check.objects.filter(check_id=name).exists():
            raise forms.ValidationError(f"There is no check {name}.{did_you_mean(name, known)}")
        return name


class FindingFilters(ByFamily):
    """Filters over findings."""

    search_field = "owner"
    views: ClassVar[Mapping[str, str]] = {
        "open": "Open", "overdue": "Overdue", "ownerless": "Nobody assigned", "resolved": "Resolved", "all": "All",
    }  # fmt: skip
    severity = any_of("Severity", words(SEVERITIES))
    kind = kind_field()
    owner = forms.CharField(label="Owner", required=False, max_length=400)
    resolution = any_of("Ended", Finding.Resolution.choices)
    field_order = ["severity", "family", "check", "kind", "owner", "resolution", "view"]


class VerdictFilters(ByFamily):
    """Filters over verdicts; `order` "changed" lists changes, "flip" what time alone turns to fail."""

    verdict = any_of("Verdict", words(VERDICTS))
    overlay = any_of("Overlay", [("none", "Neither waived nor stale"), ("waived", "Waived"), ("stale", "Stale")])
    kind = kind_field()
    order = any_of("Order", [("changed", "Newest change first"), ("flip", "Next to fail first")], "By asset")
    field_order = ["verdict", "overlay", "family", "check", "kind", "order", "view"]


class AssetFilterForm(FilterForm):
    """Filters over assets."""

    search_field = "name"
    name = forms.CharField(label="Name begins with", required=False, max_length=200)
    kind = kind_field()
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label="Country",
        required=False,
        error_messages={"invalid": "Expected two letters of ISO 3166, such as DE."},
        widget=forms.TextInput(attrs={"placeholder": "DE", "size": 3}),
    )
    environment = forms.CharField(label="Environment", required=False, max_length=40)
    owner = forms.CharField(label="Owner", required=False, max_length=400)
    where = forms.CharField(
        label="Attribute",
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"placeholder": "public_access=true", "list": "attributes", "size": 22}),
    )
    source = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": "Expected the id of a source. Open this list from Sources."},
    )

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """What can be asked for of the chosen kind, shipped and declared: (name, meaning)."""
        kind = load_kinds().get(str(self.data.get("kind", "")))
        kept = [each for each in kind.offered.values() if each.age is None] if kind else []
        return [(each.name, each.meaning) for each in kept]

    def clean_where(self) -> str:
        """Return the condition as it was written; it is about an attribute of the chosen kind."""
        text, kind = str(self.cleaned_data["where"]), load_kinds().get(str(self.cleaned_data.get("kind", "")))
        if text and kind is None:
            raise forms.ValidationError("Expected a kind beside it, whose attribute it is. Choose one.")
        if text and kind is not None:
            try:
                said(kind, text)
            except CannotAsk as refused:
                raise forms.ValidationError(f"Got {text[:80]!r}, {refused}") from refused
        return text

    def clean_country(self) -> str:
        """Return the code as documents keep it."""
        return str(self.cleaned_data["country"]).upper()


class TicketFilters(FilterForm):
    """Filters over tickets."""

    views: ClassVar[Mapping[str, str]] = {
        "open": "Open", "mine": "Mine", "soon": "Due within 7 days", "overdue": "Overdue",
        "unassigned": "Nobody assigned", "closed": "Closed",
    }  # fmt: skip
    severity = any_of("Severity", words(SEVERITIES))
    family = any_of("Family", [], "All families")
    resolution = any_of("Ended", Finding.Resolution.choices)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["family"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "All families"), *family_choices()]
