"""The forms by which governed acts are proposed and decided."""

from collections.abc import Sequence
from typing import ClassVar

from django import forms

from accounts.approvals.propose import LONGEST_REASON
from lineage.graph.masking import LONGEST_DAYS, LONGEST_PURPOSE
from lineage.inventory.models import Asset
from lineage.inventory.queries import jobs_named


def reason(help_text: str = "For the person who decides; it is sealed with the act.") -> forms.CharField:
    """Return the field in which a person says why."""
    return forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=help_text,
        error_messages={"required": "Got no reason, expected one or two sentences that tell the other person why."},
    )


def one_of(label: str) -> forms.ChoiceField:
    """Return the field in which a person chooses one of the rows that OneOfForm offers."""
    return forms.ChoiceField(
        label=label,
        error_messages={
            "required": f"Got no {label.lower()}, expected one that is in force. Choose it.",
            "invalid_choice": "Got %(value)s, expected one that is in force. Choose it again.",
        },
    )


class OneOfForm(forms.Form):
    """The base of forms about one of some rows: its field `chosen` takes what is offered and nothing else."""

    chosen: ClassVar[str]

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """Let these rows be chosen."""
        field = self.fields[self.chosen]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class DecisionForm(forms.Form):
    """A word to the decision."""

    note = forms.CharField(label="Note", required=False, max_length=LONGEST_REASON)


class FourEyesForm(forms.Form):
    """Turn the setting on or off."""

    on = forms.ChoiceField(
        label="From then on governed acts need",
        choices=[("on", "Two persons"), ("off", "One person")],
        error_messages={"invalid_choice": "Got %(value)s, expected one of the two choices."},
    )
    reason = reason()

    def turn_over(self, is_on: bool) -> None:
        """Say what holds now, and propose the other."""
        self.initial = {"on": "off" if is_on else "on"}
        self.fields["on"].help_text = f"Now: {'two persons' if is_on else 'one person'}."


class MaskingForm(forms.Form):
    """Let the masking that a job declares count for a while."""

    job = forms.CharField(
        label="Job",
        max_length=2500,
        help_text="Its name, or its key as its page gives it.",
        error_messages={"required": "Got no job, expected its name, such as load_customers."},
    )
    purpose = forms.CharField(
        label="Purpose",
        max_length=LONGEST_PURPOSE,
        error_messages={"required": "Got no purpose, expected what the masked data is used for."},
    )
    until = forms.DateField(
        label="Until the end of",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=f"At most {LONGEST_DAYS} days ahead.",
        error_messages={
            "required": "Got no date, expected the last day on which it counts. Choose one.",
            "invalid": "Got something that is no day, expected one such as 2026-12-31. Choose it again.",
        },
    )
    reason = reason()

    def clean_job(self) -> Asset:
        """Return the one job of that name or key."""
        text = str(self.cleaned_data["job"])
        found = jobs_named(text)
        if len(found) != 1:
            got = "no job" if not found else f"{len(found)} jobs or more"
            raise forms.ValidationError(
                f"Got {text[:80]!r}, of which there is {got}; expected one. Take the key from the page of the job."
            )
        return found[0]


class RevokeForm(OneOfForm):
    """End an approval of a masking before its day."""

    chosen = "act"
    act = one_of("Approval")
    reason = reason()
