"""The forms by which rules of retention are proposed, and holds placed and proposed to be released."""

import uuid
from typing import Any

from django import forms

from audit.web.approval_forms import OneOfForm, one_of, reason
from lineage.events.models import Event
from lineage.retention.hold import NewHold
from lineage.retention.models import SCOPES, DataClass, LegalHold
from lineage.retention.queries import LONGEST_DAYS

_ANY = [("", "Any")]
_ONE_TEXT = {scope: columns[0] for scope, columns in SCOPES.items() if len(columns) == 1}
"""Scopes that one text names, with its column; an asset and a range of time take more, and are placed by the API."""
_TEXT_SCOPES = [scope for scope in LegalHold.Scope if scope in _ONE_TEXT or scope == LegalHold.Scope.EVERYTHING]


class RuleForm(forms.Form):
    """How long a class of events is kept."""

    kind = forms.ChoiceField(label="Kind of event", required=False, choices=[*_ANY, *Event.Kind.choices])
    source = forms.CharField(label="Source of an inventory", required=False, max_length=120, help_text="Empty: any.")
    data_class = forms.ChoiceField(label="Class of data", required=False, choices=[*_ANY, *DataClass.choices])
    days = forms.IntegerField(
        label="Days to keep",
        min_value=1,
        max_value=LONGEST_DAYS,
        error_messages={
            "required": f"Got no number, expected days from 1 to {LONGEST_DAYS:,}.",
            "invalid": f"Got something that is no number, expected whole days from 1 to {LONGEST_DAYS:,}.",
            "min_value": "Expected at least 1 day.",
            "max_value": f"Expected at most {LONGEST_DAYS:,} days.",
        },
    )
    reason = reason()


class EndForm(OneOfForm):
    """Propose to end a rule."""

    chosen = "rule"
    rule = one_of("Rule")
    reason = reason()


class ReleaseForm(OneOfForm):
    """Propose to release a hold."""

    chosen = "hold"
    hold = one_of("Hold")
    reason = reason()


class HoldForm(forms.Form):
    """Place a hold, at once."""

    scope = forms.ChoiceField(
        label="It covers",
        choices=[(scope.value, scope.label) for scope in _TEXT_SCOPES],
        help_text="A hold on one asset or on a range of time is placed by the API.",
        error_messages={"invalid_choice": "Got %(value)s, expected a choice from the list."},
    )
    named = forms.CharField(
        label="Which one",
        required=False,
        max_length=400,
        help_text="The start of the namespace, the sender, the source or the event; nothing for all events.",
    )
    reason = reason("Sealed with the hold.")
    reference = forms.CharField(
        label="Reference", required=False, max_length=200, help_text="Of the matter, as the lawyers name it."
    )

    def clean(self) -> dict[str, Any]:
        """Return the fields with `hold`, what is to be held; refuse a scope without what it names."""
        given = dict(super().clean() or {})
        scope, text = str(given.get("scope", "")), str(given.get("named", ""))
        column = _ONE_TEXT.get(scope)
        if column is not None and not text:
            self.add_error("named", f"Got nothing, expected the {column} that the hold is about.")
        elif column is None and text:
            self.add_error("named", "Got a name, expected nothing: a hold on all events names none.")
        elif scope:
            given["hold"] = self._hold(scope, column, text)
        return given

    def _hold(self, scope: str, column: str | None, text: str) -> NewHold | None:
        match column:
            case None:
                return NewHold(scope)
            case "namespace":
                return NewHold(scope, namespace=text)
            case "sender":
                return NewHold(scope, sender=text)
            case "source":
                return NewHold(scope, source=text)
        try:
            return NewHold(scope, event=uuid.UUID(text))
        except ValueError:
            self.add_error("named", f"Got {text[:80]!r}, expected the id of an event, as its receipt gives it.")
            return None
