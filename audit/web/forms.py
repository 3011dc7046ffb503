"""The forms that people send. Errors say what was got, what was expected and what to do."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts.errors import AuditlineError
from accounts.members.models import MEMBER_ROLES, Role
from lineage.inventory.formats.known import FORMATS
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.rows import is_own_record

Form = TypeVar("Form", bound=forms.Form)


def sent_kinds() -> list[tuple[str, str]]:
    """Return the kinds that the door takes, those of the workspace included: its own records Auditline keeps itself."""
    return [(name, name.replace("_", " ")) for name, kind in sorted(load_kinds().items()) if not is_own_record(kind)]


def sent(form: type[Form], request: HttpRequest, **options: Any) -> Form:
    """Return the form as sent: bound for a POST, also for one without any field, else empty."""
    if request.method != "POST":
        return form(**options)
    return form(request.POST, request.FILES, **options)


def attempt(form: forms.Form, act: Callable[[], Any], field: str | None = None) -> bool:
    """Run the act of a valid form; return whether it was done. What it refuses becomes an error of the form.

    A refused act leaves nothing behind: it runs in a savepoint of its own.
    """
    try:
        with transaction.atomic():
            act()
    except AuditlineError as refused:
        form.add_error(field, refused.message)
        return False
    return True


class AssignForm(forms.Form):
    """Give a ticket to a member, or to nobody."""

    assignee = forms.ChoiceField(
        label="Member",
        required=False,
        error_messages={
            "invalid_choice": "Got %(value)s, expected a member of this workspace. Choose one, or add the person first."
        },
    )


class DueForm(forms.Form):
    """Set the day by which a ticket is to be done."""

    due = forms.DateField(
        label="Due",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Got no date, expected a day such as 2026-12-31. Choose one.",
            "invalid": "Got something that is no day, expected one such as 2026-12-31. Choose it again.",
        },
    )


class WorkspaceForm(forms.Form):
    """A new workspace."""

    name = forms.CharField(
        label="Name", max_length=200, help_text="Your organisation, as people call it.",
        error_messages={"required": "Got no name, expected that of your organisation, such as Acme Bank."},
    )  # fmt: skip
    slug = forms.SlugField(
        label="Short name",
        max_length=40,
        help_text="Used in addresses: lower-case letters, digits and hyphens, such as acme.",
        error_messages={
            "required": "Got no short name, expected letters, digits and hyphens, such as acme.",
            "invalid": "Got characters that an address cannot hold, expected letters, digits and hyphens only.",
        },
    )


class MemberForm(forms.Form):
    """Add a member, or change a role."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={
            "required": "Got no address, expected name@domain.example.",
            "invalid": "Got something that is no e-mail address, expected name@domain.example.",
        },
    )
    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, role.label) for role in MEMBER_ROLES],
        error_messages={"invalid_choice": "Got %(value)s, expected a role from the list."},
    )


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, role.label) for role in MEMBER_ROLES],
        error_messages={"invalid_choice": "Got %(value)s, expected a role from the list."},
    )


class TokenForm(forms.Form):
    """A new token: one per sender."""

    name = forms.CharField(
        label="Name of the sender", max_length=120, help_text="For example airflow-prod.",
        error_messages={"required": "Got no name, expected that of the one system that will send with it."},
    )  # fmt: skip
    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, role.label) for role in (Role.PIPELINE, *MEMBER_ROLES)],
        initial=Role.PIPELINE.value,
        error_messages={"invalid_choice": "Got %(value)s, expected a role from the list."},
    )
    namespaces = forms.CharField(
        label="Job namespaces",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One per line, or prefixes of them; empty: every namespace.",
    )
    source = forms.CharField(
        label="Inventory source",
        required=False,
        max_length=120,
        help_text="It then sends inventories of this one source, and nothing else; empty: no such limit.",
    )
    days = forms.IntegerField(
        label="Ends after days",
        required=False,
        min_value=1,
        max_value=3650,
        help_text="Empty: no end.",
        error_messages={
            "invalid": "Got something that is no number, expected whole days from 1 to 3650, or nothing for no end.",
            "min_value": "Expected at least 1 day, or nothing for no end.",
            "max_value": "Expected at most 3650 days, or nothing for no end.",
        },
    )

    def clean_namespaces(self) -> list[str]:
        """Return the namespaces, one per line as given."""
        found = [line.strip() for line in str(self.cleaned_data["namespaces"]).splitlines() if line.strip()]
        if long := [line for line in found if len(line) > 400]:
            raise forms.ValidationError(f"Got a namespace of {len(long[0])} characters, expected at most 400.")
        return found


CADENCES = [
    ("0 6 * * *", "Every day at 06:00"),
    ("0 6 * * 1", "Every Monday at 06:00"),
    ("0 6 1 * *", "On the first of the month at 06:00"),
    ("own", "Cron fields of my own"),
]


class ScheduleForm(forms.Form):
    """When an export is made by itself."""

    name = forms.CharField(
        label="Name", max_length=120, help_text="For example Monthly evidence.",
        error_messages={"required": "Got no name, expected one that tells this schedule from others."},
    )  # fmt: skip
    cadence = forms.ChoiceField(
        label="When",
        choices=CADENCES,
        error_messages={"invalid_choice": "Got %(value)s, expected a choice from the list."},
    )
    cron = forms.CharField(
        label="Cron fields",
        required=False,
        max_length=80,
        help_text="Five fields, used with the last choice: 0 6 * * 1-5 is every weekday at six.",
    )
    timezone = forms.CharField(label="Time zone", max_length=60, initial="UTC", help_text="Such as Europe/Berlin.")

    def clean(self) -> dict[str, object]:
        """Return the fields with `cron` filled in from the choice."""
        given = dict(super().clean() or {})
        if given.get("cadence") == "own" and not given.get("cron"):
            self.add_error("cron", "Got no cron fields, expected five such as 0 6 * * 1, or another choice above.")
        elif given.get("cadence") not in (None, "own"):
            given["cron"] = given["cadence"]
        return given


class InventoryForm(forms.Form):
    """An inventory file, as the API door takes it."""

    file = forms.FileField(
        label="File",
        error_messages={
            "required": "Got no file, expected one of any format that is read (docs/inventories.md). Choose one.",
            "empty": "Got a file without content, expected at least one asset.",
        },
    )
    source = forms.CharField(
        label="Source",
        max_length=120,
        help_text="The reporting system, the same each time, such as cmdb.",
        error_messages={"required": "Got no source, expected the name of the reporting system, such as cmdb."},
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "Told from the file"), *sorted({(each.name, each.title) for each in FORMATS.values()})],
        error_messages={"invalid_choice": f"Got %(value)s, expected one of {', '.join(FORMATS)}."},
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=lambda: [("", "As each line says"), *sent_kinds()],
        help_text="Needed for CSV of one kind whose file is not named after it.",
        error_messages={"invalid_choice": "Got %(value)s, expected a kind from the list."},
    )
    mode = forms.ChoiceField(
        label="It holds",
        choices=[("delta", "What changed"), ("full", "All that the source knows")],
        initial="delta",
        help_text="A whole inventory retires what it no longer names.",
    )

    def clean(self) -> dict[str, object]:
        """Return the fields; a CSV must say which kind it lists."""
        given = dict(super().clean() or {})
        if given.get("format") == "csv" and not given.get("kind"):
            self.add_error("kind", "Got no kind, expected that of the assets that the CSV lists. Choose it.")
        return given
